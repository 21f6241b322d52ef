"""When a file says that it was taken, without its pixels being read: so that a folder can be put in order first."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.thermal.flir_camera import read_camera
from canairy.thermal.flir_records import read_records
from canairy.thermal.flir_segments import JPEG, flir_file
from canairy.thermal.linear_png import creation_time

# FLIR's records stand before the picture. The largest recorded ones are 1.3 MB; pictures of 1024x768 need twice that.
_HEAD_BYTES: Final = 8 * 1024 * 1024


def capture_time(path: Path) -> datetime | None:
    """UTC, by the file itself; None when it does not say, or cannot be read: reading it as a whole says why."""
    with suppress(OSError), path.open("rb") as file:
        return capture_time_in(file)
    return None


def capture_time_in(file: BinaryIO) -> datetime | None:
    """The same of an open file, from its begin."""
    with suppress(UnreadableFile, ConfigurationError):
        begin = file.read(len(JPEG))
        if begin != JPEG:
            file.seek(0)
            return creation_time(file)
        return read_camera(read_records(flir_file(begin + file.read(_HEAD_BYTES))).camera_info).taken_at
    return None
