"""Writing without reading: ingest's frames, the commands of operators; and the plain half of a channel."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import kafka.errors
from kafka import KafkaConsumer
from kafka import KafkaProducer as Client

from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing
from canairy.stream.kafka.client import connect, consumer_options, producer_options, require_fast_checksums, translated
from canairy.stream.kafka.site import refuse_another_site
from canairy.stream.kafka.topics import check_topics
from canairy.topics import Topic


class KafkaProducer:
    """As `Producer`; connects when it first sends, and anew after a failure: what it still held is gone then."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[Topic] = (), group: str = "") -> None:
        """`topics` must be there, with their partitions, when it first connects: else ConfigurationError.

        With a `group` (SITE.SERVICE, of whoever reads what is written here), a broker that serves another site is
        refused then in the same way.

        Raises ConfigurationError at once without fast checksums, so that no service begins to work.
        """
        require_fast_checksums()
        self._settings = settings
        self._unchecked = topics
        self._group = group
        self._client: Any = None

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        """As `Producer.send`: raises BrokerUnavailable when not all was confirmed; what was may be sent again."""
        try:
            with translated("write"):
                if self._client is None:
                    self._check_topics()
                    self._client = connect(Client, producer_options(self._settings))
                send_all(self._client, messages, timeout_s)
        except BaseException as error:
            # Batches left in the client would be written later, behind what is sent after them.
            self.close()
            messages = ()
            _clear_frames(error)
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
            refuse_another_site(self._settings, self._group)
            self._unchecked = ()


def send_all(client: Any, messages: Iterable[Outgoing], timeout_s: float) -> None:  # noqa: ANN401 - no types
    """Write all and return when the broker has confirmed each; raises the client's errors."""
    futures = [_send(client, message) for message in messages]
    if futures:
        client.flush(timeout_s)
    for future in futures:
        future.get(timeout=0)


def _clear_frames(error: BaseException) -> None:
    """Empty the frames behind an error: the client's futures keep their errors, and these the frames with the messages.

    Such a ring waits for the garbage collector, which looks seldom where few objects are made: a broker that was away
    for an hour would cost as much memory as an hour of frames.
    """
    behind: BaseException | None = error
    while behind is not None:
        traceback.clear_frames(behind.__traceback__)
        behind = behind.__context__


def close_now(client: Any) -> None:  # noqa: ANN401
    """Close a client without waiting for what it still holds: nothing of that was promised to anyone."""
    # By itself, close(timeout=0) gives up while batches wait, and its thread goes on to write them.
    client._sender.force_close()  # noqa: SLF001
    client._sender.join(timeout=5)  # noqa: SLF001
    with suppress(kafka.errors.KafkaError):
        client.close(timeout=0)


def _send(client: Any, message: Outgoing) -> Any:  # noqa: ANN401
    try:
        return client.send(
            message.topic,
            value=message.value,
            key=message.key.encode(),
            headers=list(message.headers.items()),
            partition=message.partition,
        )
    except kafka.errors.KafkaTimeoutError as error:
        # The client waits for a topic that is missing, and does not say for which.
        raise kafka.errors.KafkaTimeoutError(f"nothing is heard of topic {message.topic}: {error}") from error
