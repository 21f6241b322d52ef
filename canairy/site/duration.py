"""Durations as people write them: 10s, 5m, 1h30m, 250ms."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

UNITS: Final = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
# For editors, which know no `fullmatch`.
DURATION_PATTERN: Final = r"^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$"
WHOLE: Final = re.compile(DURATION_PATTERN)


def parse_duration(text: Any) -> timedelta:  # noqa: ANN401 - pydantic hands over whatever the file holds
    """A duration such as 10s or 1h30m; raises ValueError for anything else, a bare number included."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration: write 250ms, 10s, 5m, 1h30m or 2d")
    try:
        return sum((timedelta(**{UNITS[unit]: float(number)}) for number, unit in PART.findall(text)), timedelta())
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long: no duration here is counted in millions of years") from error


def written(duration: timedelta) -> str:
    """A duration as a site file has it: 90 minutes are 1h30m."""
    left_ms = duration // timedelta(milliseconds=1)
    parts = []
    for unit, name in (("d", "days"), ("h", "hours"), ("m", "minutes"), ("s", "seconds"), ("ms", "milliseconds")):
        number, left_ms = divmod(left_ms, timedelta(**{name: 1}) // timedelta(milliseconds=1))
        parts += [f"{number}{unit}"] * (number > 0)
    return "".join(parts) or "0s"
