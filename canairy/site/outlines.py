"""Regions and privacy masks: inside the frame, with an area, and apart from each other."""

from __future__ import annotations

from typing import Any

from canairy.site.document import Document
from canairy.site.parts import Found, Part, cameras, masks, regions
from canairy.site.polygons import Outline, area_px, outline_of, overlap


def outline_mistakes(document: Document) -> Found:
    """The mistakes in every outline of every camera."""
    for camera in cameras(document.data):
        size = _size(camera.data.get("size"))
        for location, value in (*regions(camera), *masks(camera)):
            outline = outline_of(value)
            if outline is None:
                continue
            if area_px(outline) == 0:
                yield location, "encloses no area: its corners lie on a line"
            outside = None if size is None else _outside(outline, size)
            if outside is not None:
                yield location, outside
        yield from _masked(document, camera)


def _masked(document: Document, camera: Part) -> Found:
    """A masked pixel has no temperature, so what is registered must be clear of masks."""
    outlined = [(location, outline) for location, it in masks(camera) if (outline := outline_of(it)) is not None]
    for location, value in regions(camera):
        region = outline_of(value)
        hidden = (place for place, mask in outlined if region is not None and overlap(region, mask))
        first = next(hidden, None)
        if first is not None:
            line = document.entry(first).line
            yield location, f"overlaps the privacy mask in line {line}: masked pixels have no temperature"


def _outside(outline: Outline, size: tuple[int, int]) -> str | None:
    corner, (width, height) = beyond(outline, size), size
    if corner is None:
        return None
    return (
        f"leaves the frame at {list(corner)}: the camera's frames are {width}x{height}, "
        f"so x is 0 to {width - 1} and y is 0 to {height - 1}"
    )


def beyond(outline: Outline, size: tuple[int, int]) -> tuple[int, int] | None:
    """The first corner outside a frame of this width and height; None when all are in it."""
    width, height = size
    return next(((x, y) for x, y in outline if not (0 <= x < width and 0 <= y < height)), None)


def _size(value: Any) -> tuple[int, int] | None:  # noqa: ANN401 - whatever the file holds
    if isinstance(value, list) and len(value) == 2 and all(type(side) is int and side > 0 for side in value):
        return value[0], value[1]
    return None
