"""Is this reading new, a repeat, or too late? Decided by capture times alone, so that a replay decides alike.

- A reading whose (captured_at, frame) is remembered is a repeat.
- A reading older than 5 s behind the asset's newest is late: counted, and nothing else. So is one that is older than
  all that a full memory holds, since nobody could tell whether it is a repeat.
- A point of which nothing is remembered is measured by the newest reading of its camera, where that runs live: what
  was forgotten (a hot spot that is gone) must not come alive again when its last messages are repeated.
- What is older than the newest and not late may raise an alarm. It clears none, and moves no on-delay.
"""

from __future__ import annotations

from bisect import insort
from datetime import datetime, timedelta
from enum import Enum
from operator import itemgetter
from typing import Final

from canairy.messages.state import Capture

LATENESS: Final = timedelta(seconds=5)
# Twice the lateness: a camera that runs 5 s ahead of its group must still know what it saw 5 s before the others.
KEPT: Final = timedelta(seconds=10)


class Arrival(Enum):
    """What a reading is when it comes."""

    NEW = "new"
    REPEATED = "repeated"
    LATE = "late"


def arrival(captures: list[Capture], captured_at: datetime, frame: str, most: int) -> Arrival:
    """Judge a reading against the captures remembered of its asset (oldest first, `most` at most)."""
    if not captures or captures[-1][0] < captured_at:
        return Arrival.NEW
    if known(captures, captured_at, frame):
        return Arrival.REPEATED
    forgotten = len(captures) >= most and captured_at < captures[0][0]
    return Arrival.LATE if forgotten or captured_at < captures[-1][0] - LATENESS else Arrival.NEW


def known(captures: list[Capture], captured_at: datetime, frame: str) -> bool:
    """Whether this very reading is remembered."""
    for capture in reversed(captures):
        if capture[0] < captured_at:
            return False
        if capture[0] == captured_at and capture[1] == frame:
            return True
    return False


def remember(captures: list[Capture], capture: Capture, most: int, kept: timedelta | None = KEPT) -> None:
    """Add a capture in order of time, and let go of what is older than `kept` behind the newest, or one too many."""
    if not captures or captures[-1][0] <= capture[0]:
        captures.append(capture)
    else:
        insort(captures, capture, key=itemgetter(0))
    surplus = max(0, len(captures) - most)
    if kept is not None:
        horizon = captures[-1][0] - kept
        while captures[surplus][0] < horizon:
            surplus += 1
    del captures[:surplus]
