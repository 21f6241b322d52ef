"""The backbone in ONNX Runtime: pictures in, taps out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from canairy.errors import ConfigurationError
from training.backbone.network import TAPS

GRAPH: Final = Path(__file__).with_name("efficientnet_lite0.onnx")

Floats = npt.NDArray[np.float32]


class Backbone:
    """Callable: float32 (B, 1, S, S), 0 black to 1 white, to the taps, finest first."""

    def __init__(self, path: Path = GRAPH) -> None:
        self._session = open_session(path)

    def __call__(self, pictures: npt.NDArray[Any]) -> Sequence[Floats]:
        """Taps (B, 40, S/8, S/8) and (B, 112, S/16, S/16), float32."""
        taps: Sequence[Floats] = self._session.run(list(TAPS.values()), {"picture": pictures.astype(np.float32)})
        return taps


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session on the processor, as many threads as it has cores.

    Raises:
        ConfigurationError: no such file, or not a graph that ONNX Runtime takes; the text says why.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file")
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # the package has no error class of its own to name
        raise ConfigurationError(f"{path}: ONNX Runtime does not take it: {error}") from error
