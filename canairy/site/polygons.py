"""Outlines in whole pixels: their area, and whether two have something in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

Point = tuple[int, int]
Outline = Sequence[Point]


def outline_of(value: Any) -> list[Point] | None:  # noqa: ANN401 - whatever the file holds
    """The corners that stand in a site file; None when it is no polygon at all."""
    if not isinstance(value, list) or len(value) < 3 or not all(map(_is_point, value)):
        return None
    return [(x, y) for x, y in value]


def area_px(outline: Outline) -> float:
    """Area of a polygon by the shoelace formula."""
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in _edges(outline))) / 2


def overlap(one: Outline, other: Outline) -> bool:
    """Whether two polygons share a pixel: an edge of one crosses or touches one of the other, or one holds the other.

    Exact: all corners are whole numbers, and only signs of cross products are asked for (de Berg et al.,
    Computational Geometry, chapter 2).
    """
    if _apart(one, other):
        return False
    if any(_meet(a, b, c, d) for (a, b), (c, d) in product(_edges(one), _edges(other))):
        return True
    return _holds(one, other[0]) or _holds(other, one[0])


def _apart(one: Outline, other: Outline) -> bool:
    """Whether the rectangles round them have no pixel in common: so for almost all pairs in a site."""
    sides = ((sorted(it[axis] for it in one), sorted(it[axis] for it in other)) for axis in (0, 1))
    return any(mine[-1] < theirs[0] or theirs[-1] < mine[0] for mine, theirs in sides)


def _edges(outline: Outline) -> Iterator[tuple[Point, Point]]:
    return zip(outline, [*outline[1:], outline[0]], strict=True)


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments a-b and c-d have a point in common."""
    sides = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    if sides[0] != sides[1] and sides[2] != sides[3]:
        return True
    ends = zip(sides, ((a, b, c), (a, b, d), (c, d, a), (c, d, b)), strict=True)
    return any(side == 0 and _between(*points) for side, points in ends)


def _side(a: Point, b: Point, c: Point) -> int:
    """On which side of the line a-b the point c lies: -1 or 1; 0 on it."""
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (cross > 0) - (cross < 0)


def _between(a: Point, b: Point, c: Point) -> bool:
    """Whether c, which lies on the line a-b, lies on the segment."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _holds(outline: Outline, point: Point) -> bool:
    """Whether a point that is on no edge lies inside: a ray to the right leaves it an odd number of times."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in _edges(outline):
        if (ay > y) != (by > y):
            cross = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
            inside ^= (cross > 0) == (by > ay)
    return inside


def _is_point(point: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    return isinstance(point, list) and len(point) == 2 and all(type(side) is int for side in point)
