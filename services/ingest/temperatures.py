"""A thermal frame of any file or camera as it travels: counts with their scale, and what they were made with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from canairy.messages.header import UNDER_RANGE
from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import COLDEST_C, KELVIN
from canairy.site.model import Camera
from canairy.thermal.celsius_counts import to_counts
from canairy.thermal.frame import ThermalFrame
from services.ingest.beside import NOTHING, Beside, beside
from services.ingest.radiometry import of_file, overridden
from services.ingest.source import RawFrame


@dataclass(frozen=True, slots=True, eq=False)
class Temperatures:
    """uint16 counts (height, width): kelvin = count * scale_k + offset_k. `taken_at` is UTC, None when not told."""

    counts: npt.NDArray[np.uint16]
    scale_k: float
    offset_k: float
    radiometry: Radiometry | None
    taken_at: datetime | None
    flags: tuple[str, ...] = ()
    beside: Beside = NOTHING

    def frame(self, camera: str, view: str) -> RawFrame:
        """As a source hands it on; the source adds what it knows of its own."""
        return RawFrame(
            camera=camera,
            view=view,
            counts=self.counts,
            scale_k=self.scale_k,
            offset_k=self.offset_k,
            taken_at=self.taken_at,
            radiometry=self.radiometry,
            flags=self.flags,
            beside=self.beside,
        )


def temperatures(frame: ThermalFrame, camera: Camera, content: bytes) -> Temperatures:
    """What travels of a thermal frame: linear counts as they are, any other temperatures at 0.01 or 0.04 K a count.

    `content` is the file that it was read from, which may hold more than temperatures.

    Raises UnreadableFile when the site file's radiometry leaves no possible temperature.
    """
    known = overridden(frame, camera)
    if known.counts is not None and known.scale is not None:
        counts, scale_k, offset_k = known.counts, known.scale.scale_k, known.scale.offset_c + KELVIN
    else:
        counts, scale_k = to_counts(known.celsius)
        offset_k = 0.0
    cold = known is not frame and float(known.celsius.min()) <= COLDEST_C
    flags = (UNDER_RANGE,) if cold else ()
    return Temperatures(counts, scale_k, offset_k, of_file(known), known.taken_at, flags, beside(content, camera))
