"""Two ways to write a batch's answers and commit what was read: in two steps, or in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import kafka.errors
from kafka import KafkaProducer as Client
from kafka.structs import OffsetAndMetadata, TopicPartition

from canairy.errors import Fenced
from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing, Partition, Position
from canairy.stream.kafka.client import REQUEST_TIMEOUT_S, producer_options, translated

# How long a transaction may stay open before the broker aborts it: a dead judge holds back readers that long.
TRANSACTION_TIMEOUT_S: Final = 10.0


class Writer(Protocol):
    """How a channel writes."""

    def begin_term(self) -> None:
        """The partitions are ours from now on: shut out whoever had them before."""

    def publish(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, Any], membership: Any) -> None:  # noqa: ANN401
        """Write, wait, commit."""

    def close(self) -> None:
        """Free the connection."""


def kafka_offsets(positions: Mapping[Partition, Position]) -> dict[Any, Any]:
    """Positions as the client wants them."""
    return {
        TopicPartition(partition.topic, partition.number): OffsetAndMetadata(position.offset, position.note, -1)
        for partition, position in positions.items()
    }


def send_all(client: Any, messages: Iterable[Outgoing], timeout_s: float) -> None:  # noqa: ANN401
    """Write all and return when the broker has confirmed each; raises the client's errors."""
    futures = [_send(client, message) for message in messages]
    if futures:
        client.flush(timeout_s)
    for future in futures:
        future.get(timeout=0)


def close_now(client: Any) -> None:  # noqa: ANN401
    """Close a client without waiting for what it still holds: nothing of that was promised to anyone."""
    with suppress(kafka.errors.KafkaError):
        client.close(timeout=0)


class PlainWriter:
    """At least once: everything is confirmed, the state after all else, and then the offsets are committed."""

    def __init__(self, settings: KafkaSettings, commit: Callable[[Mapping[Any, Any]], None]) -> None:
        self._settings = settings
        self._commit = commit
        self._client: Any = None

    def begin_term(self) -> None:
        """Nobody is shut out: what a frozen member writes late is a repeat, and known as such."""

    def publish(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, Any], membership: Any) -> None:  # noqa: ANN401
        """Raises BrokerUnavailable when not all was confirmed: the same batch may be published again."""
        del membership
        with translated("write"):
            if self._client is None:
                self._client = Client(**producer_options(self._settings))
            for state in (False, True):
                send_all(self._client, [m for m in outgoing if m.state is state], REQUEST_TIMEOUT_S)
        with translated("commit"):
            self._commit(offsets)

    def close(self) -> None:
        """Close without waiting: what is not confirmed was not committed either."""
        if self._client is not None:
            close_now(self._client)


class TransactionalWriter:
    """Exactly once: answers, state and offsets stand together or not at all.

    When the outcome of a transaction is not known, the batch is dropped (Fenced) and the next term begins with what
    the broker has: its offsets tell.
    """

    def __init__(self, settings: KafkaSettings, transactional_id: str) -> None:
        self._options = producer_options(settings) | {
            "transactional_id": transactional_id,
            "transaction_timeout_ms": int(TRANSACTION_TIMEOUT_S * 1000),
        }
        self._client: Any = None

    def begin_term(self) -> None:
        """A new producer whose `init_transactions` shuts out every older one, and aborts what it left open."""
        self.close()
        with translated("begin transactions"):
            self._client = Client(**self._options)
            self._client.init_transactions()

    def publish(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, Any], membership: Any) -> None:  # noqa: ANN401
        """Raises Fenced when the transaction did not end well, whatever the cause."""
        outcome = _Outcome()
        # The client waits without limit for a broker that is away; the loop must not.
        worker = threading.Thread(
            target=outcome.run, args=(self._transact, outgoing, offsets, membership), name="transaction", daemon=True
        )
        worker.start()
        worker.join(TRANSACTION_TIMEOUT_S)
        if worker.is_alive():
            self.close()
            raise Fenced(f"transaction without an answer for {TRANSACTION_TIMEOUT_S:.0f} s: start over")
        if outcome.error is not None:
            self.close()
            raise Fenced(f"transaction failed: {type(outcome.error).__name__}: {outcome.error}") from outcome.error

    def close(self) -> None:
        """Close without waiting: an open transaction is aborted by the next `init_transactions`."""
        client, self._client = self._client, None
        if client is not None:
            close_now(client)

    def _transact(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, Any], membership: Any) -> None:  # noqa: ANN401
        client = self._client
        if client is None:
            raise Fenced("no transaction can begin: the last one failed")
        client.begin_transaction()
        for message in outgoing:
            _send(client, message)
        if offsets:
            client.send_offsets_to_transaction(offsets, membership)
        client.commit_transaction()


class _Outcome:
    """What a thread ended with."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def run(self, work: Callable[..., None], *args: object) -> None:
        try:
            work(*args)
        except Exception as error:  # noqa: BLE001 - handed on to the thread that waits
            self.error = error


def _send(client: Any, message: Outgoing) -> Any:  # noqa: ANN401
    return client.send(
        message.topic,
        value=message.value,
        key=message.key.encode(),
        headers=list(message.headers.items()),
        partition=message.partition,
    )
