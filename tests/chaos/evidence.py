"""The one program that judges: it reads the topics from their start to their end under read_committed, and nothing else
of the run."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from canairy.alerts import Alert
from canairy.errors import BrokerUnavailable, InvalidMessage
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY, MODEL_UNAVAILABLE
from canairy.messages.reading import Reading
from canairy.settings import KafkaSettings
from canairy.stream import dead_letter as dlq
from canairy.stream import schema
from canairy.stream.broker import Partition, Received
from canairy.stream.kafka.reader import read_partition
from canairy.topics import ALERTS, AUDIT, BY_NAME, CONSUMED, FRAMES, READINGS, dead_letters
from services.alerting.judge.rules import ANOMALY, COVERAGE, MODELS
from tests.chaos import radiator
from tests.chaos.offsets import left_behind
from tests.chaos.raw import Beat, Captures, Carried, DeadLetter, Decision, Event, Look, Raw, Timed
from tests.chaos.recording import registered


def gather(settings: KafkaSettings, ended_at: datetime, *, models: bool) -> Raw:
    """All that the verdict looks at; raises BrokerUnavailable."""
    told = [Alert.parse(record.value) for record in _records(settings, ALERTS)]
    alarms = [alert for alert in told if not alert.heartbeat]
    # What these say is compared by rules of their own.
    apart = {COVERAGE, *((ANOMALY, MODELS) if models else ())}
    canaries, unreadable = _frames(settings)
    left = left_behind(settings)
    if left is None:
        raise BrokerUnavailable("the groups' offsets cannot be read")
    run = Raw(
        ended_at=ended_at.isoformat(),
        events=sorted(_event(alert) for alert in alarms if alert.condition not in apart),
        timed=[_timed(alert) for alert in alarms if alert.condition == COVERAGE],
        beats=[Beat(alert.id, alert.frame, alert.time.isoformat()) for alert in told if alert.heartbeat],
        decisions=[_decision(record) for record in _records(settings, AUDIT)],
        dead_letters=[_dead(it) for name in CONSUMED for it in _records(settings, dead_letters(name))],
        left_behind=left,
        canaries=canaries,
        unreadable=unreadable,
    )
    return _with_models(run, settings, alarms) if models else run


def _with_models(run: Raw, settings: KafkaSettings, alarms: Iterable[Alert]) -> Raw:
    """The same, and what was said of the models."""
    readings = [Reading.decode(record.value or b"") for record in _records(settings, READINGS)]
    times: defaultdict[str, set[datetime]] = defaultdict(set)
    for reading in readings:
        times[reading.asset].add(reading.header.captured_at)
    return replace(
        run,
        scored=[radiator.ASSET],
        looks=[_look(reading) for reading in readings if reading.asset == radiator.ASSET],
        carried=[_carried(reading) for reading in readings if reading.asset == CANARY],
        captures=[Captures(asset, len(times[asset])) for asset in sorted(registered(models=True))],
        anomalies=[_event(alert) for alert in alarms if alert.condition == ANOMALY],
        away=[_event(alert) for alert in alarms if alert.condition == MODELS],
    )


def _look(reading: Reading) -> Look:
    at, said = reading.header.captured_at.isoformat(), reading.anomaly
    flagged = MODEL_UNAVAILABLE in reading.header.flags
    if said is None:
        return Look(reading.asset, at, None, None, flagged)
    return Look(reading.asset, at, said.score, said.threshold, flagged)


def _carried(reading: Reading) -> Carried:
    header = reading.header
    return Carried(header.frame, header.captured_at.isoformat(), MODEL_UNAVAILABLE in header.flags)


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
