"""Two ways to write a batch's answers and commit what was read: in two steps, or in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import kafka.errors
from kafka import KafkaProducer as Client
from kafka.structs import OffsetAndMetadata, TopicPartition

from canairy.errors import BrokerUnavailable, Fenced
from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing, Partition, Position
from canairy.stream.kafka.client import REQUEST_TIMEOUT_S, connect, producer_options, translated
from canairy.stream.kafka.patience import within
from canairy.stream.kafka.producer import KafkaProducer, close_now, send_all

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


class PlainWriter:
    """At least once: everything is confirmed, the state after all else, and then the offsets are committed."""

    def __init__(self, settings: KafkaSettings, commit: Callable[[Mapping[Any, Any]], None]) -> None:
        self._producer = KafkaProducer(settings)
        self._commit = commit

    def begin_term(self) -> None:
        """Nobody is shut out: what a frozen member writes late is a repeat, and known as such."""

    def publish(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, Any], membership: Any) -> None:  # noqa: ANN401
        """Raises BrokerUnavailable when not all was confirmed: the same batch may be published again."""
        del membership
        for state in (False, True):
            messages = [message for message in outgoing if message.state is state]
            if messages:
                self._producer.send(messages, REQUEST_TIMEOUT_S)
        if offsets:
            with translated("commit"):
                self._commit(offsets)

    def close(self) -> None:
        """Close without waiting: what is not confirmed was not committed either."""
        self._producer.close()


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
            self._client = connect(Client, self._options)
            self._client.init_transactions()

    def publish(self, outgoing: Sequence[Outgoing], offsets: Mapping[Any, Any], membership: Any) -> None:  # noqa: ANN401
        """Raises Fenced when the broker did not take the transaction; anything else that failed is a defect."""
        try:
            # The client waits without limit for a broker that is away; the loop must not.
            within(TRANSACTION_TIMEOUT_S, lambda: self._transact(outgoing, offsets, membership))
        except Exception as error:  # noqa: BLE001 - looked at below
            self.close()
            _raise(error)

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
        # Each answer is looked at: the client would commit the offsets of a message whose answer it could not send.
        send_all(client, outgoing, TRANSACTION_TIMEOUT_S)
        if offsets:
            client.send_offsets_to_transaction(offsets, membership)
        client.commit_transaction()


def _raise(error: Exception) -> None:
    """A transaction that failed is one that must be looked up again, unless the fault is in what was written."""
    try:
        with translated("transaction"):
            raise error
    except BrokerUnavailable as away:
        raise Fenced(f"outcome not known, start over: {away}") from error
    except kafka.errors.KafkaError as vague:
        # After its first error the client answers every call with a plain KafkaError that hides the cause.
        if type(vague) is kafka.errors.KafkaError:
            raise Fenced(f"transaction: {vague}") from error
        raise
