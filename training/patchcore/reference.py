"""PatchCore's scoring in NumPy, float64, every distance by subtraction: the truth that the served graph is held to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.patchcore.bank import Bank
from training.patchcore.crops import Scale
from training.patchcore.features import PATCH_PX, patch_features
from training.patchcore.linear import map_smoothing
from training.patchcore.nearest import Scorer
from training.patchcore.window import share_outside, to_picture

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """Of one crop: `score` >= 0 in units of features, `map` (S/4, S/4) of the same, `share_outside` of its window."""

    score: float
    map: npt.NDArray[Any]
    share_outside: float


class Reference:
    """Scores crops by one bank. `backbone` takes pictures (B, 1, S, S) and gives the taps, the finest first."""

    def __init__(self, bank: Bank, backbone: Callable[[Array], Sequence[npt.NDArray[Any]]]) -> None:
        grid = bank.size_px // PATCH_PX
        self._window = bank.window
        self._scorer = Scorer(bank.rows, np.float64)
        self._backbone = backbone
        self._smoothing = map_smoothing(grid, bank.size_px)
        self._grid = (grid, grid)

    def score(self, counts: npt.NDArray[np.uint16], scale: Scale) -> Verdict:
        """Score one crop, uint16 (S, S)."""
        values = counts[None].astype(np.float64) * scale.scale + scale.offset
        taps = self._backbone(to_picture(values, self._window)[:, None])
        patches = patch_features([np.asarray(tap, np.float64) for tap in taps])[0]
        distances, nearest = self._scorer.nearest(patches)
        smoothed = self._smoothing @ distances.reshape(self._grid) @ self._smoothing.T
        score = self._scorer.weighted(patches, distances, nearest)
        return Verdict(score, smoothed, float(share_outside(values, self._window)[0]))
