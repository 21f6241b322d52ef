"""What a site file must state before temperatures may be read off the colours of a camera's pictures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from canairy.site.base import Model, PixelBox


class Estimate(Model):
    """Degrees Celsius at the ends of the palette, and where the colour bar stands: [x, y, width, height], pixels.

    `locked`: the camera does not change these ends by itself. `linear`: it paints linearly between them. Both must be
    stated: under auto-range or histogram equalisation, fixed end values would invent degrees.
    """

    min_c: float = Field(ge=-100, le=2000)
    max_c: float = Field(ge=-100, le=2000)
    bar: PixelBox
    locked: Literal[True]
    linear: Literal[True]

    @field_validator("max_c")
    @classmethod
    def _ordered(cls, max_c: float, info: ValidationInfo) -> float:
        min_c = info.data.get("min_c")
        if min_c is not None and max_c <= min_c:
            raise ValueError(f"max_c ({max_c}) must be above min_c ({min_c})")
        return max_c
