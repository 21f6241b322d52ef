"""CSV of the industrial thermal CCTV data set (AI-Hub 514): five lines of parameters, 512 lines of 640 temperatures.

    Emissivity;0.95                 a line "name;value" for each of five parameters
    ReflectedTemperature;20.0       degC, as AtmosphericTemperature
    Distance;5.0                    metres
    AtmosphericTemperature;20.0
    RelativeHumidity;50.0           percent, or a share where it is not above 1
    21.53;21.55; ... ;22.01;        and then a line for each row of pixels, degC, with a semicolon at its end too

The camera's own curve is not in the file, so another emissivity is reckoned with that of a usual long-wave camera
(canairy.thermal.planck.LONG_WAVE).
"""

from __future__ import annotations

import io
import math
from typing import Final

import numpy as np

from canairy.errors import UnreadableFile
from canairy.thermal.celsius_check import check_celsius
from canairy.thermal.frame import ThermalFrame
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.planck import ImpossibleParameters
from canairy.thermal.radiometry import LONG_WAVE_RADIOMETRY, Celsius, ObjectParameters

KIND: Final = "csv-514"
WIDTH: Final = 640
HEIGHT: Final = 512
PARAMETERS: Final = (
    "Emissivity",
    "ReflectedTemperature",
    "Distance",
    "AtmosphericTemperature",
    "RelativeHumidity",
)
# Thirty characters a value are more than any float is written with.
MAX_FILE_BYTES: Final = WIDTH * HEIGHT * 30
_MARK: Final = b"\xef\xbb\xbf"
BEGINS: Final = (PARAMETERS[0].encode(), _MARK + PARAMETERS[0].encode())


def read_csv_514(content: bytes) -> ThermalFrame:
    """Temperatures float32 (512, 640), and the parameters they were made with.

    Raises:
        IncompleteFile: fewer lines than there must be.
        UnreadableFile: not this layout; the text says which line is not, and how.
    """
    lines = content.removeprefix(_MARK).replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n")
    parameters = _parameters(lines[: len(PARAMETERS)])
    rows = lines[len(PARAMETERS) :]
    if len(rows) < HEIGHT:
        raise IncompleteFile(f"truncated: {len(rows)} lines of temperatures, {HEIGHT} are needed")
    if len(rows) > HEIGHT:
        raise UnreadableFile(f"{len(rows)} lines of temperatures, {HEIGHT} are needed")
    celsius = _celsius(rows)
    check_celsius(celsius)
    return ThermalFrame(KIND, celsius, parameters, LONG_WAVE_RADIOMETRY)


def _parameters(lines: list[bytes]) -> ObjectParameters:
    told: dict[str, float] = {}
    for number, (line, name) in enumerate(zip(lines, PARAMETERS, strict=False), start=1):
        found, _, value = line.decode("latin-1").rstrip("; ").partition(";")
        if found.strip() != name:
            raise UnreadableFile(f"line {number} begins with {found[:40]!r}, {name!r} should stand there")
        told[name] = _number(value, number)
    if len(told) < len(PARAMETERS):
        raise IncompleteFile(f"truncated: {len(told)} lines of parameters, {len(PARAMETERS)} are needed")
    emissivity, reflected_c, distance_m, atmospheric_c, humidity = (told[name] for name in PARAMETERS)
    share = humidity / 100 if humidity > 1 else humidity
    try:
        return ObjectParameters(emissivity, distance_m, reflected_c, atmospheric_c, share)
    except ImpossibleParameters as error:
        raise UnreadableFile(str(error)) from error


def _number(text: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UnreadableFile(f"line {line}: {text[:40]!r} is no number")
    return value


def _celsius(rows: list[bytes]) -> Celsius:
    for number, row in enumerate(rows, start=len(PARAMETERS) + 1):
        if (found := row.count(b";")) != WIDTH or not row.rstrip().endswith(b";"):
            raise UnreadableFile(
                f"line {number} has {found} semicolons, {WIDTH} values with one behind each are needed"
            )
    text = b"\n".join(row.rstrip().removesuffix(b";") for row in rows)
    try:
        return np.loadtxt(io.BytesIO(text), np.float32, delimiter=";", comments=None, ndmin=2)
    except ValueError as error:
        raise UnreadableFile(f"temperatures below line {len(PARAMETERS)}: {error}") from error
