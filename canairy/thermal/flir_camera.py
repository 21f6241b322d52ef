"""What a FLIR camera writes beside its counts: its constants, the object's parameters, its name and the time.

Source of the places: ExifTool's tag page of FLIR's CameraInfo (https://exiftool.org/TagNames/FLIR.html), temperatures
in kelvin there.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import KELVIN
from canairy.thermal.flir_records import Record
from canairy.thermal.planck import ImpossibleParameters, Planck
from canairy.thermal.radiometry import ObjectParameters, Radiometry
from canairy.thermal.transmission import Atmosphere

_LEAST_BYTES: Final = 0x310
_MODEL_AT, _MODEL_BYTES = 0xD4, 32
_OFFSET_AT: Final = 0x308
_TIME_AT, _TIME_BYTES = 0x384, 10
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Older cameras write a share, newer ones could write percent: no humidity is 200 times itself.
_PERCENT_ABOVE: Final = 2.0


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """`taken_at` is UTC by the camera's own clock, None when the file does not say."""

    radiometry: Radiometry
    parameters: ObjectParameters
    model: str
    taken_at: datetime | None


def read_camera(record: Record, overrides: Mapping[str, float] | None = None) -> CameraInfo:
    """With object parameters that are known better (`overrides`, by their names) in place of the file's.

    Raises UnreadableFile when it is too short, or holds what no camera has.
    """
    if len(record.body) < _LEAST_BYTES:
        raise UnreadableFile(f"damaged: its camera's constants have {len(record.body)} bytes, {_LEAST_BYTES} needed")
    try:
        return CameraInfo(_radiometry(record), _parameters(record, overrides or {}), _model(record), _taken_at(record))
    except ImpossibleParameters as error:
        raise UnreadableFile(f"its FLIR data: {error}") from error


def _float(record: Record, at: int) -> float:
    value: float = struct.unpack_from(f"{record.order}f", record.body, at)[0]
    if not math.isfinite(value):
        raise UnreadableFile(f"damaged: its camera's constant at byte {at:#x} is {value}")
    return value


def _radiometry(record: Record) -> Radiometry:
    (offset,) = struct.unpack_from(f"{record.order}i", record.body, _OFFSET_AT)
    r1, b, f, r2 = (_float(record, at) for at in (0x58, 0x5C, 0x60, 0x30C))
    alpha1, alpha2, beta1, beta2, x = (_float(record, at) for at in (0x70, 0x74, 0x78, 0x7C, 0x80))
    return Radiometry(Planck(r1, b, f, offset, r2), Atmosphere(alpha1, alpha2, beta1, beta2, x))


def _parameters(record: Record, overrides: Mapping[str, float]) -> ObjectParameters:
    humidity = _float(record, 0x3C)
    told = {
        "emissivity": _float(record, 0x20),
        "distance_m": _float(record, 0x24),
        "reflected_c": _float(record, 0x28) - KELVIN,
        "atmospheric_c": _float(record, 0x2C) - KELVIN,
        "humidity": humidity / 100 if humidity > _PERCENT_ABOVE else humidity,
        "window_c": _float(record, 0x30) - KELVIN,
        "window_transmission": _float(record, 0x34),
    }
    return ObjectParameters(**{**told, **overrides})


def _model(record: Record) -> str:
    text = record.body[_MODEL_AT : _MODEL_AT + _MODEL_BYTES].split(b"\0")[0].decode("latin-1").strip()
    return "".join(character for character in text if character.isprintable())


def _taken_at(record: Record) -> datetime | None:
    """Seconds since 1970 UTC and milliseconds; the zone beside them is the camera's and says nothing more."""
    if len(record.body) < _TIME_AT + _TIME_BYTES:
        return None
    seconds, thousandths = struct.unpack_from(f"{record.order}II", record.body, _TIME_AT)
    return _EPOCH + timedelta(seconds=seconds, milliseconds=(thousandths & 0xFFFF) % 1000) if seconds else None
