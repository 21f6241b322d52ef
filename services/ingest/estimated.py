"""Temperatures that are read off the colours of a picture, where the site file states that this may be done.

The palette is learnt from the colour bar of each picture, so a camera that is set to another palette is followed; what
its pictures are not painted by is refused, and the camera is not well until somebody looks. Pixels of other colours
(text, crosshairs, the bar itself) have no temperature. See docs/decisions/0013-estimated-temperatures.md.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import InvalidMessage, UnreadableFile
from canairy.messages.header import ESTIMATE
from canairy.site.model import Camera
from canairy.thermal.celsius_counts import to_counts
from canairy.thermal.colour_bar import read_colour_bar
from canairy.thermal.estimate import Estimate, Scale, estimate_temperatures
from services.ingest.source import Raw, RawFrame, RawPicture

# The coldest count there is: no picture of equipment has a temperature of 0 K.
MISSING: Final = 0


class Estimator:
    """Of one camera."""

    def __init__(self, camera: Camera) -> None:
        self._stated = camera.estimate

    def onto(self, raw: Raw) -> Raw:
        """A picture as estimated temperatures, where that is stated; anything else as it is.

        Raises InvalidMessage when there is no colour bar where it should be, or it did not paint the picture.
        """
        if self._stated is None or isinstance(raw, RawFrame):
            return raw
        scale = Scale(self._stated.min_c, self._stated.max_c)
        try:
            return _frame(raw, _estimate(_coloured(raw.pixels), self._stated.bar, scale), scale)
        except UnreadableFile as error:
            raise InvalidMessage(f"{raw.camera}: no temperatures can be estimated: {error}") from error


def _estimate(picture: npt.NDArray[np.uint8], place: tuple[int, int, int, int], scale: Scale) -> Estimate:
    bar = read_colour_bar(picture, *place)
    ignored = np.zeros(picture.shape[:2], np.bool_)
    ignored[bar.y : bar.y + bar.height, bar.x : bar.x + bar.width] = True
    return estimate_temperatures(picture, bar.palette, scale, ignored)


def _coloured(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(height, width, 3), whatever the source gave."""
    return pixels if pixels.ndim > 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)


def _frame(raw: RawPicture, estimate: Estimate, scale: Scale) -> RawFrame:
    counts, scale_k = to_counts(np.where(estimate.on_palette, estimate.celsius, np.float32(scale.low_c)))
    return RawFrame(
        camera=raw.camera,
        view=raw.view,
        counts=np.where(estimate.on_palette, counts, np.uint16(MISSING)),
        scale_k=scale_k,
        offset_k=0.0,
        taken_at=raw.taken_at,
        assigned=raw.assigned,
        file=raw.file,
        flags=(ESTIMATE,),
        missing=MISSING,
        estimate_step_k=estimate.step_c,
        # From there on a colour is that of the palette's hot end.
        estimate_most_c=scale.high_c - estimate.step_c / 2,
        written=raw.written,
    )
