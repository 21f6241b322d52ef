"""Which partitions somebody may have died in, as seen by the process that takes them over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from canairy.stream import attempts
from canairy.stream.broker import Partition, Position, Received


@dataclass(slots=True)
class Suspicion:
    """What the notes beside the committed offsets say (`canairy.stream.attempts`), for one term."""

    # Who this process is among those that may have died of a message: the same in all its terms.
    name: str = field(default_factory=attempts.new_name)
    # How many messages of a suspect partition are still handled one at a time, and who died in the first of them.
    _alone: dict[Partition, int] = field(default_factory=dict)
    _died: dict[Partition, tuple[str, ...]] = field(default_factory=dict)
    # Partitions whose committed note does not yet say that somebody is at work.
    _unmarked: set[Partition] = field(default_factory=set)

    def look_back(self, partition: Partition, committed: Position | None, limit: int) -> None:
        """Take in where the last owner came to; after a death up to `limit` messages are handled one at a time."""
        if attempts.suspect(committed, but=self.name):
            self._alone[partition] = min(limit, attempts.ALONE)
            self._died[partition] = attempts.died(committed, but=self.name)
        else:
            self._unmarked.add(partition)

    @property
    def partitions(self) -> int:
        """How many partitions are suspect."""
        return len(self._alone)

    def falls_on(self, partition: Partition) -> bool:
        """Whether the next message of this partition is to be handled alone."""
        return self._alone.get(partition, 0) > 0

    def died_of_next(self, partition: Partition) -> tuple[str, ...]:
        """Who died of the next message of this partition; asked once for each message that is handled alone."""
        self._alone[partition] -= 1
        return self._died.pop(partition, ())

    def begun(self, messages: Sequence[Received]) -> dict[Partition, Position]:
        """What to note before these messages, where the committed note still says that all is well."""
        first = {place(it): attempts.through(it.offset, self.name) for it in reversed(messages)}
        return {partition: position for partition, position in first.items() if partition in self._unmarked}

    def marked(self, partitions: Iterable[Partition]) -> None:
        """These are noted: whoever dies from now on is suspect."""
        self._unmarked.difference_update(partitions)


def place(message: Received) -> Partition:
    """Where a message stands."""
    return Partition(message.topic, message.partition)
