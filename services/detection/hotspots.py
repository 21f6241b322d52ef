"""Find compact regions that are hotter than what surrounds them, from temperatures alone.

Nothing is learnt and nothing is judged here: a hot spot is a place worth measuring, its score only orders places
and frames. Grading by written criteria is the alerting service's task.

The frame is pooled to cells of 4 x 4 pixels that keep their hottest pixel. A morphological opening says what the
surroundings reach without anything narrower than `reach` (white top-hat; Serra, Image Analysis and Mathematical
Morphology, 1982). That alone calls every wire before a cold sky hot, so what does not also exceed the level that
most of the frame stays under counts in part. Regions grow from the peaks; the strongest are measured in full.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from canairy.thermal.quantiles import quantiles

Celsius = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Mask = npt.NDArray[np.uint8]

CELL = 4
_EXAMINED = 32  # peaks looked at in one frame; bounds the time of a frame full of them
_DEPTHS = (0.75, 0.5)  # of the excess under a peak that its region reaches down to
_EVERYTHING_HOTTER = 1e6  # K above a peak
_COLD = np.float32(-1e6)  # stands for a missing pixel where only the hottest count
_GROW = 8 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | (1 << 8)


@dataclass(frozen=True, slots=True)
class HotSpot:
    """One hot region: its box and hottest pixel in frame pixels from the top left, temperatures in degC.

    `score`: excess over the frame's spread, no unit; orders spots and frames, is no temperature and no grade.
    `max_c`: the hottest pixel of the region, exact. `surroundings_c`: what three quarters of a ring round the box
    stay under; local, so that something hot elsewhere in the frame does not move it.
    """

    x: int
    y: int
    width: int
    height: int
    score: float
    max_c: float
    surroundings_c: float
    peak_x: int
    peak_y: int


@dataclass(frozen=True, slots=True)
class HotSpotRules:
    """What counts as compact, hot and rare. The defaults were chosen on real frames: benchmarks/hotspots.md.

    `floor_k` and `floor_sigmas` (of the frame's own pixel noise) are a detection floor: less above the
    surroundings is not told from noise and texture. It is no grading criterion.
    """

    reach: float = 1 / 5  # of the frame's longer side: anything wider is surroundings
    common_percentile: float = 90.0  # most of the frame stays under this level
    local_weight: float = 0.25  # of an excess over the surroundings that the frame exceeds elsewhere
    edge_weight: float = 0.5  # a region cut by the frame's edge may be part of something large
    spread_offset_k: float = 5.0  # keeps a flat scene's small spread from inflating every score
    floor_k: float = 3.0
    floor_sigmas: float = 6.0


@dataclass(frozen=True, slots=True)
class _Cells:
    """A pooled frame: hottest and mean pixel of each cell, shape (h, w), degC; `missing`: no pixel is known."""

    hottest: Celsius
    mean: Celsius
    missing: Flags | None


@dataclass(frozen=True, slots=True)
class _Scene:
    """`contrast`: K over the surroundings; `excess`: the part that counts, K; both (h, w). `reach` in cells."""

    cells: _Cells
    contrast: Celsius
    excess: Celsius
    spread_k: float
    floor_k: float
    reach: int


class _Box(NamedTuple):
    """A box in cells or pixels, from the top left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def rows(self) -> slice:
        return slice(max(0, self.y), self.y + self.height)

    @property
    def columns(self) -> slice:
        return slice(max(0, self.x), self.x + self.width)

    def widened(self, by: int) -> _Box:
        return _Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def clear_of_edges(self, width: int, height: int) -> bool:
        return min(self.x, self.y, width - self.x - self.width, height - self.y - self.height) > 0


@dataclass(frozen=True, slots=True)
class _Region:
    """A region in cells: its box, the peak it was grown from and how deep, K, and its score."""

    box: _Box
    peak_x: int
    peak_y: int
    depth_k: float
    score: float


DEFAULT_RULES = HotSpotRules()


def find_hotspots(celsius: Celsius, limit: int = 12, rules: HotSpotRules = DEFAULT_RULES) -> list[HotSpot]:
    """The strongest hot spots of one frame, strongest first, at most `limit`; the same frame gives the same list.

    `celsius`: shape (height, width), float32, degC; a pixel that is not finite is missing.
    """
    known = np.isfinite(celsius)
    if not known.any():
        return []
    cells = _pool(celsius) if known.all() else _pool_known(celsius, known)
    scene = _scene(celsius, cells, rules)
    regions = sorted(_regions(scene, rules), key=lambda region: (-region.score, region.peak_y, region.peak_x))
    spots = (_measure(celsius, scene, region) for region in regions)
    clear = (spot for spot in spots if spot.max_c - spot.surroundings_c >= scene.floor_k)
    return list(islice(clear, limit))


def _pool(celsius: Celsius) -> _Cells:
    """Hottest and mean pixel of every cell; edge cells that are not full repeat the last row and column."""
    below, right = -celsius.shape[0] % CELL, -celsius.shape[1] % CELL
    if below or right:
        celsius = np.pad(celsius, ((0, below), (0, right)), mode="edge")
    size = (celsius.shape[1] // CELL, celsius.shape[0] // CELL)
    mean = np.asarray(cv2.resize(celsius, size, interpolation=cv2.INTER_AREA), np.float32)
    return _Cells(_hottest(celsius), mean.reshape(size[1], size[0]), None)


def _hottest(celsius: Celsius) -> Celsius:
    """Maximum of every cell. Rows are halved before columns: whole rows are compared at once, the fastest order."""
    rows = np.maximum(celsius[0::2], celsius[1::2])
    rows = np.maximum(rows[0::2], rows[1::2])
    columns = np.maximum(rows[:, 0::2], rows[:, 1::2])
    return np.ascontiguousarray(np.maximum(columns[:, 0::2], columns[:, 1::2]))


def _pool_known(celsius: Celsius, known: Flags) -> _Cells:
    """As `_pool`, from the known pixels only; a cell without any holds the coldest value, so it is never a peak."""
    coldest = celsius[known].min()
    hottest = _pool(np.where(known, celsius, coldest)).hottest
    share = _pool(known.astype(np.float32)).mean
    missing = share <= 0
    total = _pool(np.where(known, celsius, np.float32(0))).mean
    mean = np.where(missing, coldest, total / np.where(missing, np.float32(1), share))
    return _Cells(hottest, mean.astype(np.float32), missing)


def _scene(celsius: Celsius, cells: _Cells, rules: HotSpotRules) -> _Scene:
    known = cells.mean if cells.missing is None else cells.mean[~cells.missing]
    low, middle, common, high = quantiles(known, 5.0, 50.0, rules.common_percentile, 95.0)
    reach = max(3, round(rules.reach * max(cells.mean.shape))) | 1
    surroundings = _opened(cells, reach)
    contrast = cells.hottest - np.maximum(surroundings, middle)
    over_common = cells.hottest - np.maximum(surroundings, common)
    excess = np.maximum(over_common, np.float32(rules.local_weight) * contrast)
    floor_k = max(rules.floor_k, rules.floor_sigmas * _noise_k(celsius))
    return _Scene(cells, contrast, excess, high - low, floor_k, reach)


def _opened(cells: _Cells, reach: int) -> Celsius:
    """The cells without what is narrower than `reach`. Missing cells are left out, as what lies off the frame is."""
    kernel, hottest = np.ones((reach, reach), np.uint8), cells.hottest
    if cells.missing is None:
        return np.asarray(cv2.morphologyEx(hottest, cv2.MORPH_OPEN, kernel), np.float32)
    eroded = cv2.erode(np.where(cells.missing, np.float32(np.inf), hottest), kernel)
    return np.asarray(cv2.dilate(np.where(np.isfinite(eroded), eroded, hottest.min()), kernel), np.float32)


def _noise_k(celsius: Celsius) -> float:
    """Standard deviation of the pixel noise, K, from neighbours' differences: their median is blind to edges.

    A normal difference of two pixels has a median magnitude of 0.6745 x sqrt(2) = 0.954 standard deviations.
    """
    with np.errstate(invalid="ignore"):  # infinite less infinite is missing too
        steps = np.abs(celsius[::8, 1::4] - celsius[::8, :-1:4])
    steps = steps[np.isfinite(steps)]
    return quantiles(steps, 50)[0] / 0.954 if steps.size else 0.0


def _regions(scene: _Scene, rules: HotSpotRules) -> Iterator[_Region]:
    """Regions grown from the peaks, largest excess first, each of cells that no stronger one has taken.

    A region that meets a stronger one is grown again less deep: two joints side by side are two hot spots where
    the ridge between them is lower than half of the weaker one, else they are one.
    """
    taken = np.zeros(scene.excess.shape, np.bool_)
    mask = _mask(scene.excess)
    for y, x in _peaks(scene):
        for share in _DEPTHS:
            depth_k = share * float(scene.excess[y, x])
            _, box, inside = _grown(scene.cells.hottest, mask, (x, y), depth_k)
            there = taken[box.rows, box.columns]
            if not (there & inside).any():
                there |= inside
                yield _Region(box, x, y, depth_k, _score(scene, mask, x, y, rules))
                break


def _peaks(scene: _Scene) -> list[tuple[int, int]]:
    """(y, x) of the local maxima of the excess that stand out of the surroundings, largest first."""
    highest = cv2.dilate(scene.excess, np.ones((3, 3), np.uint8))
    ys, xs = np.nonzero((scene.excess == highest) & (scene.contrast >= scene.floor_k))
    order = np.argsort(-scene.excess[ys, xs], kind="stable")[:_EXAMINED]
    return [(int(ys[i]), int(xs[i])) for i in order]


def _mask(values: Celsius) -> Mask:
    """An empty mask for `_grown`; OpenCV's flood fill asks for a border of one."""
    return np.zeros((values.shape[0] + 2, values.shape[1] + 2), np.uint8)


def _grown(values: Celsius, mask: Mask, peak: tuple[int, int], depth_k: float) -> tuple[int, _Box, Flags]:
    """What hangs together from `peak` (x, y) down to `depth_k` under it: how many, their box, which in the box.

    `mask` must be empty and is handed back empty: making a new one for every peak would take longer than growing.
    """
    area, _, _, rectangle = cv2.floodFill(values, mask, peak, 0, depth_k, _EVERYTHING_HOTTER, _GROW)
    box = _Box(*rectangle)
    marks = mask[1:-1, 1:-1][box.rows, box.columns]
    inside = marks != 0
    marks[:] = 0
    return area, box, inside


def _score(scene: _Scene, mask: Mask, x: int, y: int, rules: HotSpotRules) -> float:
    """Excess over the frame's spread, less for what is cut by the edge, is large, or has its like in the frame."""
    excess, hottest = float(scene.excess[y, x]), scene.cells.hottest
    area, box, _ = _grown(hottest, mask, (x, y), excess / 2)
    as_hot = int(np.count_nonzero(hottest >= hottest[y, x] - np.float32(excess / 2)))
    rarity = math.sqrt(area / max(area, as_hot))
    compactness = min(1.0, scene.reach / max(box.width, box.height))
    edge = 1.0 if box.clear_of_edges(hottest.shape[1], hottest.shape[0]) else rules.edge_weight
    return excess / (scene.spread_k + rules.spread_offset_k) * rarity * compactness * edge


def _measure(celsius: Celsius, scene: _Scene, region: _Region) -> HotSpot:
    """The region again in full resolution: exact box, maximum and its place."""
    left, top, width, height = (CELL * number for number in region.box)
    pixels = celsius[top : top + height, left : left + width]
    pixels = np.where(np.isfinite(pixels), pixels, _COLD)
    from_x, from_y = region.peak_x * CELL - left, region.peak_y * CELL - top
    cell = pixels[from_y : from_y + CELL, from_x : from_x + CELL]
    y, x = divmod(int(cell.argmax()), cell.shape[1])
    _, box, inside = _grown(pixels, _mask(pixels), (from_x + x, from_y + y), region.depth_k)
    hot = np.where(inside, pixels[box.rows, box.columns], _COLD)
    y, x = divmod(int(hot.argmax()), box.width)
    return HotSpot(
        x=left + box.x,
        y=top + box.y,
        width=box.width,
        height=box.height,
        score=region.score,
        max_c=float(hot[y, x]),
        surroundings_c=_surroundings_c(scene, region.box),
        peak_x=left + box.x + x,
        peak_y=top + box.y + y,
    )


def _surroundings_c(scene: _Scene, box: _Box) -> float:
    """What three quarters of a ring round the box stay under: warm equipment counts where it is a quarter of it."""
    mean, missing = scene.cells.mean, scene.cells.missing
    outer, gap = box.widened(1 + max(2, scene.reach // 2)), box.widened(1)
    ring = np.ones(mean.shape, np.bool_) if missing is None else ~missing
    ring[gap.rows, gap.columns] = False
    values = mean[outer.rows, outer.columns][ring[outer.rows, outer.columns]]
    if not values.size:  # the region fills the frame, or nothing round it is known
        return quantiles(mean, 50)[0]
    rank = 3 * values.size // 4
    return float(np.partition(values, rank)[rank])
