"""Distances of patches to a bank in NumPy, and the score that follows from them: section 3.3 of the paper."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.patchcore.bank import nearest_rows

Array = npt.NDArray[Any]

# The product only ranks; these are then measured by subtraction. In float64 its error is a millionth of a millionth.
CANDIDATES: Final = 8


class Scorer:
    """Scores crops by a bank's rows (N, D), in `dtype`: float64 is the truth, float32 is quicker."""

    def __init__(self, rows: npt.NDArray[np.float32], dtype: npt.DTypeLike = np.float32) -> None:
        self._rows: Array = rows.astype(dtype)
        self._norms = np.einsum("ij,ij->i", self._rows, self._rows)
        self._neighbours = nearest_rows(rows)

    def score(self, patches: Array) -> float:
        """Score of one crop by its patches (P, D): 0 or above."""
        return self.weighted(patches, *self.nearest(patches))

    def nearest(self, patches: Array) -> tuple[Array, npt.NDArray[np.intp]]:
        """Of each patch (P, D) the distance to its nearest row, and which row that is; both (P,)."""
        ranking = self._norms - 2 * patches @ self._rows.T
        candidates = np.argpartition(ranking, CANDIDATES, axis=1)[:, :CANDIDATES]
        distances = np.linalg.norm(self._rows[candidates] - patches[:, None], axis=2)
        best = distances.argmin(axis=1)[:, None]
        return np.take_along_axis(distances, best, 1)[:, 0], np.take_along_axis(candidates, best, 1)[:, 0]

    def weighted(self, patches: Array, distances: Array, nearest: npt.NDArray[np.intp]) -> float:
        """Distance of the farthest patch (equation 6), times the weight of its surroundings (equation 7)."""
        farthest = int(distances.argmax())
        neighbours = self._rows[self._neighbours[nearest[farthest]]]
        return weight(patches[farthest], neighbours) * float(distances[farthest])


def weight(patch: Array, neighbours: Array) -> float:
    """Equation 7: one minus the softmax of the distances to `neighbours` (b, D), at the nearest row, the first.

    Between 0 and 1, and the higher the farther the neighbours of the nearest row are too.
    """
    distances = np.linalg.norm(neighbours - patch, axis=1)
    powers = np.exp(distances - distances.max())
    return float(1 - powers[0] / powers.sum())
