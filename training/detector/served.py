"""A detector in ONNX Runtime, as Triton would serve it: boxes for files and figures, without the stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from canairy.errors import ConfigurationError, InvalidMessage
from canairy.models.detector_card import GRAPH, Card, read_card
from training.detector.picture import FRAME_HEIGHT, FRAME_WIDTH
from training.detector.precision import Boxes

OUTPUTS: Final = ("boxes", "score", "label")


class Session:
    """The served graph, loaded; raises ConfigurationError when ONNX Runtime does not take it."""

    def __init__(self, graph: bytes, threads: int = 0) -> None:
        """`threads` 0: as many as there are cores."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the package has no error class of its own to name
            raise ConfigurationError(f"the detector's graph: ONNX Runtime does not take it: {error}") from error

    def find(self, counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float) -> Boxes:
        """The boxes of one frame, best first, in pixels of the frame: uint16 (512, 640), kelvin by scale and offset.

        Raises:
            InvalidMessage: a frame of another size, or a scale or offset with which the graph finds nothing to look at.
        """
        if counts.shape != (FRAME_HEIGHT, FRAME_WIDTH):
            rows, columns = counts.shape
            raise InvalidMessage(f"{columns}x{rows} pixels: the detector takes {FRAME_WIDTH}x{FRAME_HEIGHT}")
        boxes, score, label = self._session.run(list(OUTPUTS), inputs_of([(counts, scale_k, offset_k)]))
        if np.isnan(score).any():
            raise InvalidMessage(f"scale {scale_k} K a count, offset {offset_k} K: they make no temperatures")
        there = label[0] >= 0
        return Boxes(boxes[0][there], label[0][there], score[0][there])


class Served(Session):
    """A model folder with its card; raises ConfigurationError when it is not a whole model."""

    def __init__(self, model: Path, threads: int = 0) -> None:
        self.card: Card = read_card(model)
        super().__init__((model / GRAPH).read_bytes(), threads)


def inputs_of(frames: Sequence[tuple[npt.NDArray[np.uint16], float, float]]) -> dict[str, npt.NDArray[np.generic]]:
    """The inputs of the graph for some frames of counts, scale and offset, by name."""
    return {
        "counts": np.stack([counts for counts, _, _ in frames]),
        "scale_k": np.array([[scale_k] for _, scale_k, _ in frames], np.float32),
        "offset_k": np.array([[offset_k] for _, _, offset_k in frames], np.float32),
    }
