"""A frame with its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from canairy.messages.equipment import Equipment
from canairy.messages.frame import Frame
from canairy.messages.picture import Image
from canairy.messages.picture import Picture as GreyLevels
from canairy.messages.thermogram import Thermogram, filled, to_celsius
from canairy.thermal.known_palettes import grey_of
from services.detection.detector import Shown
from services.detection.finds import Box
from services.detection.hotspots import HotSpot, find_hotspots


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame with its pixels: uint16 counts and float32 degrees Celsius, NaN where none is known; (height, width).

    `celsius` is None where the frame has no temperatures. Counts are then grey levels, 0 to 255: where a pixel stands
    on the palette that the whole frame was coloured with. A crop alone shows too few colours to know a palette by.
    """

    frame: Frame
    counts: npt.NDArray[np.uint16]
    celsius: npt.NDArray[np.float32] | None

    @classmethod
    def of(cls, frame: Frame) -> Self:
        """Unpack; raises InvalidMessage for pixels that are damaged or impossible."""
        if frame.picture is not None:
            grey, _palette = grey_of(frame.picture.pixels())
            return cls(frame, grey.astype(np.uint16), None)
        thermogram = frame.thermogram
        counts = thermogram.counts()
        return cls(frame, counts, to_celsius(counts, thermogram.scale_k, thermogram.offset_k, thermogram.missing))

    @property
    def shown(self) -> Shown:
        """As a detector is shown it."""
        if self.celsius is None:
            return Shown(self.counts, grey=True)
        thermogram = self.frame.thermogram
        return Shown(filled(self.counts, thermogram.missing), thermogram.scale_k, thermogram.offset_k)

    def crop(self, x: int, y: int, width: int, height: int) -> Image | None:
        """The part of it from (x, y) on, as it travels on; None where no pixel of that lies in the frame."""
        counts = self.counts[y : y + height, x : x + width]
        if not counts.size:
            return None
        if self.celsius is None:
            return GreyLevels.of(counts.astype(np.uint8))
        thermogram = self.frame.thermogram
        return Thermogram.of(counts, thermogram.scale_k, thermogram.offset_k, thermogram.missing)

    def hot_spots(self) -> list[HotSpot]:
        """Its hot spots, strongest first; none without temperatures, since bright is not hot."""
        return [] if self.celsius is None else find_hotspots(self.celsius)

    def box(self, seen: Equipment) -> Box | None:
        """Equipment with its hottest pixel; None where no pixel of it is known. Without temperatures, its middle."""
        if self.celsius is None:
            return Box(seen, seen.x + seen.width // 2, seen.y + seen.height // 2, None)
        celsius = self.celsius[seen.y : seen.y + seen.height, seen.x : seen.x + seen.width]
        known = np.where(np.isfinite(celsius), celsius, -np.inf)
        y, x = divmod(int(known.argmax()), known.shape[1])
        if not np.isfinite(known[y, x]):
            return None
        return Box(seen, seen.x + x, seen.y + y, float(known[y, x]))
