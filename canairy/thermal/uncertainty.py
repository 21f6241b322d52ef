"""How sure a temperature is, and how much of that a difference within one frame does not share.

Each cause is told as a limit (plus or minus so much), is taken as evenly likely within it (standard uncertainty:
limit / sqrt(3)), is carried through the camera equation, and the causes are added as squares: JCGM 100:2008 (GUM),
4.3.7, 5.1.2 and 5.1.3. `expanded_k` is twice the standard uncertainty (coverage factor 2, about 95 %; 6.2 and 6.3).

What is common to all pixels of one frame is the camera's offset: it cancels in a difference between two of them, as far
as their emissivities are alike. Nothing cancels between cameras, and neither emissivity nor reflection does within
one: they are of each object.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from canairy.thermal.radiometry import ObjectParameters, Radiometry

_EVENLY: Final = math.sqrt(3)
COVERAGE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Plus or minus how much, at most.

    The camera's +-2 degC or +-2 % of the reading, whichever is more, is what its makers state. The others are what is
    assumed where nobody measured: emissivity from a table, surroundings and distance by eye, pixels half a kelvin
    apart on an even surface.
    """

    offset_k: float = 2.0
    reading_share: float = 0.02
    uniformity_k: float = 0.5
    emissivity: float = 0.05
    reflected_k: float = 5.0
    distance_share: float = 0.2


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Standard uncertainties in kelvin: `common_k` is shared by the pixels of a frame, `own_k` is not."""

    common_k: float
    own_k: float

    @property
    def standard_k(self) -> float:
        """Of the temperature."""
        return math.hypot(self.common_k, self.own_k)

    @property
    def expanded_k(self) -> float:
        """Of the temperature, at about 95 %."""
        return COVERAGE * self.standard_k


@dataclass(frozen=True, slots=True)
class Budget(Uncertainty):
    """`parts` tells each cause: camera, uniformity, emissivity, reflected, distance (camera: with its offset)."""

    parts: dict[str, float]


def uncertainty(
    celsius: float, radiometry: Radiometry, parameters: ObjectParameters, limits: Limits | None = None
) -> Budget:
    """Of a temperature that was computed with `parameters`. Raises ImpossibleParameters."""
    limits = limits or Limits()
    seen = radiometry.signal(celsius, parameters)
    # The makers' statement is about the black body that looks the same: what lies between enlarges it.
    apparent_c = float(radiometry.planck.celsius(np.asarray(seen)))
    gain = _gain(apparent_c, radiometry, parameters)
    camera_k = max(limits.offset_k, limits.reading_share * abs(apparent_c))
    beyond_offset_k = math.sqrt(max(0.0, camera_k**2 - limits.offset_k**2))
    own = {
        "uniformity": gain * limits.uniformity_k,
        "emissivity": _spread(seen, radiometry, parameters, "emissivity", limits.emissivity),
        "reflected": _spread(seen, radiometry, parameters, "reflected_c", limits.reflected_k),
        "distance": _distance(seen, radiometry, parameters, limits.distance_share),
    }
    own_k = math.hypot(gain * beyond_offset_k, *own.values()) / _EVENLY
    parts = {name: limit / _EVENLY for name, limit in {"camera": gain * camera_k, **own}.items()}
    return Budget(gain * limits.offset_k / _EVENLY, own_k, parts)


class Parted(Protocol):
    """Any uncertainty whose common part is known."""

    @property
    def common_k(self) -> float:
        """Shared by the pixels of a frame, kelvin."""

    @property
    def own_k(self) -> float:
        """Of this temperature alone, kelvin."""


def difference_k(one: Parted, other: Parted, *, same_frame: bool) -> float:
    """Standard uncertainty of the difference of two temperatures, of one frame or not."""
    own_k = math.hypot(one.own_k, other.own_k)
    common_k = one.common_k - other.common_k if same_frame else math.hypot(one.common_k, other.common_k)
    return math.hypot(own_k, common_k)


def _gain(apparent_c: float, radiometry: Radiometry, parameters: ObjectParameters) -> float:
    """Kelvin of the object for a kelvin of what the camera sees."""
    around = [radiometry.planck.signal(apparent_c + step) for step in (-0.5, 0.5)]
    low, high = radiometry.celsius_of(np.asarray(around), parameters)
    return float(high - low)


def _spread(seen: float, radiometry: Radiometry, parameters: ObjectParameters, name: str, limit: float) -> float:
    """Kelvin that the temperature changes when a parameter changes by `limit`, by half of both ways."""
    value = getattr(parameters, name)
    # An emissivity near 1 has room on one side only: the slope there stands for both.
    low, high = (value - limit, min(value + limit, 1.0)) if name == "emissivity" else (value - limit, value + limit)
    low = max(low, 0.01) if name == "emissivity" else low
    ends = [_at(seen, radiometry, dataclasses.replace(parameters, **{name: end})) for end in (low, high)]
    return abs(ends[1] - ends[0]) / (high - low) * limit if high > low else 0.0


def _distance(seen: float, radiometry: Radiometry, parameters: ObjectParameters, share: float) -> float:
    if parameters.transmission is not None or not parameters.distance_m:
        return 0.0
    return _spread(seen, radiometry, parameters, "distance_m", share * parameters.distance_m)


def _at(seen: float, radiometry: Radiometry, parameters: ObjectParameters) -> float:
    return float(radiometry.celsius_of(np.asarray(seen), parameters))
