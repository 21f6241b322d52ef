"""What must not leave a camera's pictures: said in the site file, kept by ingest."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from canairy.site.base import Model, PixelPoint

Polygon = Annotated[tuple[PixelPoint, ...], Field(min_length=3, max_length=200)]


class Privacy(Model):
    """`masks`: outlines in pixels from the top left; what lies on or in them never leaves ingest.

    Radiometric JPEG may hold more than temperatures: a visible picture, and where it was taken. Neither is read unless
    it is asked for here. Masks are drawn on temperatures; the visible camera beside them sees another part of the
    scene, in which nobody can say what a mask hides: so whoever masks keeps no visible picture.
    """

    masks: tuple[Polygon, ...] = Field((), max_length=50)
    keep_visible_image: bool = False
    keep_location: bool = False

    @field_validator("keep_visible_image")
    @classmethod
    def _nothing_hidden(cls, keep: bool, info: ValidationInfo) -> bool:
        if keep and info.data.get("masks"):
            raise ValueError("must be false beside masks: in the visible picture they would hide something else")
        return keep
