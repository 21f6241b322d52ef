"""Writing without reading: ingest's frames, the commands of operators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kafka import KafkaProducer as Client

from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing
from canairy.stream.kafka.client import producer_options, translated
from canairy.stream.kafka.writers import close_now, send_all


class KafkaProducer:
    """As `Producer`; connects when it first sends, and again after a failure."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client: Any = None

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        """As `Producer.send`: raises BrokerUnavailable when not all was confirmed; what was may be sent again."""
        with translated("write"):
            if self._client is None:
                self._client = Client(**producer_options(self._settings))
            send_all(self._client, messages, timeout_s)

    def close(self) -> None:
        """As `Producer.close`; everything sent was confirmed already."""
        if self._client is not None:
            close_now(self._client)
