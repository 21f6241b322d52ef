"""A broker in memory, held to the same contract tests as Kafka: for unit tests, properties and replays.

It keeps groups with generations, committed positions with notes, fencing, and transactions (every publish is one:
it happens whole or not at all). What it does not have: time, disks, and a network that fails half-way.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from canairy.errors import BrokerUnavailable, Fenced
from canairy.stream.broker import Batch, Outgoing, Partition, Position, Received
from canairy.topics import Topic


@dataclass
class _Group:
    members: list[MemoryChannel] = field(default_factory=list)
    generation: int = 0
    committed: dict[Partition, Position] = field(default_factory=dict)


class MemoryBroker:
    """Topics as lists. `available` False makes every call raise BrokerUnavailable."""

    def __init__(self, topics: Iterable[Topic], clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._logs = {Partition(t.name, number): list[Received]() for t in topics for number in range(t.partitions)}
        self._groups: dict[str, _Group] = defaultdict(_Group)
        self._clock = clock
        self.available = True

    def channel(self, group: str, topics: Sequence[str]) -> MemoryChannel:
        """A new member of `group` that reads `topics`."""
        return MemoryChannel(self, group, topics)

    def producer(self) -> MemoryProducer:
        """A writer that reads nothing."""
        return MemoryProducer(self)

    def reader(self, topics: Sequence[str], *, from_start: bool = True) -> MemoryReader:
        """A reader without a group."""
        return MemoryReader(self, topics, from_start=from_start)

    def records(self, topic: str) -> list[Received]:
        """Everything that stands on a topic, partition by partition."""
        return [record for partition in self.partitions(topic) for record in self._logs[partition]]

    def partitions(self, topic: str) -> list[Partition]:
        """The partitions of a topic, in order; raises KeyError for an unknown topic."""
        found = sorted((p for p in self._logs if p.topic == topic), key=lambda p: p.number)
        if not found:
            raise KeyError(topic)
        return found

    def log(self, partition: Partition) -> list[Received]:
        """One partition's messages; raises BrokerUnavailable while the broker is away."""
        self.check()
        return self._logs[partition]

    def check(self) -> None:
        """Raises BrokerUnavailable while the broker is away."""
        if not self.available:
            raise BrokerUnavailable("the broker in memory was told to be away")

    def append(self, messages: Iterable[Outgoing]) -> None:
        """Write all messages, or none when the broker is away."""
        self.check()
        for message in messages:
            partition = self._partition(message)
            log = self._logs[partition]
            record = (message.key, message.value, dict(message.headers), self._clock())
            log.append(Received(partition.topic, partition.number, len(log), *record))

    def _partition(self, message: Outgoing) -> Partition:
        if message.partition is not None:
            return Partition(message.topic, message.partition)
        known = self.partitions(message.topic)
        return known[zlib.crc32(message.key.encode()) % len(known)]

    def group(self, name: str) -> _Group:
        """The group called `name`."""
        return self._groups[name]

    def rebalance(self, name: str) -> None:
        """Begin a new generation, in which each topic's partitions are shared out by range."""
        group = self._groups[name]
        group.generation += 1
        for member in group.members:
            member.owned = frozenset()
        for topic in sorted({topic for member in group.members for topic in member.topics}):
            members = [member for member in group.members if topic in member.topics]
            for index, partition in enumerate(self.partitions(topic)):
                owner = members[index * len(members) // len(self.partitions(topic))]
                owner.owned |= {partition}

    def expire(self, member: MemoryChannel) -> None:
        """End a member's session, as Kafka does with a process that is frozen or cut off."""
        group = self._groups[member.group]
        if member in group.members:
            group.members.remove(member)
            self.rebalance(member.group)


class MemoryChannel:
    """A `Channel` of the broker in memory; it joins its group at its first poll."""

    def __init__(self, broker: MemoryBroker, group: str, topics: Sequence[str]) -> None:
        self._broker = broker
        self.group = group
        self.topics = tuple(topics)
        self.owned: frozenset[Partition] = frozenset()
        self._generation = -1
        self._positions: dict[Partition, int] = {}
        self._paused = False

    def poll(self, timeout_s: float, limit: int) -> Batch:
        """As `Channel.poll`; it never waits."""
        del timeout_s
        self._broker.check()
        group = self._broker.group(self.group)
        if self not in group.members:
            group.members.append(self)
            self._broker.rebalance(self.group)
        if self._generation != group.generation:
            return self._take_over(group)
        messages = [] if self._paused else list(self._fetch(limit))
        for message in messages:
            self._positions[Partition(message.topic, message.partition)] = message.offset + 1
        return Batch(messages, None, self._generation)

    def publish(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        """As `Channel.publish`."""
        self._check(membership)
        self._broker.append(outgoing)
        self._broker.group(self.group).committed.update(consumed)

    def note(self, positions: Mapping[Partition, Position], membership: object) -> None:
        """As `Channel.note`."""
        self._check(membership)
        self._broker.group(self.group).committed.update(positions)

    def committed(self, partition: Partition) -> Position | None:
        """As `Channel.committed`."""
        self._broker.check()
        return self._broker.group(self.group).committed.get(partition)

    def start_over(self) -> None:
        """As `Channel.start_over`."""
        self._generation = -1

    def pause(self) -> None:
        """As `Channel.pause`."""
        self._paused = True

    def resume(self) -> None:
        """As `Channel.resume`."""
        self._paused = False

    def read_to_end(self, partition: Partition) -> Iterator[Received]:
        """As `Channel.read_to_end`."""
        yield from list(self._broker.log(partition))

    def close(self) -> None:
        """As `Channel.close`."""
        self._broker.expire(self)

    def _take_over(self, group: _Group) -> Batch:
        self._generation = group.generation
        start = Position(0)
        self._positions = {partition: group.committed.get(partition, start).offset for partition in self.owned}
        return Batch((), self.owned, self._generation)

    def _fetch(self, limit: int) -> Iterator[Received]:
        left = limit
        for partition in sorted(self.owned, key=lambda p: (p.topic, p.number)):
            position = self._positions[partition]
            chunk = self._broker.log(partition)[position : position + left]
            left -= len(chunk)
            yield from chunk

    def _check(self, membership: object) -> None:
        self._broker.check()
        group = self._broker.group(self.group)
        if membership != group.generation or self not in group.members:
            raise Fenced(f"{self.group}: generation {membership} is over, {group.generation} is in force")


class MemoryProducer:
    """A `Producer` of the broker in memory."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        """As `Producer.send`."""
        del timeout_s
        self._broker.append(messages)

    def close(self) -> None:
        """As `Producer.close`."""


class MemoryReader:
    """A `Reader` of the broker in memory."""

    def __init__(self, broker: MemoryBroker, topics: Sequence[str], *, from_start: bool) -> None:
        self._broker = broker
        self._positions = {
            partition: 0 if from_start else len(broker.log(partition))
            for topic in topics
            for partition in broker.partitions(topic)
        }

    def poll(self, timeout_s: float, limit: int) -> Sequence[Received]:
        """As `Reader.poll`; it never waits."""
        del timeout_s
        found: list[Received] = []
        for partition, position in self._positions.items():
            chunk = self._broker.log(partition)[position : position + limit - len(found)]
            self._positions[partition] += len(chunk)
            found += chunk
        return found

    def at_end(self) -> bool:
        """As `Reader.at_end`."""
        return all(len(self._broker.log(partition)) <= position for partition, position in self._positions.items())

    def seek(self, partition: Partition, offset: int) -> None:
        """As `Reader.seek`."""
        self._positions[partition] = offset if offset <= len(self._broker.log(partition)) else 0

    def close(self) -> None:
        """As `Reader.close`."""
