"""The port to the broker: what the loop and the services know of Kafka.

Two adapters are held to the same contract tests: `canairy.stream.kafka` and `canairy.stream.memory`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

# Names the message's type and major version, e.g. b"canairy.v1.Frame"; absent means v1 of what the topic carries.
SCHEMA_HEADER = "schema"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to write. `value` None is a tombstone; `partition` None means: by the hash of the key.

    `state` marks what a step remembers: it is written after all else has been confirmed, so that the memory of a
    message never exists without the answer to it.
    """

    topic: str
    key: str
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)
    partition: int | None = None
    state: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was read, and where it stands. `value` None is a tombstone."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    headers: Mapping[str, bytes]
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll gave, and the group membership under which it was read (opaque to all but the adapter).

    `assigned` is not None when the partitions changed since the poll before: state must be read anew before the
    messages are handled.
    """

    messages: Sequence[Received] = ()
    assigned: frozenset[Partition] | None = None
    membership: object = None


@dataclass(frozen=True, slots=True)
class Position:
    """The next offset to handle, and a note kept beside it."""

    offset: int
    note: str = ""


class Channel(Protocol):
    """One member of a consumer group together with the producer that answers for it.

    Every method may raise BrokerUnavailable; `publish` and `note` raise Fenced when the partitions were lost.
    """

    def poll(self, timeout_s: float, limit: int) -> Batch:
        """At most `limit` messages, in order within each partition; empty when nothing arrives in time."""

    def publish(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        """Write all, wait until the broker has them, then commit `consumed` (if any): last, or in one transaction."""

    def note(self, positions: Mapping[Partition, Position], membership: object) -> None:
        """Commit notes at positions without having handled anything."""

    def committed(self, partition: Partition) -> Position | None:
        """The committed position of the group, or None when there is none."""

    def start_over(self) -> None:
        """Drop what was polled: the next poll tells `assigned` again and begins at the committed positions."""

    def pause(self) -> None:
        """Let polls keep the membership but give no messages."""

    def resume(self) -> None:
        """Let polls give messages again."""

    def read_to_end(self, partition: Partition) -> Iterator[Received]:
        """Every committed message of a partition from its start to its end as of now (tombstones included)."""

    def close(self) -> None:
        """Leave the group at once, so that another member takes over without waiting for the session to end."""


class Producer(Protocol):
    """Writes without reading: ingest, commands. `send` may raise BrokerUnavailable."""

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        """Write all in order per key and return when the broker has them; raises BrokerUnavailable otherwise."""

    def close(self) -> None:
        """Free the connection."""


class Reader(Protocol):
    """Follows whole partitions without a group: the alarm view, `canairy tail`."""

    def poll(self, timeout_s: float, limit: int) -> Sequence[Received]:
        """The next committed messages; raises BrokerUnavailable when it cannot connect.

        Once connected, nothing comes while Kafka is away: `at_end` says whether that is all there is.
        """

    def at_end(self) -> bool:
        """True when all that stood there at the last look has been read; raises BrokerUnavailable."""

    def seek(self, partition: Partition, offset: int) -> None:
        """Let the next poll of `partition` begin at `offset`; at its oldest message when there is no such offset."""

    def close(self) -> None:
        """Free the connection."""
