"""What every part of the site file is made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from canairy.site.duration import DURATION_PATTERN, parse_duration

# "_" first is reserved for the canary; "/" separates a view from its finds.
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["250ms", "10s", "5m", "1h30m", "2d"]}),
]
# Of pictures of up to 4096 pixels a side: a column or row, a side, a point, and x, y, width, height.
Place = Annotated[int, Field(ge=0, le=4095)]
Side = Annotated[int, Field(ge=1, le=4096)]
PixelPoint = tuple[Place, Place]
PixelBox = tuple[Place, Place, Side, Side]


class Model(BaseModel):
    """Unknown keys, NaN and infinity are mistakes; values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
