"""Reading whole partitions without a group: state at take-over, the alarm view, `canairy tail`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from canairy.errors import BrokerUnavailable
from canairy.settings import KafkaSettings
from canairy.stream.broker import Partition, Received
from canairy.stream.kafka.client import REQUEST_TIMEOUT_S, connect, consumer_options, received, translated
from canairy.stream.kafka.out_of_range import NOT_THERE, go_on_with_oldest

TIMEOUT_MS = int(REQUEST_TIMEOUT_S * 1000)


def read_partition(settings: KafkaSettings, partition: Partition) -> Iterator[Received]:
    """Every committed message of a partition up to its end as of now; raises BrokerUnavailable."""
    target = TopicPartition(partition.topic, partition.number)
    with translated(f"read {partition.topic}/{partition.number}"):
        consumer = connect(KafkaConsumer, consumer_options(settings))
        try:
            consumer.assign([target])
            consumer.seek_to_beginning(target)
            end = consumer.end_offsets([target], timeout_ms=TIMEOUT_MS)[target]
            yield from _read_to(consumer, target, end)
        finally:
            consumer.close()


def _read_to(consumer: Any, target: Any, end: int) -> Iterator[Received]:  # noqa: ANN401 - the client ships no types
    came_to, deadline = -1, 0.0
    while (position := _position(consumer, target)) < end:
        if position > came_to:
            came_to, deadline = position, time.monotonic() + REQUEST_TIMEOUT_S
        elif time.monotonic() > deadline:
            # The client itself would wait for a broker that has gone away as long as it takes.
            raise BrokerUnavailable(f"{target.topic}/{target.partition} ends at {end}, nothing comes after {position}")
        for record in consumer.poll(timeout_ms=1000, max_records=5000).get(target, ()):
            yield received(record)


def _position(consumer: Any, partition: Any) -> int:  # noqa: ANN401
    position: int | None = consumer.position(partition, timeout_ms=TIMEOUT_MS)
    if position is None:
        raise BrokerUnavailable(f"no position in {partition.topic}/{partition.partition} for {REQUEST_TIMEOUT_S:.0f} s")
    return position


class KafkaReader:
    """As `Reader`: follows every partition of `topics`, from the start or from now on; connects when first polled."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str], *, from_start: bool = True) -> None:
        self._settings = settings
        self._topics = topics
        self._from_start = from_start
        self._consumer: Any = None

    def poll(self, timeout_s: float, limit: int) -> Sequence[Received]:
        """As `Reader.poll`."""
        with translated(f"read {', '.join(self._topics)}"):
            try:
                records = self._connected().poll(timeout_ms=int(timeout_s * 1000), max_records=limit)
            except NOT_THERE as error:
                # Counted, and not logged: a command prints what it reads.
                list(go_on_with_oldest(self._connected(), error))
                return ()
        return [received(record) for chunk in records.values() for record in chunk]

    def at_end(self) -> bool:
        """As `Reader.at_end`; asks the broker, so raises BrokerUnavailable while it is away."""
        with translated("ask for the end"):
            consumer = self._connected()
            ends = consumer.end_offsets(list(consumer.assignment()), timeout_ms=TIMEOUT_MS)
            return all(_position(consumer, partition) >= end for partition, end in ends.items())

    def seek(self, partition: Partition, offset: int) -> None:
        """As `Reader.seek`."""
        with translated("seek"):
            self._connected().seek(TopicPartition(partition.topic, partition.number), offset)

    def close(self) -> None:
        """As `Reader.close`."""
        if self._consumer is not None:
            self._consumer.close()

    def _connected(self) -> Any:  # noqa: ANN401
        if self._consumer is None:
            consumer = connect(KafkaConsumer, consumer_options(self._settings))
            try:
                self._assign(consumer)
            except BaseException:
                consumer.close()
                raise
            self._consumer = consumer
        return self._consumer

    def _assign(self, consumer: Any) -> None:  # noqa: ANN401
        found = {topic: consumer.partitions_for_topic(topic) or () for topic in self._topics}
        missing = [topic for topic, numbers in found.items() if not numbers]
        if missing:
            # An empty assignment would be at its end at once: "no alarms" where there is no topic of alarms.
            raise BrokerUnavailable(
                f"topic {', '.join(missing)} is missing: make the topics (python -m deploy.local.topics)"
            )
        partitions = [TopicPartition(topic, number) for topic, numbers in found.items() for number in numbers]
        consumer.assign(partitions)
        (consumer.seek_to_beginning if self._from_start else consumer.seek_to_end)(*partitions)
