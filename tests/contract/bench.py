"""What the contract tests need of a broker: one bench in memory, one on the real Kafka, told apart by nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from kafka import KafkaAdminClient
from kafka.admin import MemberToRemove, NewTopic

from canairy.settings import KafkaSettings
from canairy.stream.broker import Batch, Channel, Outgoing, Partition, Producer, Received
from canairy.stream.kafka import KafkaChannel, KafkaProducer
from canairy.stream.kafka.client import client_options
from canairy.stream.kafka.reader import read_partition
from canairy.stream.memory import MemoryBroker, MemoryChannel
from canairy.topics import Topic, dead_letters

# Bounds how long a test waits for the real broker before it fails; nothing is measured by it.
PATIENCE_POLLS = 120


class Bench(Protocol):
    """A broker with four topics: what comes in (two partitions), what goes out, a state, and the dead letters."""

    source: Topic
    sink: Topic
    state: Topic

    def channel(self, *, transactional: bool = False) -> Channel: ...
    def producer(self) -> Producer: ...
    def records(self, topic: str) -> list[Received]: ...
    def expire(self, channel: Channel) -> None: ...


def _topics(name: str) -> tuple[Topic, Topic, Topic, Topic]:
    source = Topic(f"{name}.in", 2)
    return source, Topic(f"{name}.out"), Topic(f"{name}.state", 2), Topic(dead_letters(source.name))


class MemoryBench:
    def __init__(self) -> None:
        topics = _topics("t")
        self.source, self.sink, self.state, _dead = topics
        self.broker = MemoryBroker(topics)

    def channel(self, *, transactional: bool = False) -> Channel:
        del transactional
        return self.broker.channel("group", [self.source.name])

    def producer(self) -> Producer:
        return self.broker.producer()

    def records(self, topic: str) -> list[Received]:
        return self.broker.records(topic)

    def expire(self, channel: Channel) -> None:
        assert isinstance(channel, MemoryChannel)
        self.broker.expire(channel)


class KafkaBench:
    def __init__(self, bootstrap: str) -> None:
        self.settings = KafkaSettings(kafka_bootstrap=bootstrap, kafka_session_timeout_s=6)
        self.name = f"contract-{uuid.uuid4().hex[:8]}"
        self.source, self.sink, self.state, dead = topics = _topics(self.name)
        self._partitions = {topic.name: topic.partitions for topic in topics}
        self._admin = KafkaAdminClient(**client_options(self.settings))
        self._admin.create_topics([NewTopic(t.name, t.partitions, 1) for t in topics])
        self._channels: list[KafkaChannel] = []
        self._producers: list[KafkaProducer] = []
        del dead

    def channel(self, *, transactional: bool = False) -> Channel:
        identity = f"{self.name}-judge" if transactional else None
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
        """End the session from outside, as the broker does with a process that it no longer hears."""
        assert isinstance(channel, KafkaChannel)
        member = channel._consumer.group_metadata().member_id
        self._admin.remove_group_members(self.name, [MemberToRemove(member_id=member)])

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
    """Poll until the group has come to rest: a new one shares out its partitions twice on the real broker."""
    quiet = 0
    while quiet < 3:
        quiet = 0 if channel.poll(0.3, 1).assigned is not None else quiet + 1


def message(topic: Topic, key: str, value: bytes, partition: int | None = None) -> Outgoing:
    return Outgoing(topic.name, key, value, partition=partition)
