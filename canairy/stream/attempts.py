"""What the group remembers beside a committed offset: whether the last owner stopped well, and how often it died.

A process that dies leaves no word, so a position without the word `stopped` is suspect: the messages after it are
handled one at a time, and before each one the attempt is written down. The third death inside `handle` of the same
message sends it to the dead letters.
"""

from __future__ import annotations

from typing import Final

from canairy.stream.broker import Position

STOPPED: Final = "stopped"
ATTEMPT: Final = "attempt "
# After this many deaths inside the same message it is given up.
DEATHS: Final = 3


def suspect(committed: Position | None) -> bool:
    """Whether the last owner may have died in the messages after this position; a new group is not suspect."""
    return committed is not None and committed.note != STOPPED


def deaths(committed: Position | None) -> int:
    """How often a process died inside the message at this position."""
    if committed is None or not committed.note.startswith(ATTEMPT):
        return 0
    number = committed.note.removeprefix(ATTEMPT)
    return int(number) if number.isdecimal() else 0


def attempt(offset: int, number: int) -> Position:
    """The position to commit before attempt `number` of the message at `offset`."""
    return Position(offset, f"{ATTEMPT}{number}")


def stopped(offset: int) -> Position:
    """The position to commit when everything before `offset` is done and the process goes away."""
    return Position(offset, STOPPED)
