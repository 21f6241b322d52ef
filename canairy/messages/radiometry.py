"""What the temperatures of a frame were made with: it travels with them, so that they can be corrected later."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from canairy.errors import InvalidMessage
from canairy.messages import wire
from canairy.thermal import radiometry as thermal
from canairy.thermal.planck import ImpossibleParameters, Planck
from canairy.thermal.radiometry import LONG_WAVE_RADIOMETRY, ObjectParameters
from canairy.thermal.transmission import Atmosphere
from protos.canairy.v1 import thermal_pb2 as pb

NO_WINDOW_C: Final = 20.0


@dataclass(frozen=True, slots=True)
class Radiometry:
    """Object parameters: emissivity 0 to 1, relative humidity 0 to 1, temperatures in degrees Celsius.

    `window_transmission` is 1 where there is no window; `transmission` is the air's where somebody measured it.
    `assumed`: nobody said them, they are only the usual ones. `curve` is the camera's own where its files have it.
    """

    emissivity: float = 0.95
    distance_m: float = 1.0
    reflected_c: float = 20.0
    atmospheric_c: float = 20.0
    humidity: float = 0.5
    window_transmission: float = 1.0
    window_c: float = NO_WINDOW_C
    transmission: float | None = None
    assumed: bool = False
    curve: thermal.Radiometry | None = None

    @classmethod
    def of(cls, parameters: ObjectParameters, curve: thermal.Radiometry | None = None) -> Radiometry:
        """The parameters of a file, with its camera's own curve."""
        told = {it.name: getattr(parameters, it.name) for it in dataclasses.fields(parameters)}
        if parameters.window_transmission == 1:
            # Files have a temperature for a window that is not there, too.
            told["window_c"] = NO_WINDOW_C
        return cls(**told, curve=None if curve == LONG_WAVE_RADIOMETRY else curve)

    @property
    def parameters(self) -> ObjectParameters:
        """Raises ImpossibleParameters for what no object and no place has."""
        return ObjectParameters(**{it.name: getattr(self, it.name) for it in dataclasses.fields(ObjectParameters)})

    @property
    def camera(self) -> thermal.Radiometry:
        """The camera's own curve, or that of a usual long-wave one."""
        return self.curve or LONG_WAVE_RADIOMETRY

    def to_wire(self) -> pb.Radiometry:
        """The protobuf message."""
        # Nothing is written for a window that is not there, as before there were any.
        through = self.window_transmission < 1
        return pb.Radiometry(
            emissivity=self.emissivity,
            distance_m=self.distance_m,
            reflected_c=self.reflected_c,
            atmospheric_c=self.atmospheric_c,
            humidity=self.humidity,
            window_transmission=self.window_transmission if through else 0.0,
            window_c=self.window_c if through else 0.0,
            transmission=self.transmission,
            assumed=self.assumed,
            curve=None if self.curve is None else _curve_to_wire(self.curve),
        )

    @classmethod
    def from_wire(cls, message: pb.Radiometry) -> Radiometry:
        """Raises InvalidMessage for NaN and infinity, and for a window or curve that no camera has."""
        through = wire.finite(message.window_transmission, "window_transmission")
        if not 0 <= through <= 1:
            raise InvalidMessage(f"window_transmission is {through}: must be 0 to 1")
        return cls(
            wire.finite(message.emissivity, "emissivity"),
            wire.finite(message.distance_m, "distance_m"),
            wire.finite(message.reflected_c, "reflected_c"),
            wire.finite(message.atmospheric_c, "atmospheric_c"),
            wire.finite(message.humidity, "humidity"),
            through or 1.0,
            wire.finite(message.window_c, "window_c") if 0 < through < 1 else NO_WINDOW_C,
            wire.optional_number(message, "transmission"),
            message.assumed,
            _curve_from_wire(message.curve) if message.HasField("curve") else None,
        )


def _curve_to_wire(curve: thermal.Radiometry) -> pb.CameraCurve:
    constants = (*dataclasses.astuple(curve.planck), *dataclasses.astuple(curve.atmosphere))
    return pb.CameraCurve(**dict(zip(_CONSTANTS, constants, strict=True)))


def _curve_from_wire(message: pb.CameraCurve) -> thermal.Radiometry:
    told = [wire.finite(getattr(message, name), f"curve.{name}") for name in _CONSTANTS]
    planck = len(dataclasses.fields(Planck))
    try:
        return thermal.Radiometry(Planck(*told[:planck]), Atmosphere(*told[planck:]))
    except ImpossibleParameters as error:
        raise InvalidMessage(f"curve: {error}") from error


# What a frame has of which nobody said more.
ASSUMED: Final = Radiometry(assumed=True)
_CONSTANTS: Final = tuple(it.name for kind in (Planck, Atmosphere) for it in dataclasses.fields(kind))
