"""How far a group has come since its last commit: what is published need not be committed at once.

A commit costs the broker and the client as much as an answer does. Whoever dies before it leaves what was published
since to be handled again by the next one, which answers repeats as repeats; so it may wait a moment for company, and
not for more than a batch. Where answers and positions stand together in one transaction nothing is left uncommitted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from canairy.stream.broker import Partition, Position

# Of what is published at least once: so much is handled again after a death, at most.
COMMIT_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """Positions up to which all is published, of so many messages, the first of them at `since` of the clock."""

    positions: Mapping[Partition, Position] = field(default_factory=dict)
    messages: int = 0
    since: float = 0.0
    clock: Callable[[], float] = time.monotonic

    def and_then(self, positions: Mapping[Partition, Position], messages: int) -> Uncommitted:
        """So many messages more, up to there."""
        since = self.since if self.positions else self.clock()
        return replace(self, positions={**self.positions, **positions}, messages=self.messages + messages, since=since)

    def may_wait_s(self, every_s: float, most: int) -> float | None:
        """How long a commit may still wait, 0 at `most` messages or more; None when all is committed."""
        if not self.positions:
            return None
        return 0.0 if self.messages >= most else max(0.0, self.since + every_s - self.clock())
