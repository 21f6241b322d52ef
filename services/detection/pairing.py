"""Which find is which box and which hot spot in one frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from services.detection.agreement import Rectangle
from services.detection.finds import Box, Find, FindRules, Sight
from services.detection.hotspots import HotSpot

T = TypeVar("T", Box, HotSpot)
# What a pair costs, cheapest first; None: the two have nothing to do with each other.
Cost = Callable[[Find, T], tuple[float, ...] | None]


def pair(
    finds: Sequence[Find], boxes: Sequence[Box], spots: Sequence[HotSpot], rules: FindRules
) -> tuple[list[Sight], list[Sight]]:
    """The sight of each find, and the sights of what is not a find yet: boxes first, each in its order."""
    boxed = _pairs(enumerate(finds), boxes, lambda find, box: _box_cost(find, box, rules))
    hot = [(i, find) for i, find in enumerate(finds) if i not in boxed and not find.code]
    spotted = _pairs(hot, spots, lambda find, spot: _spot_cost(find, spot, rules))
    shown = [boxes[boxed[i]] if i in boxed else None for i in range(len(finds))]
    new = [box for j, box in enumerate(boxes) if j not in boxed.values()]
    left = [spot for j, spot in enumerate(spots) if j not in spotted.values()]
    places = [_place(find, box) for find, box in zip(finds, shown, strict=True)] + [box.place for box in new]
    within, others = _within(left, places)
    own = [spots[spotted[i]] if i in spotted else within.get(i) for i in range(len(finds))]
    sights = [Sight(box, spot) for box, spot in zip(shown, own, strict=True)]
    unnamed = [Sight(box, within.get(len(finds) + j)) for j, box in enumerate(new)]
    return sights, unnamed + [Sight(spot=spot) for spot in others]


def _pairs(finds: Iterable[tuple[int, Find]], seen: Sequence[T], cost: Cost[T]) -> dict[int, int]:
    """Which find is which of those seen, by index, cheapest pair first. Ties go to the older find, then in order."""
    possible = [
        (told, i, j) for i, find in finds for j, one in enumerate(seen) if (told := cost(find, one)) is not None
    ]
    pairs: dict[int, int] = {}
    for _, i, j in sorted(possible):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs


def _box_cost(find: Find, box: Box, rules: FindRules) -> tuple[float, ...] | None:
    """Known equipment first, by overlap; then hot spots within the box, the hottest first."""
    if not find.code:
        hottest_first = 0.0 if find.max_c is None else -find.max_c
        return (1.0, hottest_first) if box.place.holds(find.peak_x, find.peak_y) else None
    overlap = find.place.overlap(box.place)
    near = math.dist(find.place.middle, box.place.middle) <= rules.radius_px
    return (0.0, 1 - overlap) if overlap >= rules.least_overlap or near else None


def _spot_cost(find: Find, spot: HotSpot, rules: FindRules) -> tuple[float, ...] | None:
    """Difference in place and temperature, each in units of its rule. Capped: a joint that heats is the same joint."""
    distance_px = _distance_px(find, spot)
    if distance_px > rules.radius_px:
        return None
    apart_k = rules.alike_k if find.max_c is None else abs(find.max_c - spot.max_c)
    return (math.hypot(distance_px / rules.radius_px, min(1.0, apart_k / rules.alike_k)),)


def _distance_px(find: Find, spot: HotSpot) -> float:
    """The smaller of the distances between centres and between peaks.

    A box changes where its rim comes and goes, a peak wanders over a plateau; rarely both in one frame.
    """
    across = find.x + find.width / 2 - spot.x - spot.width / 2
    down = find.y + find.height / 2 - spot.y - spot.height / 2
    peaks = math.hypot(find.peak_x - spot.peak_x, find.peak_y - spot.peak_y)
    return min(math.hypot(across, down), peaks)


def _place(find: Find, box: Box | None) -> Rectangle | None:
    """Where hot spots belong to a find: in its box, or in its last one. A hot spot that is a find has no such place."""
    if box is not None:
        return box.place
    return find.place if find.code else None


def _within(spots: Sequence[HotSpot], places: Sequence[Rectangle | None]) -> tuple[dict[int, HotSpot], list[HotSpot]]:
    """The strongest hot spot of each place, by index, and those in none. In several, the smallest place has it."""
    strongest: dict[int, HotSpot] = {}
    others: list[HotSpot] = []
    for spot in spots:
        holding = [
            (place.width * place.height, i)
            for i, place in enumerate(places)
            if place is not None and place.holds(spot.peak_x, spot.peak_y)
        ]
        if holding:
            strongest.setdefault(min(holding)[1], spot)
        else:
            others.append(spot)
    return strongest, others
