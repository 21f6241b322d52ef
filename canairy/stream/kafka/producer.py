"""Writing without reading: ingest's frames, the commands of operators; and the plain half of a channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import kafka.errors
from kafka import KafkaConsumer
from kafka import KafkaProducer as Client

from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing
from canairy.stream.kafka.client import connect, consumer_options, producer_options, require_fast_checksums, translated
from canairy.stream.kafka.topics import check_topics
from canairy.topics import Topic


class KafkaProducer:
    """As `Producer`; connects when it first sends, and anew after a failure: what it still held is gone then."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[Topic] = ()) -> None:
        """`topics` must be there, with their partitions, when it first connects: else ConfigurationError.

        Raises ConfigurationError at once without fast checksums, so that no service begins to work.
        """
        require_fast_checksums()
        self._settings = settings
        self._unchecked = topics
        self._client: Any = None

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        """As `Producer.send`: raises BrokerUnavailable when not all was confirmed; what was may be sent again."""
        try:
            with translated("write"):
                if self._client is None:
                    self._check_topics()
                    self._client = connect(Client, producer_options(self._settings))
                send_all(self._client, messages, timeout_s)
        except BaseException:
            # Batches left in the client would be written later, behind what is sent after them.
            self.close()
            raise

    def close(self) -> None:
        """As `Producer.close`; everything sent was confirmed already."""
        client, self._client = self._client, None
        if client is not None:
            close_now(client)

    def _check_topics(self) -> None:
        # A consumer is asked: a producer waits for a topic that is missing, and calls that a broker that is away.
        if self._unchecked:
            consumer = connect(KafkaConsumer, consumer_options(self._settings))
            try:
                check_topics(consumer, self._unchecked)
            finally:
                consumer.close()
            self._unchecked = ()


def send_all(client: Any, messages: Iterable[Outgoing], timeout_s: float) -> None:  # noqa: ANN401 - no types
    """Write all and return when the broker has confirmed each; raises the client's errors."""
    futures = [_send(client, message) for message in messages]
    if futures:
        client.flush(timeout_s)
    for future in futures:
        future.get(timeout=0)


def close_now(client: Any) -> None:  # noqa: ANN401
    """Close a client without waiting for what it still holds: nothing of that was promised to anyone."""
    # By itself, close(timeout=0) gives up while batches wait, and its thread goes on to write them.
    client._sender.force_close()  # noqa: SLF001
    client._sender.join(timeout=5)  # noqa: SLF001
    with suppress(kafka.errors.KafkaError):
        client.close(timeout=0)


def _send(client: Any, message: Outgoing) -> Any:  # noqa: ANN401
    return client.send(
        message.topic,
        value=message.value,
        key=message.key.encode(),
        headers=list(message.headers.items()),
        partition=message.partition,
    )
