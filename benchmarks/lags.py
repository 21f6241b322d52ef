"""How late readings are: from a frame's arrival at ingest to its reading on the topic."""

from __future__ import annotations

import time
from typing import NamedTuple

from canairy.messages.reading import Reading
from canairy.stream.kafka import KafkaReader


class Late(NamedTuple):
    """A reading: seconds from its frame's arrival, and whether it is the first of its frame, which each has once."""

    lag_s: float
    first: bool


def collect_readings(reader: KafkaReader, seconds: float) -> list[Late]:
    """Each reading that comes within `seconds`; the canary's are left out."""
    found: list[Late] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for record in reader.poll(min(left, 0.5), 5000):
            reading = Reading.decode(record.value or b"")
            if not reading.asset.startswith("_"):
                lag = record.written_at - reading.header.received_at
                found.append(Late(lag.total_seconds(), reading.index == 0))
    return found


def collect_lags(reader: KafkaReader, seconds: float) -> list[float]:
    """The lag of each reading that comes within `seconds`, in seconds; the canary's are left out."""
    return [reading.lag_s for reading in collect_readings(reader, seconds)]
