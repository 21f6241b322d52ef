"""What an asset's own emissivity and distance make of its temperatures, and how sure they then are.

A frame's temperatures were made with one set of parameters for all of it. For an asset that has its own, they are
taken back to what the camera saw and computed again, by the camera's own curve where the frame carries it, else by
that of a usual long-wave camera. For one set of parameters the result only rises with the count, so a crop is one
look-up in a table. Where nobody said what the frame was made with, nothing is corrected, and the reading says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self

import numpy as np

from canairy.messages.detections import Region
from canairy.messages.radiometry import Radiometry
from canairy.messages.reading import Temperatures
from canairy.messages.thermogram import COLDEST_C, HOTTEST_C, KELVIN
from canairy.messages.uncertainty import IMPOSSIBLE, NOT_CORRECTED, NOT_DEPENDABLE, Uncertainty
from canairy.site.model import Asset
from canairy.thermal.planck import ImpossibleParameters
from canairy.thermal.radiometry import COUNTS, LEAST_EMISSIVITY, TABLES, ObjectParameters
from canairy.thermal.uncertainty import uncertainty
from services.anomaly.crops import Pixels
from services.anomaly.measure import Celsius, measure

# An uncertainty hardly changes within half a kelvin.
_STEPS_PER_K: Final = 2


@dataclass(frozen=True, slots=True)
class Surface:
    """What an asset has of its own, by the site file; None: as the rest of the frame."""

    emissivity: float | None = None
    distance_m: float | None = None

    @classmethod
    def of(cls, asset: Asset) -> Self:
        """Of a registered asset."""
        return cls(asset.emissivity, asset.distance_m)

    def within(self, frame: ObjectParameters) -> ObjectParameters:
        """The parameters of this asset in a frame with these."""
        own = frame if self.emissivity is None else replace(frame, emissivity=self.emissivity)
        if self.distance_m is None or self.distance_m == own.distance_m:
            return own
        # A transmission that was measured was that of the frame's distance.
        return replace(own, distance_m=self.distance_m, transmission=None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured, how sure it is (None: that cannot be said), and what is wrong with it."""

    temperatures: Temperatures | None = None
    uncertainty: Uncertainty | None = None
    flags: tuple[str, ...] = ()


NOTHING: Final = Seen()
_AS_THE_FRAME: Final = Surface()


def see(pixels: Pixels, region: Region, radiometry: Radiometry | None, surface: Surface | None) -> Seen:
    """Measure a region with its own parameters in a frame that was made with `radiometry` (None: nobody said).

    Nothing is measured where there are no temperatures.
    """
    if pixels.celsius is None:
        return NOTHING
    own = surface or _AS_THE_FRAME
    made_with = _known(radiometry)
    if radiometry is None or made_with is None:
        refused = () if own == _AS_THE_FRAME else (NOT_CORRECTED,)
        return Seen(_measured(pixels.celsius, region), flags=(*refused, *_doubt(own.emissivity)))
    to = own.within(made_with)
    celsius = pixels.celsius if to == made_with else _corrected(pixels, radiometry, to)
    if celsius is None:
        return Seen(_measured(pixels.celsius, region), flags=(IMPOSSIBLE, *_doubt(to.emissivity)))
    found = _measured(celsius, region)
    sure = None if found is None else _uncertainty(round(found.max_c * _STEPS_PER_K), radiometry, to)
    return Seen(found, sure, _doubt(to.emissivity))


@lru_cache(maxsize=TABLES)
def _known(radiometry: Radiometry | None) -> ObjectParameters | None:
    if radiometry is None or radiometry.assumed:
        return None
    try:
        radiometry.camera.layers(radiometry.parameters)
    except ImpossibleParameters:
        return None
    return radiometry.parameters


def _doubt(emissivity: float | None) -> tuple[str, ...]:
    return (NOT_DEPENDABLE,) if emissivity is not None and emissivity < LEAST_EMISSIVITY else ()


def _measured(celsius: Celsius, region: Region) -> Temperatures | None:
    return measure(celsius, region.x, region.y, region.outline)


def _corrected(pixels: Pixels, radiometry: Radiometry, to: ObjectParameters) -> Celsius | None:
    """Temperatures with other parameters, NaN where none follows; None where one is beyond all equipment."""
    try:
        table = _table(pixels.scale_k, pixels.offset_k, radiometry, to)
    except ImpossibleParameters:
        return None
    celsius = np.asarray(table.take(pixels.counts), np.float32)
    return None if bool((celsius > HOTTEST_C).any()) else celsius


@lru_cache(maxsize=TABLES)
def _table(scale_k: float, offset_k: float, radiometry: Radiometry, to: ObjectParameters) -> Celsius:
    """float32 degC of each count from 0 to 65535 with other parameters; not to be written to."""
    celsius = np.arange(COUNTS, dtype=np.float64) * scale_k + (offset_k - KELVIN)
    table = np.full(COUNTS, np.nan, np.float32)
    possible = (celsius >= COLDEST_C) & (celsius <= HOTTEST_C)
    seen = celsius[possible].astype(np.float32)
    table[possible] = radiometry.camera.corrected(seen, radiometry.parameters, to)
    # Without a temperature: too cold before the first that has one, too hot after it.
    table[np.isnan(table) & (np.cumsum(np.isfinite(table)) > 0)] = np.inf
    table[table < COLDEST_C] = np.nan
    table.flags.writeable = False
    return table


@lru_cache(maxsize=4096)
def _uncertainty(steps: int, radiometry: Radiometry, parameters: ObjectParameters) -> Uncertainty | None:
    """Of a temperature in steps of half a kelvin; None where a part of it has no end."""
    try:
        found = uncertainty(steps / _STEPS_PER_K, radiometry.camera, parameters)
    except ImpossibleParameters:
        return None
    if not math.isfinite(found.standard_k):
        return None
    return Uncertainty(found.common_k, found.own_k)
