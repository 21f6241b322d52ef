"""What a service does with messages: the port between the loop and a service's handler."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from canairy.stream.broker import Outgoing, Partition, Received

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Decoded(Generic[M]):
    """A message that is understood, with the record it came from."""

    record: Received
    message: M


class Step(Protocol[M]):
    """One service's work. `decode` judges each message alone; `handle` reaches the world only through its ports."""

    def decode(self, record: Received, now: datetime) -> M:
        """Understand one record; raises InvalidMessage, and for nothing else than that record's own fault."""

    def handle(self, batch: Sequence[Decoded[M]], now: datetime) -> Iterable[Outgoing]:
        """Handle a batch (maybe empty: time passes) and answer with what to write.

        Raises Unavailable only before it has changed any state of its own.
        """

    def state_of(self, partition: Partition) -> Partition | None:
        """The partition of the state topic that belongs to an input partition; None for a step without state."""

    def forget(self) -> None:
        """Drop all state: the partitions have changed."""

    def restore(self, record: Received) -> None:
        """Take in one record of the state topic, oldest first."""
