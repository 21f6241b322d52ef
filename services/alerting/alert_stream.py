"""The alerts of one subscriber, from a resume token on: each has a reader of its own, so a slow one delays nobody."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from canairy.errors import BrokerUnavailable
from canairy.stream.broker import Partition, Reader
from canairy.topics import ALERTS

EARLIEST: Final = "earliest"
TOKEN: Final = re.compile(r"(\d{1,9}):(\d{1,18})", re.ASCII)

OpenAlerts = Callable[[bool], Reader]


class InvalidToken(ValueError):
    """A resume token that this service never gave."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One CloudEvent as it stands on the topic, and the token with which a subscriber goes on after it."""

    cloud_event: bytes
    token: str


class AlertStream:
    """Follows `thermal.alerts`. `open_alerts(from_start)` makes the reader.

    Raises InvalidToken, and BrokerUnavailable when Kafka does not answer at the start; later it waits for Kafka.
    """

    def __init__(self, open_alerts: OpenAlerts, token: str, stopping: threading.Event) -> None:
        after = None if token in {"", EARLIEST} else _place(token)
        self._stopping = stopping
        self._reader = open_alerts(bool(token))
        try:
            if after is not None:
                # An offset that is gone (retention, a topic made anew) begins with the oldest: repeats are harmless.
                self._reader.seek(Partition(ALERTS, after[0]), after[1] + 1)
            # Fixes "from now on" to this moment; without it the first poll would.
            self._reader.at_end()
        except BaseException:
            self._reader.close()
            raise

    def alerts(self) -> Iterator[Alert | None]:
        """Alerts as they come, and None at least once a second, so that the caller can look whether to go on."""
        while not self._stopping.is_set():
            try:
                messages = self._reader.poll(0.5, 100)
            except BrokerUnavailable:
                messages = ()
                self._stopping.wait(0.5)
            for message in messages:
                if message.value is not None:
                    yield Alert(message.value, f"{message.partition}:{message.offset}")
            if not messages:
                yield None
                self._stopping.wait(0.1)

    def close(self) -> None:
        """Free the reader's connection."""
        self._reader.close()


def _place(token: str) -> tuple[int, int]:
    found = TOKEN.fullmatch(token)
    if found is None:
        raise InvalidToken(f"{token[:40]!r} is no resume token: send the last one received, {EARLIEST!r} or none")
    return int(found[1]), int(found[2])
