"""Frames that show something else than the scene, or show it on another scale: they are flagged, and nobody measures.

    shutter       a camera calibrates behind its shutter: one or two frames are flat; or blurred, and for the most part
                  unlike the frame before (where something hot is gone and nothing else changed, edges are lost too)
    range_switch  the scale of the counts changes, or all pixels jump in one direction: the first frame of the new level

Two frames in a row of each at most, and four of both. What lasts longer is no calibration: it is believed, and told as
what it is (black; a view that reads low). A frame is held against the one before it, when that is at most ten seconds
old.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final

import numpy as np

from canairy.messages.header import RANGE_SWITCH, SHUTTER
from canairy.thermal.quantiles import quantiles
from services.ingest.grid import Kelvin
from services.ingest.picture import BLANK_BELOW_K, Picture

MOST_IN_A_ROW: Final = 2
MOST_OF_BOTH: Final = 4
TOGETHER: Final = timedelta(seconds=10)
# Nothing warms a whole view by this much from one frame to the next.
JUMP_K: Final = 1.0
_JUMPED: Final = 0.95  # of all pixels; the rest is noise, or out of range
_REMEMBERED: Final = 20
_LEAST_KNOWN: Final = 3
_SEEN_BEFORE: Final = 3.0  # times the spread of a blank picture: what was seen before was none
_BLURRED: Final = 0.35  # of the usual edges are left
_UNMOVED_K: Final = 0.3  # a pixel that changes by less shows what it showed: six times the noise of a usual camera
_MOSTLY: Final = 0.5  # of all pixels


@dataclass(slots=True)
class StepWatch:
    """What is known of the last frames of one camera."""

    _before: Kelvin | None = None
    _at: datetime | None = None
    _scale: tuple[float, float] | None = None
    _spreads_k: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _edges_k: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _shut: int = 0
    _switched: int = 0
    _flagged: int = 0

    def saw(self, picture: Picture, grid: Kelvin, scale: tuple[float, float], at: datetime) -> str | None:
        """The flag of a frame taken `at`; `scale`: its kelvin a count, and kelvin at count 0."""
        flag = self._flag(picture, grid, scale, at)
        self._flagged = 0 if flag is None or self._flagged == MOST_OF_BOTH else self._flagged + 1
        return flag if self._flagged else None

    def _flag(self, picture: Picture, grid: Kelvin, scale: tuple[float, float], at: datetime) -> str | None:
        edges_k = _edges_k(grid)
        self._shut = self._shut + 1 if self._shutter(picture, grid, edges_k) else 0
        if 0 < self._shut <= MOST_IN_A_ROW:
            return SHUTTER  # and the frame after it is held against the one before it
        switched = self._switch(grid, scale, at)
        self._switched = self._switched + 1 if switched else 0
        self._before, self._at, self._scale = grid, at, scale
        self._spreads_k.append(picture.spread_k)
        self._edges_k.append(edges_k)
        return RANGE_SWITCH if 0 < self._switched <= MOST_IN_A_ROW else None

    def _shutter(self, picture: Picture, grid: Kelvin, edges_k: float) -> bool:
        if len(self._spreads_k) < _LEAST_KNOWN or median(self._spreads_k) < _SEEN_BEFORE * BLANK_BELOW_K:
            return False
        if picture.blank:
            return True
        return edges_k < _BLURRED * median(self._edges_k) and not _mostly_as(self._before, grid)

    def _switch(self, grid: Kelvin, scale: tuple[float, float], at: datetime) -> bool:
        before = self._before
        if before is None or self._at is None or before.shape != grid.shape or abs(at - self._at) > TOGETHER:
            return False
        return scale != self._scale or _jumped(before, grid)


def _mostly_as(before: Kelvin | None, grid: Kelvin) -> bool:
    if before is None or before.shape != grid.shape:
        return False
    return bool(np.count_nonzero(np.abs(grid - before) < _UNMOVED_K) >= _MOSTLY * grid.size)


def _jumped(before: Kelvin, grid: Kelvin) -> bool:
    change_k = grid - before
    upwards = bool(np.median(change_k) > 0)
    far = np.count_nonzero((change_k if upwards else -change_k) >= JUMP_K)
    return bool(far >= _JUMPED * change_k.size)


def _edges_k(grid: Kelvin) -> float:
    """The difference of neighbours that one in a hundred exceeds, kelvin."""
    if grid.shape[1] < 2:
        return 0.0
    return quantiles(np.abs(np.diff(grid, axis=1)), 99)[0]
