"""What must not leave a camera's pictures: said in the site file, kept by ingest."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from canairy.site.base import Model, PixelPoint

Polygon = Annotated[tuple[PixelPoint, ...], Field(min_length=3, max_length=200)]


class Privacy(Model):
    """`masks`: outlines in pixels from the top left; what lies on or in them never leaves ingest.

    Files of some cameras hold more than temperatures: a visible picture, and where it was taken. Neither is read, and
    there is no topic that could keep one yet: to ask for it is a mistake, not a wish that is quietly ignored.
    """

    masks: tuple[Polygon, ...] = Field((), max_length=50)
    keep_visible_image: bool = False
    keep_location: bool = False

    @field_validator("keep_visible_image", "keep_location")
    @classmethod
    def _never(cls, keep: bool) -> bool:
        if keep:
            raise ValueError("must be false: this release keeps neither visible pictures nor places")
        return keep
