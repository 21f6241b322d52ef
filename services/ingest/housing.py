"""A housing's window in front of a camera that does not know of it: its frames are corrected, count by count.

For one camera the temperature behind the window only rises with the count, so a frame is one look-up in a table of
65,536. Scale and offset stay as they were: what becomes too hot for them has the highest count, which says "at least
this hot", as ever. Where no possible temperature follows (a sky that is colder than the window's own radiation leaves
room for), a pixel has the lowest possible count, and the frame is flagged `under_range`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from canairy.messages.header import UNDER_RANGE
from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import COLDEST_C, HOTTEST_C, KELVIN, SATURATED
from canairy.messages.uncertainty import NOT_CORRECTED
from canairy.site.model import Camera
from canairy.thermal.planck import ImpossibleParameters
from canairy.thermal.radiometry import COUNTS, LONG_WAVE_RADIOMETRY
from services.ingest.radiometry import through_window, told
from services.ingest.source import RawFrame

Counts = npt.NDArray[np.uint16]


class Housing:
    """What stands before one camera, by the site file."""

    def __init__(self, camera: Camera) -> None:
        """Raises ConfigurationError where no radiation gets from an object to the camera."""
        self._camera = camera
        self._told = told(camera)
        try:
            LONG_WAVE_RADIOMETRY.layers(through_window(self._told, camera).parameters)
        except ImpossibleParameters as error:
            raise ConfigurationError(f"{camera.id}: radiometry: {error}") from error

    def seen_through(self, raw: RawFrame) -> RawFrame:
        """The frame with the radiometry that it has by its source or by the site file, corrected for the window.

        A file that says itself what it was made with has been corrected already, where it was read.
        """
        known = raw.radiometry or self._told
        if self._camera.radiometry.window is None or known.window_transmission < 1:
            return replace(raw, radiometry=known)
        if known.assumed:
            return replace(raw, radiometry=known, flags=(*raw.flags, NOT_CORRECTED))
        through = through_window(known, self._camera)
        table = _table(raw.scale_k, raw.offset_k, known, through)
        counts = np.asarray(table.take(raw.counts), np.uint16)
        cold = bool((counts <= _lowest(raw.scale_k, raw.offset_k)).any())
        return replace(raw, counts=counts, radiometry=through, flags=(*raw.flags, UNDER_RANGE) if cold else raw.flags)


@lru_cache(maxsize=64)
def _table(scale_k: float, offset_k: float, made_with: Radiometry, to: Radiometry) -> Counts:
    """What each count becomes; those that are no possible temperature stay, and are refused as such."""
    table = np.arange(COUNTS, dtype=np.float64)
    celsius = table * scale_k + offset_k - KELVIN
    possible = (celsius >= COLDEST_C) & (celsius <= HOTTEST_C)
    corrected = to.camera.corrected(celsius[possible].astype(np.float32), made_with.parameters, to.parameters)
    found = np.rint((corrected.astype(np.float64) + KELVIN - offset_k) / scale_k)
    lowest = _lowest(scale_k, offset_k)
    # Without a temperature: too cold before the first that has one, too hot after it.
    found[np.isnan(found) & (np.cumsum(np.isfinite(found)) > 0)] = SATURATED
    table[possible] = np.minimum(np.where(found > lowest, found, lowest), SATURATED)
    table[SATURATED] = SATURATED
    return table.astype(np.uint16)


def _lowest(scale_k: float, offset_k: float) -> int:
    return max(0, math.ceil((COLDEST_C + KELVIN - offset_k) / scale_k))
