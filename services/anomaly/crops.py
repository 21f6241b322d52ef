"""The regions of one frame, with their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from canairy.errors import InvalidMessage
from canairy.messages.detections import Detections, Region
from canairy.messages.picture import Picture
from canairy.messages.thermogram import filled, to_celsius
from canairy.picture_codec import GREY
from services.anomaly.measure import Celsius

Counts = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """A crop as uint16 counts and as float32 degrees Celsius, (height, width); kelvin = count * scale_k + offset_k.

    Where no temperature is known it is NaN, and the count the median of the others. Without temperatures, `celsius` is
    None and counts are grey levels, 0 to 255, as a bank of grey levels has them: black is the low end of its window,
    white the high one, in `canairy score` as here.
    """

    counts: Counts
    celsius: Celsius | None
    scale_k: float = 1.0
    offset_k: float = 0.0

    @property
    def radiometric(self) -> bool:
        """Whether it has temperatures."""
        return self.celsius is not None


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """Detections, and the pixels of each region in the same order; None where no pixel of it lies in the frame."""

    detections: Detections
    pixels: tuple[Pixels | None, ...]

    @classmethod
    def of(cls, detections: Detections) -> Self:
        """Unpack; raises InvalidMessage for a crop that is damaged or impossible."""
        return cls(detections, tuple(_pixels(region) for region in detections.regions))


def _pixels(region: Region) -> Pixels | None:
    crop = region.crop
    if crop is None:
        return None
    if isinstance(crop, Picture):
        if crop.channels != GREY:
            raise InvalidMessage(f"{region.asset}: a crop in colour: detection sends grey levels")
        return Pixels(crop.pixels().astype(np.uint16), None)
    counts = crop.counts()
    celsius = to_celsius(counts, crop.scale_k, crop.offset_k, crop.missing)
    return Pixels(filled(counts, crop.missing), celsius, crop.scale_k, crop.offset_k)
