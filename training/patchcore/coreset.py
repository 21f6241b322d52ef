"""Greedy coreset (k-centre): the picks of the plain algorithm, without measuring every point each time.

Algorithm 1 of Roth et al.: the next pick is the point that is farthest from all picks so far (Gonzalez, "Clustering to
minimize the maximum intercluster distance", Theoretical Computer Science 38, 1985). After a pick, a point matters only
if it is nearer to the new pick than to every one before. Most are not, and a lower bound of the distance shows it:
along the 32 directions in which the points differ most, and by how far each point is from that subspace,

    |x - c|^2  >=  |Vx - Vc|^2 + (r_x - r_c)^2        with V orthonormal and r^2 = |x|^2 - |Vx|^2

(the triangle inequality for what V leaves out). The bound of all points is one product of a matrix and a vector; only
points that it does not clear are measured. So the picks are exact; on real patches one in a hundred is measured.

The paper's random projection is left out: its own rule (Johnson and Lindenstrauss with eps 0.9, as scikit-learn's
johnson_lindenstrauss_min_dim counts) asks for 312 dimensions at 313,600 patches, and our patches have 152.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

DIRECTIONS: Final = 32
_BLOCK: Final = 4096  # rows at once: 2.5 MB of 152 float32, which stays in a processor's cache
_LOOKED_AT: Final = 50_000  # points that the directions are found from
# A bound is float32: a point is cleared only by more than what rounding could have done to it (some 40 products of
# relative error 6e-8 each, and a distance that sums 152 of them).
_SLACK: Final = 1e-4
_SLACK_OF_NORM: Final = 2e-5


@dataclass(frozen=True, slots=True)
class Coreset:
    """`picks`: rows of the points, in the order they were picked; `radius`: no point is farther from a pick."""

    picks: npt.NDArray[np.int64]
    radius: float


def greedy_coreset(
    points: Points, count: int, first: int = 0, progress: Callable[[int, int], None] | None = None
) -> Coreset:
    """Pick `count` of the points (n, d), beginning with row `first`; fewer where fewer differ.

    Ties go to the lower row. `progress` is told (picked, count) after every pick.
    """
    state = _State(np.ascontiguousarray(points, np.float32), first)
    picks = [first]
    while len(picks) < count and state.radius > 0:
        picks.append(state.pick())
        if progress is not None:
            progress(len(picks), count)
    return Coreset(np.array(picks, np.int64), state.radius)


class _State:
    """Squared distance of every point to its nearest pick, and the bounds that keep it up to date cheaply."""

    def __init__(self, points: Points, first: int) -> None:
        self._points = points
        self._squared = np.concatenate([_squared(points[block], points[first]) for block in _blocks(len(points))])
        self._bounds, self._norms = _bounds(points)
        self._rounding = np.float32(_SLACK_OF_NORM * float(self._norms.max()))
        # A point is cleared where 2 x'c - |c|^2, along the directions, is not above this.
        self._clear = self._cleared_below(slice(None))
        self._farthest = int(self._squared.argmax())

    @property
    def radius(self) -> float:
        """Distance of the point that is farthest from all picks."""
        return float(np.sqrt(self._squared[self._farthest]))

    def pick(self) -> int:
        """Pick the farthest point, and let the points near it know; returns its row."""
        picked = self._farthest
        query = self._bounds[picked] * np.float32(2)
        query[-1] = self._norms[picked]
        near = np.flatnonzero(self._bounds @ query > self._clear)
        for block in _blocks(len(near)):
            self._update(near[block], self._points[picked])
        self._farthest = int(self._squared.argmax())
        return picked

    def _update(self, rows: Rows, centre: Points) -> None:
        squared = _squared(self._points[rows], centre)
        nearer = squared < self._squared[rows]
        changed = rows[nearer]
        self._squared[changed] = squared[nearer]
        self._clear[changed] = self._cleared_below(changed)

    def _cleared_below(self, rows: Rows | slice) -> Points:
        reach = self._squared[rows] * np.float32(1 + _SLACK) + self._rounding
        return np.asarray(self._norms[rows] - reach, np.float32)


def _bounds(points: Points) -> tuple[Points, Points]:
    """Of each point Vx, r_x and -1 as one row (n, 34), and |x|^2 (n,), all from the middle of the points.

    Computed in float64: r_x is a small difference of large numbers.
    """
    middle = points.mean(axis=0, dtype=np.float64)
    looked_at = points[:: max(1, len(points) // _LOOKED_AT)] - middle
    _, directions = np.linalg.eigh(looked_at.T @ looked_at)
    directions = directions[:, ::-1][:, :DIRECTIONS]
    bounds = np.full((len(points), directions.shape[1] + 2), -1, np.float32)
    norms = np.empty(len(points), np.float32)
    for block in _blocks(len(points)):
        centred = points[block] - middle
        along = centred @ directions
        squared = np.einsum("ij,ij->i", centred, centred)
        left_out = np.maximum(squared - np.einsum("ij,ij->i", along, along), 0)
        bounds[block, :-2], bounds[block, -2], norms[block] = along, np.sqrt(left_out), squared
    return bounds, norms


def _squared(points: Points, centre: Points) -> Points:
    difference = points - centre
    return np.asarray(np.einsum("ij,ij->i", difference, difference), np.float32)


def _blocks(count: int) -> Iterator[slice]:
    return (slice(begin, begin + _BLOCK) for begin in range(0, count, _BLOCK))
