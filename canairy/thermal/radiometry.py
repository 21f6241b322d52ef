"""From what a camera counts to the temperature of an object, for the object's emissivity, distance and surroundings.

The camera equation of FLIR's manuals ("Thermographic measurement techniques", e.g. FLIR A6700sc/A6750sc User's Manual,
chapter 9, equations 1 to 5), with a housing window in front of the lens:

    W = tw (e tau W_obj + (1 - e) tau W_refl + (1 - tau) W_atm) + (1 - tw) W_window

read here as three layers one behind the other, each of which lets a share through and adds the rest from itself:
window (tw), air (tau), the object's surface (e, which reflects the rest). The shares of W's terms sum to 1, so a
constant added to all signals (the O of canairy.thermal.planck) changes nothing in this equation.

For one set of parameters temperature only rises with the count, so a frame is one look-up in a table of 65,536.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from canairy.messages.thermogram import KELVIN
from canairy.thermal.planck import LONG_WAVE, ImpossibleParameters, Planck
from canairy.thermal.transmission import Atmosphere

Celsius = npt.NDArray[np.float32]

COUNTS: Final = 65536
# Below this emissivity most of what the camera sees is a reflection.
LEAST_EMISSIVITY: Final = 0.5
# A table is 256 KiB: these are the assets of a site's busiest cameras, not all of a site's.
TABLES: Final = 128
_RANGES: Final = {
    "emissivity": (0.01, 1.0),
    "distance_m": (0.0, 10_000.0),
    "reflected_c": (-200.0, 2000.0),
    "atmospheric_c": (-100.0, 200.0),
    "humidity": (0.0, 1.0),
    "window_transmission": (0.01, 1.0),
    "window_c": (-100.0, 500.0),
}


@dataclass(frozen=True, slots=True)
class ObjectParameters:
    """What stands between an object and the camera. Temperatures in degC, `humidity` 0 to 1 (relative).

    `transmission` is the air's where somebody measured it; None: computed from distance, humidity and temperature.
    """

    emissivity: float = 0.95
    distance_m: float = 1.0
    reflected_c: float = 20.0
    atmospheric_c: float = 20.0
    humidity: float = 0.5
    window_transmission: float = 1.0
    window_c: float = 20.0
    transmission: float | None = None

    def __post_init__(self) -> None:
        """Raises ImpossibleParameters for what no object and no place has."""
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise ImpossibleParameters(f"{name} is {getattr(self, name)}: must be {least:g} to {most:g}")
        if self.transmission is not None and not 0 < self.transmission <= 1:
            raise ImpossibleParameters(f"transmission is {self.transmission}: must be above 0 and at most 1")

    @property
    def doubt(self) -> str:
        """Why temperatures are `not dependable`: "emissivity" below 0.5, else empty."""
        return "emissivity" if self.emissivity < LEAST_EMISSIVITY else ""

    def to_json(self) -> dict[str, float]:
        """What is known, by name."""
        told = {it.name: getattr(self, it.name) for it in fields(self)}
        return {name: round(value, 4) for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Layer:
    """Lets `share` of the radiation behind it through, and adds the rest from itself, at `celsius`."""

    share: float
    celsius: float


@dataclass(frozen=True, slots=True)
class Radiometry:
    """One camera: its Planck curve and the constants of its model of the air."""

    planck: Planck
    atmosphere: Atmosphere = field(default_factory=Atmosphere)

    def transmission(self, parameters: ObjectParameters) -> float:
        """The share of radiation that the air lets through, above 0 to 1."""
        if parameters.transmission is not None:
            return parameters.transmission
        place = parameters.distance_m, parameters.atmospheric_c, parameters.humidity
        return self.atmosphere.transmission(*place)

    def layers(self, parameters: ObjectParameters) -> tuple[Layer, ...]:
        """From the lens to the object."""
        return (
            Layer(parameters.window_transmission, parameters.window_c),
            Layer(self.transmission(parameters), parameters.atmospheric_c),
            Layer(parameters.emissivity, parameters.reflected_c),
        )

    def signal(self, celsius: float, parameters: ObjectParameters) -> float:
        """What the camera counts before an object of this temperature."""
        signal = self.planck.signal(celsius)
        for layer in reversed(self.layers(parameters)):
            signal = layer.share * signal + _added(layer, self.planck)
        return signal

    def behind(self, signal: npt.NDArray[Any], layers: tuple[Layer, ...]) -> npt.NDArray[np.float64]:
        """The signal of the object alone: `signal` (any shape) without what the layers added and took."""
        share, added = 1.0, 0.0
        for layer in layers:
            added += share * _added(layer, self.planck)
            share *= layer.share
        return (np.asarray(signal, np.float64) - added) / share

    def celsius_of(self, signal: npt.NDArray[Any], parameters: ObjectParameters) -> npt.NDArray[np.float64]:
        """Temperatures of objects that make these signals, any shape; NaN where no temperature does."""
        return self.planck.celsius(self.behind(signal, self.layers(parameters)))

    def celsius(self, counts: npt.NDArray[np.uint16], parameters: ObjectParameters) -> Celsius:
        """uint16 counts of any shape, a frame or the pixels of one region, to float32 degC; NaN where there is none.

        Raises ImpossibleParameters.
        """
        table = celsius_table(self, parameters)
        return np.asarray(table.take(counts), np.float32)

    def signals(self, celsius: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Signals of black bodies of these temperatures (any shape, above -273.15 degC)."""
        kelvin = np.asarray(celsius, np.float64) + KELVIN
        return self.planck.r1 / (self.planck.r2 * (np.exp(self.planck.b / kelvin) - self.planck.f)) - self.planck.o

    def corrected(self, celsius: Celsius, made_with: ObjectParameters, to: ObjectParameters) -> Celsius:
        """Temperatures (any shape) that were computed with `made_with`, as they are with other parameters; float32."""
        seen = self.signals(celsius)
        for layer in reversed(self.layers(made_with)):
            seen = layer.share * seen + _added(layer, self.planck)
        return np.asarray(self.celsius_of(seen, to), np.float32)


# For frames already in degrees whose camera's curve is not known.
LONG_WAVE_RADIOMETRY: Final = Radiometry(LONG_WAVE)


@lru_cache(maxsize=TABLES)
def celsius_table(radiometry: Radiometry, parameters: ObjectParameters) -> Celsius:
    """float32 degC of each count from 0 to 65535, NaN where there is none; not to be written to."""
    table = np.asarray(radiometry.celsius_of(np.arange(COUNTS), parameters), np.float32)
    table.flags.writeable = False
    return table


def _added(layer: Layer, planck: Planck) -> float:
    """What the layer itself sends. A layer that lets everything through has no say, whatever its temperature."""
    return (1 - layer.share) * planck.signal(layer.celsius) if layer.share < 1 else 0.0
