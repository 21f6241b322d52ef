"""What the driver itself sees of a run while it goes on: to know when all is in, and what there is to acknowledge.

It decides nothing about the verdict.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import datetime

from canairy.alerts import Alert
from canairy.errors import InvalidMessage
from canairy.messages.frame import Frame
from canairy.settings import KafkaSettings
from canairy.stream.broker import Partition, Received
from canairy.stream.kafka import KafkaReader
from canairy.topics import ALERTS, FRAMES
from services.alerting.judge.rules import COVERAGE, MODELS
from tests.chaos.finding import RAISED
from tests.chaos.recording import acknowledgeable
from tests.chaos.workers import Worker


class Watch(Worker):
    """Follows thermal.alerts and thermal.frames from their start."""

    every_s = 0.1

    def __init__(self, settings: KafkaSettings) -> None:
        super().__init__("watch")
        self._settings = settings
        self._reader: KafkaReader | None = None
        self._lock = threading.Lock()
        self._next: dict[Partition, int] = {}
        self._frames: defaultdict[str, set[str]] = defaultdict(set)
        self._waiting: dict[str, None] = {}
        self._coverage: dict[str, str] = {}
        self._beat_at: datetime | None = None
        self._models_away = False

    def frames(self, camera: str) -> int:
        """How many frames of a camera stand there, repeats not counted."""
        with self._lock:
            return len(self._frames[camera])

    def to_acknowledge(self) -> list[str]:
        """The alarms that are to be acknowledged, oldest first."""
        with self._lock:
            return list(self._waiting)

    def silent(self) -> set[str]:
        """Whose coverage alarm stands."""
        with self._lock:
            return {asset for asset, kind in self._coverage.items() if kind == RAISED}

    def models_away(self) -> bool:
        """Whether the site's alarm about its models stands."""
        with self._lock:
            return self._models_away

    def beat_at(self) -> datetime | None:
        """The time of the newest heartbeat."""
        with self._lock:
            return self._beat_at

    def turn(self) -> None:
        """Take in what came."""
        if self._reader is None:
            self._reader = KafkaReader(self._settings, [ALERTS, FRAMES])
            for partition, offset in self._next.items():
                self._reader.seek(partition, offset)
        for record in self._reader.poll(0.2, 500):
            with self._lock:
                self._next[Partition(record.topic, record.partition)] = record.offset + 1
                self._take(record)

    def close(self) -> None:
        """As `Worker.close`."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _take(self, record: Received) -> None:
        if record.topic == ALERTS:
            self._alert(Alert.parse(record.value))
            return
        try:
            header = Frame.decode(record.value or b"").header
        except InvalidMessage:
            return
        self._frames[header.camera].add(header.frame)

    def _alert(self, alert: Alert) -> None:
        if alert.heartbeat:
            self._beat_at = alert.time
        elif alert.condition == COVERAGE:
            self._coverage[alert.asset] = alert.kind
        elif alert.condition == MODELS:
            self._models_away = alert.kind == RAISED
        elif alert.kind == RAISED and acknowledgeable(alert.asset):
            self._waiting[alert.alarm] = None
