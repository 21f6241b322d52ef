"""What ffmpeg says on its standard error, with `-loglevel repeat+level+info`: one line a frame, errors, all else.

Its filter `showinfo` writes a line for each frame that passes: when it is to be shown, its format and size.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_SHOWN: Final = re.compile(
    r"\[Parsed_showinfo_(\d{1,9}) @ \S+\] \[info\] n: *\d+ pts: *\S+ +pts_time: *(\S+) .*?fmt:(\S+) "
    r".*?s:(\d{1,9})x(\d{1,9}) "
)
_FAULT: Final = re.compile(r"^(?:\[[^\]]*@ 0x[0-9a-f]+\] )?\[(?:error|fatal|panic)\] (.*)")
_CREATED: Final = re.compile(r"^\[info\] +creation_time +: (\S+)")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame has passed the filter of number `filter_index`: `pts_s` is None when the stream has no times."""

    filter_index: int
    pts_s: float | None
    pixel_format: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something could not be decoded, opened or read; ffmpeg's own words."""

    text: str


@dataclass(frozen=True, slots=True)
class Created:
    """The recording began at this time, says the recording; UTC."""

    at: datetime


def read_line(line: str) -> Shown | Fault | Created | None:
    """What one line says; None for all that is only for people."""
    if shown := _SHOWN.match(line):
        index, pts, pixel_format, width, height = shown.groups()
        pts_s = float(pts) if _NUMBER.fullmatch(pts) else math.inf
        return Shown(int(index), pts_s if math.isfinite(pts_s) else None, pixel_format, int(width), int(height))
    if fault := _FAULT.match(line):
        return Fault(fault[1].strip())
    if created := _CREATED.match(line):
        return _created(created[1])
    return None


def _created(text: str) -> Created | None:
    try:
        moment = datetime.fromisoformat(text)
        return Created(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError):
        # Whoever made the recording chose its time: one at the end of the calendar has no place in UTC.
        return None
