"""Recordings that ffmpeg makes for tests: grey of 8 or 16 bits, or colours, each frame known to the pixel."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

WIDTH, HEIGHT = 64, 48


def need_ffmpeg() -> None:
    """Skip where there is no ffmpeg: deploy/local/prerequisites.sh installs it."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg here: deploy/local/prerequisites.sh installs it")


def ramps(count: int, dtype: type[np.generic] = np.uint16, base: int = 29_000) -> list[npt.NDArray[Any]]:
    """`count` frames (48, 64): a ramp of counts that rises by 10 from each frame to the next."""
    ramp = np.arange(WIDTH * HEIGHT, dtype=np.int64).reshape(HEIGHT, WIDTH) % 200
    return [(base + ramp + 10 * index).astype(dtype) for index in range(count)]


def record(
    path: Path,
    frames: Sequence[npt.NDArray[Any]],
    pixel_format: str = "gray16le",
    codec: Sequence[str] = ("-c:v", "ffv1"),
    rate_hz: int = 5,
    more: Sequence[str] = (),
) -> Path:
    """Write frames of one size as `path`; lossless unless `codec` is another."""
    height, width = frames[0].shape[:2]
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", pixel_format]
    command += ["-s", f"{width}x{height}", "-r", str(rate_hz), "-i", "pipe:0", *codec, "-threads", "1", *more]
    content = b"".join(frame.tobytes() for frame in frames)
    subprocess.run([*command, str(path)], input=content, check=True, timeout=60)
    return path
