"""A frame with its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from canairy.messages.equipment import Equipment
from canairy.messages.frame import Frame
from canairy.messages.thermogram import filled
from services.detection.detector import Shown
from services.detection.finds import Box


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame with its pixels: uint16 counts and float32 degrees Celsius (NaN under a mask), both (height, width)."""

    frame: Frame
    counts: npt.NDArray[np.uint16]
    celsius: npt.NDArray[np.float32]

    @property
    def shown(self) -> Shown:
        """As a detector is shown it."""
        thermogram = self.frame.thermogram
        return Shown(filled(self.counts, thermogram.missing), thermogram.scale_k, thermogram.offset_k)

    def box(self, seen: Equipment) -> Box | None:
        """Equipment with its hottest pixel; None where no pixel of it is known."""
        celsius = self.celsius[seen.y : seen.y + seen.height, seen.x : seen.x + seen.width]
        known = np.where(np.isfinite(celsius), celsius, -np.inf)
        y, x = divmod(int(known.argmax()), known.shape[1])
        if not np.isfinite(known[y, x]):
            return None
        return Box(seen, seen.x + x, seen.y + y, float(known[y, x]))
