"""The one program that judges: it reads the topics from their start to their end under read_committed, and nothing else
of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from canairy.alerts import Alert
from canairy.errors import BrokerUnavailable, InvalidMessage
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY
from canairy.settings import KafkaSettings
from canairy.stream import dead_letter as dlq
from canairy.stream import schema
from canairy.stream.broker import Partition, Received
from canairy.stream.kafka.reader import read_partition
from canairy.topics import ALERTS, AUDIT, BY_NAME, CONSUMED, FRAMES, dead_letters
from tests.chaos.offsets import left_behind
from tests.chaos.raw import Beat, DeadLetter, Decision, Event, Raw, Timed

COVERAGE = "coverage"


def gather(settings: KafkaSettings, ended_at: datetime) -> Raw:
    """All that the verdict looks at; raises BrokerUnavailable."""
    told = [Alert.parse(record.value) for record in _records(settings, ALERTS)]
    alarms = [alert for alert in told if not alert.heartbeat]
    canaries, unreadable = _frames(settings)
    left = left_behind(settings)
    if left is None:
        raise BrokerUnavailable("the groups' offsets cannot be read")
    return Raw(
        ended_at=ended_at.isoformat(),
        events=sorted(_event(alert) for alert in alarms if alert.condition != COVERAGE),
        timed=[_timed(alert) for alert in alarms if alert.condition == COVERAGE],
        beats=[Beat(alert.id, alert.frame, alert.time.isoformat()) for alert in told if alert.heartbeat],
        decisions=[_decision(record) for record in _records(settings, AUDIT)],
        dead_letters=[_dead(it) for name in CONSUMED for it in _records(settings, dead_letters(name))],
        left_behind=left,
        canaries=canaries,
        unreadable=unreadable,
    )


def _records(settings: KafkaSettings, topic: str) -> Iterator[Received]:
    for number in range(BY_NAME[topic].partitions):
        yield from read_partition(settings, Partition(topic, number))


def _event(alert: Alert) -> Event:
    return Event(alert.alarm, alert.kind, alert.asset, alert.captured_at.isoformat(), alert.priority)


def _timed(alert: Alert) -> Timed:
    return Timed(alert.id, alert.alarm, alert.kind, alert.asset, alert.time.isoformat())


def _decision(record: Received) -> Decision:
    entry = json.loads(record.value or b"{}")
    return Decision(entry["command"], entry["alarm"], entry["outcome"])


def _dead(record: Received) -> DeadLetter:
    about = {name: record.headers.get(name, b"").decode() for name in (dlq.KIND, dlq.PLACE)}
    return DeadLetter(about[dlq.KIND], record.key, about[dlq.PLACE])


def _frames(settings: KafkaSettings) -> tuple[list[str], list[str]]:
    """The canaries that were written, each once, and the places of what nobody can read."""
    canaries: dict[str, None] = {}
    unreadable: list[str] = []
    for record in _records(settings, FRAMES):
        try:
            frame = Frame.decode(schema.payload(record, "Frame"))
            frame.thermogram.counts()
        except InvalidMessage:
            unreadable.append(f"{record.topic}/{record.partition}/{record.offset}")
        else:
            if frame.header.camera == CANARY:
                canaries[frame.header.frame] = None
    return list(canaries), unreadable
