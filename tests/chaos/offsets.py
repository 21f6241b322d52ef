"""Where the topics end and how far each group has come, asked of the broker itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from canairy.errors import BrokerUnavailable
from canairy.settings import KafkaSettings
from canairy.stream.kafka.client import client_options, connect, consumer_options
from canairy.topics import ALL_TOPICS, BY_NAME, CAMERAS, COMMANDS, DETECTIONS, FRAMES, MEASUREMENTS, READINGS
from tests.chaos.raw import Left
from tests.chaos.recording import SITE

GROUPS: Final[Mapping[str, Sequence[str]]] = {
    f"{SITE}.detection": (FRAMES,),
    f"{SITE}.anomaly": (DETECTIONS,),
    f"{SITE}.alerting": (READINGS, CAMERAS, MEASUREMENTS, COMMANDS),
}
AWAY: Final = (KafkaError, OSError, BrokerUnavailable)


class Ends:
    """Asks where the topics end; None while the broker does not answer at once."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str] | None = None, timeout_ms: int = 700) -> None:
        self._settings = settings
        self._topics = topics or [topic.name for topic in ALL_TOPICS]
        self._timeout_ms = timeout_ms
        self._consumer: Any = None

    def now(self) -> dict[str, list[int]] | None:
        """The end of each partition of each topic; topics without a message are left out."""
        wanted = [TopicPartition(name, number) for name in self._topics for number in range(BY_NAME[name].partitions)]
        try:
            if self._consumer is None:
                self._consumer = connect(KafkaConsumer, consumer_options(self._settings))
            ends = self._consumer.end_offsets(wanted, timeout_ms=self._timeout_ms)
        except AWAY:
            self.close()
            return None
        found: dict[str, list[int]] = {}
        for partition in wanted:
            found.setdefault(partition.topic, []).append(ends[partition])
        return {name: numbers for name, numbers in found.items() if any(numbers)}

    def close(self) -> None:
        """Let go of the connection; the next question makes another."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()


def left_behind(settings: KafkaSettings) -> list[Left] | None:
    """The partitions whose groups have not come to their end; None while the broker does not answer."""
    consumed = sorted({topic for topics in GROUPS.values() for topic in topics})
    asking = Ends(settings, consumed, timeout_ms=5000)
    try:
        ends = asking.now()
        committed = _committed(settings)
    finally:
        asking.close()
    if ends is None or committed is None:
        return None
    return [
        Left(group, f"{topic}/{number}", come_to, end)
        for group, topics in GROUPS.items()
        for topic in topics
        for number, end in enumerate(ends.get(topic, ()))
        if (come_to := committed[group].get((topic, number), 0 if end == 0 else -1)) != end
    ]


def _committed(settings: KafkaSettings) -> dict[str, dict[tuple[str, int], int]] | None:
    options = {key: value for key, value in client_options(settings).items() if key != "metrics_enabled"}
    try:
        admin = KafkaAdminClient(**options)
    except AWAY:
        return None
    try:
        found = {group: admin.list_group_offsets(group)[group] for group in GROUPS}
    except AWAY:
        return None
    finally:
        admin.close()
    return {group: {(p.topic, p.partition): it.offset for p, it in offsets.items()} for group, offsets in found.items()}
