"""The codec for frames: lossless, and small enough. CPU time and other codecs: benchmarks/codec.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from canairy import codec
from canairy.simulator.demo import DEMO
from canairy.simulator.scene import NOISE_K, SCALE_K, Scene
from canairy.simulator.script import CameraScript
from canairy.thermal.linear_png import read_linear_png

# Of raw, at 0.01 K a count with 50 mK of noise.
SHARE = 0.45


@pytest.mark.parametrize("script", DEMO.cameras, ids=lambda script: script.id)
def test_simulated_frames_are_lossless_and_under_their_share(script: CameraScript) -> None:
    assert (SCALE_K, NOISE_K) == (0.01, 0.05)
    for seconds in (0.0, 20.5, 41.0):
        counts = Scene(script).render(seconds)

        packed = codec.pack(counts)

        assert (codec.unpack(packed, *counts.shape) == counts).all()
        assert len(packed) <= SHARE * counts.nbytes


def test_recorded_thermograms_are_lossless(test_data: Path) -> None:
    files = sorted((test_data / "substation-radiometric/radiometric").glob("*.png"))[::20]

    for file in files:
        counts = read_linear_png(file, 0.1, -100.0).counts
        assert np.array_equal(codec.unpack(codec.pack(counts), *counts.shape), counts), file.name
    assert files
