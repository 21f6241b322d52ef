"""Alerts as a read_committed consumer sees them, and how long after the capture it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from canairy.alerts import Alert
from canairy.settings import KafkaSettings
from canairy.stream.broker import Received
from canairy.stream.kafka import KafkaReader
from canairy.topics import ALERTS


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert, the record that carried it, and when the consumer had it (UTC)."""

    alert: Alert
    record: Received
    at: datetime

    @property
    def latency_ms(self) -> float:
        """From the capture of the frame that made it, ms."""
        return (self.at - self.alert.captured_at).total_seconds() * 1000


class AlertReader:
    """Reads what comes on thermal.alerts from now on; the canary's heartbeats are left out."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._reader = KafkaReader(settings, [ALERTS], from_start=False)
        # The first poll fixes "from now on".
        self._reader.poll(0.1, 1)

    def close(self) -> None:
        """Free the connection."""
        self._reader.close()

    def collect(self, seconds: float, enough: Callable[[Sequence[Seen]], bool] = lambda _seen: False) -> list[Seen]:
        """All that is seen within `seconds`, or until it is `enough`."""
        seen: list[Seen] = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not enough(seen):
            records = self._reader.poll(min(left, 0.5), 500)
            now = datetime.now(UTC)
            alerts = ((record, Alert.parse(record.value)) for record in records)
            seen += [Seen(alert, record, now) for record, alert in alerts if not alert.heartbeat]
        return seen


def quantile(values: Sequence[float], share: float) -> float:
    """The value under which `share` of `values` lie (nearest rank); 0 when there is none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
