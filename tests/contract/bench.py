"""What the contract tests need of a broker: one bench in memory, one on the real Kafka, told apart by nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn, Protocol

from kafka import KafkaAdminClient
from kafka.admin import MemberToRemove, NewTopic

from canairy.settings import KafkaSettings
from canairy.stream.broker import Batch, Channel, Outgoing, Partition, Producer, Received
from canairy.stream.kafka import KafkaChannel, KafkaProducer
from canairy.stream.kafka.client import client_options
from canairy.stream.kafka.producer import send_all
from canairy.stream.kafka.reader import read_partition
from canairy.stream.kafka.writers import PlainWriter, TransactionalWriter
from canairy.stream.memory import MemoryBroker, MemoryChannel
from canairy.topics import BY_NAME, FRAMES, Topic, dead_letters

# Bounds how long a test waits for the real broker before it fails; nothing is measured by it.
PATIENCE_POLLS = 120
# As short as a busy machine allows: what waits for the end of a session waits this long.
SESSION_S = 3.0


class DeathError(Exception):
    """Stands for a process that dies: nobody catches it."""


class Bench(Protocol):
    """A broker with four topics: what comes in (two partitions), what goes out, a state, and the dead letters."""

    source: Topic
    sink: Topic
    state: Topic
    dead: Topic

    def channel(self, *, transactional: bool = False) -> Channel: ...
    def producer(self) -> Producer: ...
    def records(self, topic: str) -> list[Received]: ...
    def expire(self, channel: Channel) -> None:
        """End a member's session, as the broker does with a process that it no longer hears."""

    def die_before_commit(self, channel: Channel) -> None:
        """Let the channel's next publish write everything, and the process die before it commits."""


def _topics(name: str) -> tuple[Topic, Topic, Topic, Topic]:
    source = Topic(f"{name}.in", 2)
    dead = replace(BY_NAME[dead_letters(FRAMES)], name=dead_letters(source.name))
    return source, Topic(f"{name}.out"), Topic(f"{name}.state", 2), dead


class MemoryBench:
    def __init__(self) -> None:
        topics = _topics("t")
        self.source, self.sink, self.state, self.dead = topics
        self.broker = MemoryBroker(topics)
        self._transactional: set[Channel] = set()

    def channel(self, *, transactional: bool = False) -> Channel:
        channel = self.broker.channel("group", [self.source.name])
        if transactional:
            self._transactional.add(channel)
        return channel

    def producer(self) -> Producer:
        return self.broker.producer()

    def records(self, topic: str) -> list[Received]:
        return self.broker.records(topic)

    def expire(self, channel: Channel) -> None:
        assert isinstance(channel, MemoryChannel)
        self.broker.expire(channel)

    def die_before_commit(self, channel: Channel) -> None:
        """Every publish in memory is one transaction; one that is not meant to be leaves its messages behind."""

        def publish(outgoing: Sequence[Outgoing], _consumed: object, _membership: object) -> NoReturn:
            if channel not in self._transactional:
                self.broker.append(outgoing)
            raise DeathError("between produce and commit")

        channel.publish = publish  # type: ignore[method-assign, assignment]


class KafkaBench:
    def __init__(self, bootstrap: str) -> None:
        self.settings = KafkaSettings(kafka_bootstrap=bootstrap, kafka_session_timeout_s=SESSION_S)
        self.name = f"contract-{uuid.uuid4().hex[:8]}"
        self.source, self.sink, self.state, self.dead = topics = _topics(self.name)
        self._partitions = {topic.name: topic.partitions for topic in topics}
        self._admin = KafkaAdminClient(**client_options(self.settings))
        self._admin.create_topics([NewTopic(t.name, t.partitions, 1, topic_configs=t.kafka_config()) for t in topics])
        self._channels: list[KafkaChannel] = []
        self._producers: list[KafkaProducer] = []

    @property
    def transactional_id(self) -> str:
        return f"{self.name}-judge"

    def channel(self, *, transactional: bool = False) -> Channel:
        identity = self.transactional_id if transactional else None
        channel = KafkaChannel(self.settings, self.name, [self.source], identity)
        self._channels.append(channel)
        return channel

    def producer(self) -> Producer:
        producer = KafkaProducer(self.settings)
        self._producers.append(producer)
        return producer

    def records(self, topic: str) -> list[Received]:
        numbers = range(self._partitions[topic])
        return [record for n in numbers for record in read_partition(self.settings, Partition(topic, n))]

    def expire(self, channel: Channel) -> None:
        assert isinstance(channel, KafkaChannel)
        self._remove(channel._consumer.group_metadata().member_id)

    def expire_all(self) -> None:
        """End every session of the group: its processes have died."""
        for member in self._admin.describe_groups([self.name])[self.name]["members"]:
            self._remove(member["member_id"])

    def _remove(self, member: str) -> None:
        self._admin.remove_group_members(self.name, [MemberToRemove(member_id=member)])

    def die_before_commit(self, channel: Channel) -> None:
        assert isinstance(channel, KafkaChannel)
        writer = channel._writer

        def die(*_: object) -> NoReturn:
            raise DeathError("between produce and commit")

        def transact(outgoing: Sequence[Outgoing], *_: object) -> NoReturn:
            assert isinstance(writer, TransactionalWriter)
            writer._client.begin_transaction()
            send_all(writer._client, outgoing, 10)
            die()

        if isinstance(writer, PlainWriter):
            writer._commit = die
        else:
            writer._transact = transact  # type: ignore[attr-defined]

    def close(self) -> None:
        for channel in self._channels:
            channel.close()
        for producer in self._producers:
            producer.close()
        self._admin.close()


def poll_until(channel: Channel, done: Callable[[Batch], bool], limit: int = 100) -> Batch:
    """Poll until a batch is `done`; the messages and the assignment seen on the way are gathered into it."""
    seen = Batch()
    for _ in range(PATIENCE_POLLS):
        batch = channel.poll(0.5, limit)
        assigned = batch.assigned if batch.assigned is not None else seen.assigned
        messages = [*seen.messages, *batch.messages] if batch.assigned is None else []
        seen = replace(batch, messages=messages, assigned=assigned)
        if done(seen):
            return seen
    raise AssertionError(f"not seen in {PATIENCE_POLLS} polls: {seen}")


def settle(channel: Channel) -> None:
    """Poll until the group has come to rest."""
    quiet = 0
    while quiet < 3:
        quiet = 0 if channel.poll(0.3, 1).assigned is not None else quiet + 1


def message(topic: Topic, key: str, value: bytes, partition: int | None = None) -> Outgoing:
    return Outgoing(topic.name, key, value, partition=partition)
