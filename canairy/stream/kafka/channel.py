"""One member of a Kafka consumer group, and the producer that answers for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import kafka.errors
from kafka import KafkaConsumer
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.structs import MemberState, TopicPartition

from canairy.errors import Fenced
from canairy.settings import KafkaSettings
from canairy.stream.broker import Batch, Outgoing, Partition, Position, Received
from canairy.stream.kafka.client import REQUEST_TIMEOUT_S, connect, consumer_options, received, translated
from canairy.stream.kafka.out_of_range import NOT_THERE, go_on_with_oldest
from canairy.stream.kafka.reader import read_partition
from canairy.stream.kafka.site import refuse_another_site
from canairy.stream.kafka.topics import check_topics
from canairy.stream.kafka.writers import PlainWriter, TransactionalWriter, Writer, kafka_offsets
from canairy.stream.troubles import OFFSET_OUT_OF_RANGE, Troubles
from canairy.topics import Topic

TIMEOUT_MS = int(REQUEST_TIMEOUT_S * 1000)


@dataclass(frozen=True, slots=True)
class Membership:
    """The group metadata as it was when the batch was polled, never as it is when the batch is written.

    A process that is frozen past its session and woken again may have joined anew before it writes: with the
    metadata of that moment the broker would let it write everything a second time.
    """

    term: int
    metadata: Any


class KafkaChannel:
    """As `Channel`. With a `transactional_id`, publishing is one transaction; without, at least once.

    All partitions of number n go to one member (range assignment), so that topics with the same count stay together.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: Sequence[Topic],
        transactional_id: str | None = None,
        troubles: Troubles | None = None,
    ) -> None:
        self._settings = settings
        self._topics = topics
        self._group = group
        self._troubles = troubles or Troubles()
        self._consumer: Any = None
        self._term = _Term()
        self._begun: Membership | None = None
        self._writer: Writer = (
            PlainWriter(settings, self._commit)
            if transactional_id is None
            else TransactionalWriter(settings, transactional_id)
        )

    def poll(self, timeout_s: float, limit: int) -> Batch:
        """As `Channel.poll`; connects when it is not connected, and raises ConfigurationError for wrong topics."""
        with translated("poll"):
            consumer = self._connected()
            records = self._fetch(consumer, timeout_s, limit)
            if self._begun is None or self._begun.term != self._term.number:
                return self._begin_term(consumer)
            return Batch([received(record) for chunk in records.values() for record in chunk], None, self._begun)

    def publish(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        """As `Channel.publish`."""
        self._writer.publish(outgoing, kafka_offsets(consumed), self._metadata(membership))

    def note(self, positions: Mapping[Partition, Position], membership: object) -> None:
        """As `Channel.note`."""
        self._metadata(membership)
        with translated("note"):
            self._commit(kafka_offsets(positions))

    def committed(self, partition: Partition) -> Position | None:
        """As `Channel.committed`."""
        with translated("read the committed position"):
            found = self._connected().committed(_kafka(partition), metadata=True, timeout_ms=TIMEOUT_MS)
        return None if found is None or found.offset < 0 else Position(found.offset, found.metadata or "")

    def start_over(self) -> None:
        """As `Channel.start_over`."""
        self._begun = None

    def pause(self) -> None:
        """As `Channel.pause`."""
        if self._consumer is not None:
            self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """As `Channel.resume`."""
        if self._consumer is not None:
            self._consumer.resume(*self._consumer.assignment())

    def read_to_end(self, partition: Partition) -> Iterator[Received]:
        """As `Channel.read_to_end`."""
        return read_partition(self._settings, partition)

    def close(self) -> None:
        """As `Channel.close`."""
        self._writer.close()
        if self._consumer is not None:
            self._consumer.close(autocommit=False, timeout_ms=5000)

    # --- terms: from one sharing-out of the partitions to the next --------------------------------------------

    def _begin_term(self, consumer: Any) -> Batch:  # noqa: ANN401
        self._begun = None
        term, metadata, assigned = self._term.number, consumer.group_metadata(), consumer.assignment()
        if metadata.state is not MemberState.STABLE:
            # Between two terms the client still shows the partitions of the old one.
            return Batch((), frozenset(), None)
        if assigned:
            self._writer.begin_term()
        for partition in assigned:
            self._seek(consumer, partition)
        consumer.resume(*assigned)
        self._begun = Membership(term, metadata)
        return Batch((), frozenset(Partition(p.topic, p.partition) for p in assigned), self._begun)

    def _seek(self, consumer: Any, partition: Any) -> None:  # noqa: ANN401
        committed = consumer.committed(partition, timeout_ms=TIMEOUT_MS)
        if committed is None or committed < 0:
            consumer.seek_to_beginning(partition)
        else:
            consumer.seek(partition, committed)

    def _metadata(self, membership: object) -> Any:  # noqa: ANN401
        if not isinstance(membership, Membership) or membership.term != self._term.number:
            raise Fenced("the partitions were shared out anew since this batch was read")
        return membership.metadata

    # --- the consumer -----------------------------------------------------------------------------------------

    def _connected(self) -> Any:  # noqa: ANN401
        if self._consumer is None:
            consumer = connect(KafkaConsumer, self._options())
            try:
                # Subscribed first: topics that it learns of only after joining make the client join a second time.
                consumer.subscribe([topic.name for topic in self._topics], listener=self._term)
                check_topics(consumer, self._topics)
                refuse_another_site(self._settings, self._group)
            except BaseException:
                consumer.close()
                raise
            self._consumer = consumer
        return self._consumer

    def _options(self) -> dict[str, Any]:
        session_ms = int(self._settings.kafka_session_timeout_s * 1000)
        return consumer_options(self._settings) | {
            "group_id": self._group,
            "session_timeout_ms": session_ms,
            "heartbeat_interval_ms": session_ms // 6,
            "partition_assignment_strategy": (RangePartitionAssignor,),
        }

    def _fetch(self, consumer: Any, timeout_s: float, limit: int) -> dict[Any, list[Any]]:  # noqa: ANN401
        try:
            records: dict[Any, list[Any]] = consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=limit)
        except kafka.errors.NoOffsetForPartitionError:
            # A new group: where it begins is said in `_seek`.
            self.start_over()
            return {}
        except NOT_THERE as error:
            for missed in go_on_with_oldest(consumer, error):
                self._troubles.happened(OFFSET_OUT_OF_RANGE, missed)
            return {}
        return records

    def _commit(self, offsets: Mapping[Any, Any]) -> None:
        self._connected().commit(dict(offsets), timeout_ms=TIMEOUT_MS)


class _Term(ConsumerRebalanceListener):  # type: ignore[misc] # the client ships no types
    """Counts the changes of the assignment. Called by the client's own thread."""

    def __init__(self) -> None:
        self.number = 0

    def on_partitions_revoked(self, revoked: object) -> None:
        """Partitions are taken away; what was read from them must not be committed any more."""
        del revoked
        self.number += 1

    def on_partitions_assigned(self, assigned: object) -> None:
        """Partitions are given."""
        del assigned
        self.number += 1


def _kafka(partition: Partition) -> Any:  # noqa: ANN401
    return TopicPartition(partition.topic, partition.number)
