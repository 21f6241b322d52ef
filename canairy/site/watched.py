"""How a view is watched: what it should look like, how far it may shift, and a patch whose temperature is known."""

from __future__ import annotations

from typing import Final

from pydantic import Field, model_validator

from canairy.site.base import Model, PixelBox, PixelPoint

# As a `reference`: none is kept, and nobody says whether the view moved.
NONE: Final = "none"


class ReferencePatch(Model):
    """A surface of known temperature in the view: it shows whether the camera still measures right.

    `region`: pixels from the top left, as of an asset. `temperature_c` is fixed, or `measurement` names a sensor's.
    """

    region: tuple[PixelPoint, ...] = Field(min_length=3, max_length=200)
    temperature_c: float | None = Field(None, ge=-100, le=2000)
    measurement: str | None = None
    tolerance_k: float = Field(2.0, gt=0, le=100)

    @model_validator(mode="after")
    def _one_truth(self) -> ReferencePatch:
        if (self.temperature_c is None) == (self.measurement is None):
            raise ValueError("reference_patch needs either temperature_c or measurement")
        return self


class Watched(Model):
    """The part of a view that tells whether it still shows what it should.

    `reference`: a thermal file or 16-bit PNG, from the site file's folder; without it, a camera that runs live and
    that ingest reads itself learns its own from its first good frames. `moved_limit_px`: how far regions follow.
    `overlay`: what the camera prints into its pictures, as x, y, width, height.
    """

    reference: str | None = Field(None, min_length=1)
    moved_limit_px: float = Field(24.0, gt=0, le=500)
    overlay: tuple[PixelBox, ...] = Field((), max_length=50)
    reference_patch: ReferencePatch | None = None
