"""When was a file's picture taken? The time in it, else in its name, else counted from a start.

A time in a name is UTC unless the pattern has %z. Without `starts_at` counting begins on 1 January 2000: the same
files then have the same times on every machine and in every replay, which their times of change would not give, and
nobody takes it for a real time. All counted times are flagged `time_assigned`. A time before 2000 is that of a camera
whose clock was never set (they begin in 1970 or on the last day of 1999, by their zone): it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Final

from canairy.site.model import Camera

UNDATED_START: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FileTime:
    """UTC; `assigned` when it was counted."""

    taken_at: datetime
    assigned: bool


def file_time(camera: Camera, embedded: datetime | None, name: str, position: int) -> FileTime:
    """The time of the file called `name`, the `position`-th of its folder (from 0)."""
    told = told_time(camera, embedded, name)
    if told is not None:
        return FileTime(told, assigned=False)
    start = camera.starts_at or UNDATED_START
    return FileTime(start.astimezone(UTC) + timedelta(seconds=position / camera.rate_hz), assigned=True)


def told_time(camera: Camera, embedded: datetime | None, name: str) -> datetime | None:
    """The time in a file, else in its name; None when neither says one."""
    return embedded if embedded is not None and embedded >= UNDATED_START else time_in_name(name, camera.time_pattern)


def time_in_name(name: str, pattern: str | None) -> datetime | None:
    """The time in a file's name without its suffix, by a strptime pattern; None when it does not match.

    A pattern with "/" is for the whole path within the folder, where folders have the date: %Y-%m-%d/%H%M%S.
    """
    if pattern is None:
        return None
    try:
        path = PurePosixPath(name).with_suffix("")
        moment = datetime.strptime(str(path) if "/" in pattern else path.name, pattern)  # noqa: DTZ007 - the zone is added below
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: the first hours of the year 1, or the last of 9999
        return None
