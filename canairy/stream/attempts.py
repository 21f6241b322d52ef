"""What the group remembers beside a committed offset: whether the last owner stopped well, and who died of a message.

A process that dies leaves no word, so a position without the word `stopped` is suspect: the messages after it are
handled one at a time, and before each one the attempt is written down, with the name of who makes it and of those
who died of it before. The third death inside `handle` of the same message sends it to the dead letters.

Names, because an attempt that was not crossed out is not always a death: its owner may have lost its partitions, or
the broker, at that moment. Who takes over again lives, and does not count itself; so with up to three replicas no
message is given up that nobody died of.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Final

from canairy.stream.broker import Position

STOPPED: Final = "stopped"
ATTEMPT: Final = "attempt "
# After this many deaths inside the same message it is given up.
DEATHS: Final = 3
# So many are handled alone after a death, though a batch may be larger: each of them waits for the broker three times,
# and alarms with it. Where the bad one comes later, each death still brings the group so far forward.
ALONE: Final = 64
_NAME: Final = re.compile(r"p[0-9a-f]{8}")


def new_name() -> str:
    """A name for a process, unlike any other's."""
    return f"p{secrets.token_hex(4)}"


def suspect(committed: Position | None, but: str) -> bool:
    """Whether the last owner may have died in the messages after this position; a new group is not suspect.

    Nor is `but`, who asks and so lives, where it was the last to get through: whoever was here since would have
    written its own name before its first message.
    """
    return committed is not None and committed.note not in {STOPPED, but}


def through(offset: int, name: str) -> Position:
    """The position of who got through all messages before `offset`."""
    return Position(offset, name)


def died(committed: Position | None, but: str) -> tuple[str, ...]:
    """Who began with the message at this position and never said how it ended; not `but`, who asks and so lives."""
    if committed is None or not committed.note.startswith(ATTEMPT):
        return ()
    names = committed.note.removeprefix(ATTEMPT).split(" ")
    return tuple(name for name in names if name != but and _NAME.fullmatch(name))


def attempt(offset: int, names: Sequence[str]) -> Position:
    """The position to commit before an attempt of the message at `offset`: who died of it, and who makes it."""
    return Position(offset, f"{ATTEMPT}{' '.join(names)}")


def stopped(offset: int) -> Position:
    """The position to commit when everything before `offset` is done and the process goes away."""
    return Position(offset, STOPPED)
