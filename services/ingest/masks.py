"""Privacy masks: what lies under one is gone before anything else looks at the picture.

It is gone twice. First the masked pixels get the median of the others, so that whoever judges the picture on its way
(is it black, frozen, saturated?) sees neither what was there nor a hole. Then, in what is sent, they get a count of
their own that stands for "no temperature", so that nobody takes the median for a measurement.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from canairy.errors import InvalidMessage
from canairy.messages.thermogram import Thermogram
from canairy.site.model import Camera
from canairy.thermal.polygon import inside
from services.ingest.source import Raw, RawFrame, RawPicture

Outlines = tuple[tuple[tuple[int, int], ...], ...]
Number = TypeVar("Number", np.uint8, np.uint16)

# The coldest count there is: a pixel that really has it is told as one count warmer.
MISSING: Final = 0


class Masks:
    """The masks of one camera."""

    def __init__(self, camera: Camera) -> None:
        self._outlines: Outlines = camera.privacy.masks

    def onto(self, raw: Raw) -> Raw:
        """The same picture with the median where a mask lies; raises InvalidMessage when nothing else is left."""
        if not self._outlines:
            return raw
        if isinstance(raw, RawPicture):
            return replace(raw, pixels=self._filled(raw.camera, raw.pixels))
        return replace(raw, counts=self._filled(raw.camera, raw.counts))

    def packed(self, raw: RawFrame) -> Thermogram:
        """As it is sent: masked pixels have no temperature."""
        if not self._outlines:
            return Thermogram.of(raw.counts, raw.scale_k, raw.offset_k, raw.missing)
        known = np.maximum(raw.counts, np.uint16(MISSING + 1))
        unknown = masked_pixels(self._outlines, *raw.counts.shape)
        if raw.missing is not None:
            unknown = unknown | (raw.counts == raw.missing)
        counts = np.where(unknown, np.uint16(MISSING), known)
        return Thermogram.of(counts, raw.scale_k, raw.offset_k, MISSING)

    def _filled(self, camera: str, pixels: npt.NDArray[Number]) -> npt.NDArray[Number]:
        hidden = masked_pixels(self._outlines, *pixels.shape[:2])
        if hidden.all():
            raise InvalidMessage(f"{camera}: its privacy masks leave nothing of the picture")
        filled = pixels.copy()
        filled[hidden] = np.median(pixels[~hidden], axis=0).astype(pixels.dtype)
        return filled


@lru_cache(maxsize=64)
def masked_pixels(outlines: Outlines, height: int, width: int) -> npt.NDArray[np.bool_]:
    """The pixels on or in any of the outlines: bool (height, width). Masks do not move from frame to frame."""
    return inside(outlines, height, width)
