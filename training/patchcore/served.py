"""A model folder in ONNX Runtime, as Triton would serve it: scores for files and benchmarks, without the stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canairy.models.card import Card, read_card
from training.backbone.runner import open_session
from training.patchcore.crops import Scale
from training.patchcore.reference import Verdict
from training.patchcore.store import MODEL

OUTPUTS = ("score", "map", "share_outside")


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One crop, counts uint16 (S, S), to be scored by bank number `bank`."""

    counts: npt.NDArray[np.uint16]
    scale: Scale
    bank: int


class Served:
    """A model, loaded; raises ConfigurationError when the folder is not a whole model."""

    def __init__(self, model: Path) -> None:
        self.card: Card = read_card(model)
        self._session = open_session(model / MODEL)

    def score(self, requests: Sequence[Request]) -> list[Verdict]:
        """Score crops in one batch; a bank that is not there gives NaN in all of a verdict's numbers."""
        score, maps, outside = self._session.run(list(OUTPUTS), inputs_of(requests))
        return [Verdict(float(score[row, 0]), maps[row], float(outside[row, 0])) for row in range(len(requests))]


def inputs_of(requests: Sequence[Request]) -> dict[str, npt.NDArray[np.generic]]:
    """The inputs of the graph for some crops, by name."""
    return {
        "counts": np.stack([request.counts for request in requests]),
        "scale_k": np.array([[request.scale.scale] for request in requests], np.float32),
        "offset_k": np.array([[request.scale.offset] for request in requests], np.float32),
        "bank": np.array([[request.bank] for request in requests], np.int32),
    }
