"""What must not leave a camera's pictures: said in the site file, kept by ingest."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from canairy.site.base import Model, PixelPoint

Polygon = Annotated[tuple[PixelPoint, ...], Field(min_length=3, max_length=200)]


class Privacy(Model):
    """`masks`: outlines in pixels from the top left; what lies on or in them never leaves ingest.

    Files of some cameras hold more than temperatures: a visible picture, and where it was taken. Both are dropped
    unless they are asked for.
    """

    masks: tuple[Polygon, ...] = Field((), max_length=50)
    keep_visible_image: bool = False
    keep_location: bool = False
