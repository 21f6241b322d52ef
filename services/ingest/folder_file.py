"""One file of a folder as a frame: temperatures of any format, or a picture where the site file says it has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.messages.header import UNDER_RANGE
from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import COLDEST_C, KELVIN
from canairy.site.model import Camera
from canairy.thermal.celsius_counts import to_counts
from canairy.thermal.eight_bit import Pixels, read_eight_bit
from canairy.thermal.flir_segments import JPEG, check_ended
from canairy.thermal.formats import ReadOptions, read_content, read_thermal_bytes
from canairy.thermal.frame import LinearScale, ThermalFrame
from services.ingest.radiometry import of_file, overridden


@dataclass(frozen=True, slots=True, eq=False)
class Temperatures:
    """uint16 counts (height, width): kelvin = count * scale_k + offset_k. `taken_at` is UTC, None when not told."""

    counts: npt.NDArray[np.uint16]
    scale_k: float
    offset_k: float
    radiometry: Radiometry | None
    taken_at: datetime | None
    flags: tuple[str, ...] = ()


def read_temperatures(path: Path, camera: Camera, *, patient: bool = False) -> Temperatures:
    """The temperatures of a file, with what the site file knows better.

    A FLIR camera writes its temperatures first and its picture behind them: `patient` waits for that too, so that the
    file is not read once more when it is whole.

    Raises:
        IncompleteFile: it ends too early, and may still be being written.
        UnreadableFile: it cannot be read, or has no temperatures; the text names the file and says why.
    """
    content = read_content(path)
    scale = LinearScale(camera.scale.scale_k, camera.scale.offset_c)
    try:
        frame = read_thermal_bytes(content, ReadOptions(scale), path.suffix)
        if patient and content.startswith(JPEG):
            check_ended(content)
        return temperatures(frame, camera)
    except UnreadableFile as error:
        raise type(error)(f"{path.name}: {error}") from error


def temperatures(frame: ThermalFrame, camera: Camera) -> Temperatures:
    """What travels of a thermal frame: linear counts as they are, any other temperatures at 0.01 or 0.04 K a count.

    Raises UnreadableFile when the site file's radiometry leaves no possible temperature.
    """
    known = overridden(frame, camera)
    if known.counts is not None and known.scale is not None:
        counts, scale_k, offset_k = known.counts, known.scale.scale_k, known.scale.offset_c + KELVIN
    else:
        counts, scale_k = to_counts(known.celsius)
        offset_k = 0.0
    cold = known is not frame and float(known.celsius.min()) <= COLDEST_C
    return Temperatures(counts, scale_k, offset_k, of_file(known), known.taken_at, (UNDER_RANGE,) if cold else ())


def read_picture(path: Path) -> Pixels:
    """The pixels of a PNG or JPEG without temperatures; raises as `read_temperatures` does."""
    content = read_content(path)
    try:
        return read_eight_bit(content)
    except UnreadableFile as error:
        raise type(error)(f"{path.name}: {error}") from error
