"""Options and errors of the Kafka client, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

import kafka.errors

from canairy.errors import BrokerUnavailable, ConfigurationError, Fenced
from canairy.settings import KafkaSettings
from canairy.stream.broker import Received
from canairy.topics import MAX_MESSAGE_BYTES, MIB

# Another member has what we thought was ours: whatever we hold must not be written.
TAKEN_OVER: Final = (
    kafka.errors.CommitFailedError,
    kafka.errors.FencedInstanceIdError,
    kafka.errors.IllegalGenerationError,
    kafka.errors.InvalidProducerEpochError,
    kafka.errors.InvalidTxnStateError,
    kafka.errors.ProducerFencedError,
    kafka.errors.RebalanceInProgressError,
    kafka.errors.TransactionAbortedError,
    kafka.errors.UnknownMemberIdError,
)
AWAY: Final = (
    kafka.errors.RetriableError,
    kafka.errors.BrokerNotAvailableError,
    kafka.errors.UnknownBrokerIdError,
    kafka.errors.KafkaConnectionError,
    ConnectionError,
    TimeoutError,
)

REQUEST_TIMEOUT_S: Final = 10.0
BOOTSTRAP_TIMEOUT_S: Final = 3.0


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn the client's errors into ours, saying what was being done."""
    try:
        yield
    except TAKEN_OVER as error:
        raise Fenced(f"{doing}: {type(error).__name__}: {error}") from error
    except AWAY as error:
        raise BrokerUnavailable(f"{doing}: Kafka does not answer ({type(error).__name__}: {error})") from error
    except kafka.errors.AuthorizationError as error:
        raise ConfigurationError(f"{doing}: not allowed ({error}): check the ACLs of this user") from error


def connect(kind: Any, options: dict[str, Any]) -> Any:  # noqa: ANN401 - the client ships no types
    """A consumer or producer; what it had begun is ended when it cannot be made.

    The client starts its thread before it looks for the broker and leaves it running when there is none: a service
    that waits for a broker would gather a thread with every attempt.
    """
    begun: list[Any] = []

    def begin(**config: object) -> Any:  # noqa: ANN401
        client = kind.DEFAULT_CONFIG["kafka_client"](**config)
        begun.append(client)
        _give_up_in_time(client)
        return client

    try:
        return kind(**options, kafka_client=begin)
    except BaseException:
        for client in begun:
            client.close()
        raise


def _give_up_in_time(client: Any) -> None:  # noqa: ANN401
    """Bound the search for the broker: for a TLS handshake that nobody answers the client waits for ever (3.0.12)."""
    manager = client._manager  # noqa: SLF001

    async def give_up() -> None:
        if not manager.bootstrapped:
            for connection in list(manager._conns.values()):  # noqa: SLF001
                connection.close(kafka.errors.KafkaConnectionError("took the connection and then said nothing"))

    client._net.call_later(BOOTSTRAP_TIMEOUT_S, give_up)  # noqa: SLF001


def require_fast_checksums() -> None:
    """Raises ConfigurationError without crc32c's C extension: the client's own takes 60 ms a frame instead of 2."""
    try:
        import_module("crc32c")
    except ImportError as error:
        raise ConfigurationError(f"crc32c cannot be used ({error}): install kafka-python[crc32c]") from error


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """What consumers, producers and admin clients have in common: address, TLS, SASL."""
    require_fast_checksums()
    password = settings.kafka_sasl_password
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "security_protocol": settings.kafka_security_protocol,
        "ssl_cafile": _text(settings.kafka_ca_file),
        "ssl_certfile": _text(settings.kafka_cert_file),
        "ssl_keyfile": _text(settings.kafka_key_file),
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_sasl_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
        # Also how often a consumer without partitions looks up: at 5 ms, standing by cost 5 % of a core.
        "retry_backoff_ms": 50,
        "reconnect_backoff_max_ms": 1000,
        "bootstrap_timeout_ms": int(BOOTSTRAP_TIMEOUT_S * 1000),
        "request_timeout_ms": int(REQUEST_TIMEOUT_S * 1000),
    }
    return options


def consumer_options(settings: KafkaSettings) -> dict[str, Any]:
    """For every consumer: only what is committed, from where we say, nothing by itself."""
    return client_options(settings) | {
        "metrics_enabled": False,
        "isolation_level": "read_committed",
        "auto_offset_reset": "none",
        "enable_auto_commit": False,
        "allow_auto_create_topics": False,
        # One full message must always fit; small fetches would cut frames into many round trips.
        "max_partition_fetch_bytes": MAX_MESSAGE_BYTES,
        "fetch_max_wait_ms": 250,
    }


def producer_options(settings: KafkaSettings) -> dict[str, Any]:
    """For every producer: idempotent, confirmed by the broker; frames are packed already."""
    return client_options(settings) | {
        "metrics_enabled": False,
        # Short, because CONCURRENT_TRANSACTIONS is answered by waiting this long: 100 ms cost 80 ms a transaction.
        "retry_backoff_ms": 5,
        "acks": "all",
        "batch_size": 256 * 1024,
        "max_request_size": MAX_MESSAGE_BYTES + MIB,
        "delivery_timeout_ms": int(REQUEST_TIMEOUT_S * 1000),
        # Shorter than a transaction may take, so that it is the client that says which topic is missing.
        "max_block_ms": int(REQUEST_TIMEOUT_S * 500),
        "allow_auto_create_topics": False,
    }


def received(record: Any) -> Received:  # noqa: ANN401 - the client ships no types
    """The client's record as ours; a missing key is the empty one."""
    return Received(
        record.topic,
        record.partition,
        record.offset,
        (record.key or b"").decode("utf-8", "replace"),
        record.value,
        dict(record.headers or ()),
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )


def _text(path: object) -> str | None:
    return None if path is None else str(path)
