"""On-delay and dead-band: when a condition that is measured again and again becomes an alarm, and when it is over.

All in event time, the capture times of the readings:

- The condition must hold from its first reading over the limit for the on-delay; it is raised by the first reading
  that is at least so much later. A reading under the limit before that starts the count anew.
- An alarm returns when a reading is under the limit by more than the dead-band. In between it stands.
- A lower bound (an under-resolved or over-range target) may be over the limit. Under the limit it says nothing: it
  neither clears an alarm nor ends a count.
- A reading older than the newest may raise, as if it had come in time. It clears nothing and moves no count.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, IntEnum

from services.alerting.judge.memory import Watch
from services.alerting.judge.rules import Timing


class Level(IntEnum):
    """Where a value stands; the greater decides where several limits make one condition."""

    CLEAR = 0  # under the limit by more than the dead-band
    NEAR = 1  # under the limit, within the dead-band
    UNSURE = 2  # not over, and not known to be under
    OVER = 3  # at the limit or above


class Turn(Enum):
    """What a reading does to an alarm."""

    NONE = "none"
    RAISE = "raise"
    RETURN = "return"


def level_of(value: float, limit: float, dead_band_k: float, lower_bound: bool) -> Level:
    """Where `value` stands, in the unit of `limit`."""
    if value >= limit:
        return Level.OVER
    if lower_bound:
        return Level.UNSURE
    return Level.CLEAR if value < limit - dead_band_k else Level.NEAR


def turn(watch: Watch, at: datetime, level: Level, timing: Timing, late: bool) -> Turn:
    """Move the count on by one reading taken `at`, and say what becomes of the alarm."""
    if late:
        return _late(watch, at, level, timing)
    if level is Level.OVER:
        if watch.over_since is None:
            watch.over_since = at
        held = at - watch.over_since >= timing.on_delay
        return Turn.RAISE if held and not watch.active else Turn.NONE
    if watch.active:
        return _return(watch) if level is Level.CLEAR else Turn.NONE
    if level is not Level.UNSURE:
        watch.over_since = None
    return Turn.NONE


def _return(watch: Watch) -> Turn:
    watch.over_since = None
    return Turn.RETURN


def _late(watch: Watch, at: datetime, level: Level, timing: Timing) -> Turn:
    if level is not Level.OVER or watch.active:
        return Turn.NONE
    began = watch.over_since if watch.over_since is not None and watch.over_since <= at else at
    if at - began < timing.on_delay:
        return Turn.NONE
    if watch.over_since is None:
        watch.over_since = began
    return Turn.RAISE
