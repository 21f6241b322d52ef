"""How late readings are: from a frame's arrival at ingest to its reading on the topic."""

from __future__ import annotations

import time

from canairy.messages.reading import Reading
from canairy.stream.kafka import KafkaReader


def collect_lags(reader: KafkaReader, seconds: float) -> list[float]:
    """The lag of each reading that comes within `seconds`, in seconds; the canary's are left out."""
    lags: list[float] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for record in reader.poll(min(left, 0.5), 5000):
            reading = Reading.decode(record.value or b"")
            if not reading.asset.startswith("_"):
                lags.append((record.written_at - reading.header.received_at).total_seconds())
    return lags
