"""When was a frame captured? One rule for each kind of source.

A live source's own time counts while it is within 2 s of ours; else the time of arrival, flagged. Times of one live
camera only go forward: one that does not is moved to 1 ms after the newest, flagged, unless it is more than 5 s
back. Then our own clock was set back, and moving on would leave the camera in the future: the time of arrival
counts, flagged. A recording keeps the time in it; what is pushed keeps its own and must come in order, but for a
clock that was set back. Nothing comes from the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from canairy.errors import InvalidMessage
from canairy.messages import wire
from canairy.messages.header import CLOCK_CORRECTED, TIME_ASSIGNED

TRUSTED: Final = timedelta(seconds=2)
FUTURE: Final = timedelta(seconds=5)
SET_BACK: Final = timedelta(seconds=5)
STEP: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The time that counts, UTC, and what is uncertain about it."""

    captured_at: datetime
    flags: tuple[str, ...] = ()


def live_stamp(taken_at: datetime | None, arrived_at: datetime, newest: datetime | None) -> Stamp:
    """For a source that runs in real time; `newest` is the newest time given to this camera so far."""
    stamp = _trusted(taken_at, arrived_at)
    if newest is None or stamp.captured_at > newest:
        return stamp
    if newest - arrived_at > SET_BACK:
        return Stamp(arrived_at, (CLOCK_CORRECTED,))
    return Stamp(newest + STEP, (CLOCK_CORRECTED,))


def recorded_stamp(taken_at: datetime | None, assigned: bool, now: datetime) -> Stamp:
    """For a file; raises InvalidMessage without a time, or with one that cannot be."""
    return Stamp(possible(taken_at, now), (TIME_ASSIGNED,) if assigned else ())


def pushed_stamp(taken_at: datetime | None, now: datetime, newest: datetime | None) -> Stamp:
    """For a pushed frame; raises InvalidMessage without a time, with one that cannot be, or out of order."""
    captured_at = possible(taken_at, now)
    # A newest frame of the future was taken before our clock was set back, and its sender's clock with it.
    if newest is not None and captured_at < newest <= now + FUTURE:
        raise InvalidMessage(
            f"captured at {text(captured_at)}, older than the newest frame ({text(newest)}): send a camera's in order"
        )
    return Stamp(captured_at)


def possible(moment: datetime | None, now: datetime) -> datetime:
    """The moment itself; raises InvalidMessage when absent, before 2000, or over 5 s in the future."""
    if moment is None:
        raise InvalidMessage("no time: it must say when it was captured")
    wire.moment(wire.timestamp(moment), "its time")
    if moment - now > FUTURE:
        raise InvalidMessage(f"captured at {text(moment)}, in the future: here it is {text(now)}. Compare the clocks")
    return moment


def text(moment: datetime) -> str:
    """A time as people read it, with its date, UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def _trusted(taken_at: datetime | None, arrived_at: datetime) -> Stamp:
    if taken_at is None:
        return Stamp(arrived_at, (TIME_ASSIGNED,))
    if abs(taken_at - arrived_at) <= TRUSTED:
        return Stamp(taken_at)
    return Stamp(arrived_at, (CLOCK_CORRECTED,))
