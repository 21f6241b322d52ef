"""A peer that takes the connection and then says nothing: every call ends by itself, and leaves nothing running."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from canairy.errors import BrokerUnavailable
from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing
from canairy.stream.kafka import KafkaProducer, KafkaReader, client
from canairy.stream.kafka.patience import within
from canairy.topics import ALERTS

NEW_THREADS_END_S = 10.0


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of a listener that accepts nobody: the kernel takes the connection, and there it ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


# The client drops the socket of a handshake that it gave up, and leaves closing it to Python.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_a_mute_peer_is_a_broker_that_is_away(mute: str, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BOOTSTRAP_TIMEOUT_S", 0.5)
    settings = KafkaSettings.model_validate({"kafka_bootstrap": mute, "kafka_security_protocol": protocol})
    before = threading.active_count()
    producer = KafkaProducer(settings)

    with pytest.raises(BrokerUnavailable, match="write: Kafka does not answer"):
        producer.send([Outgoing(ALERTS, "a", b"")], 1.0)
    with pytest.raises(BrokerUnavailable, match=r"read thermal\.alerts: Kafka does not answer"):
        KafkaReader(settings, [ALERTS]).poll(0.1, 1)

    deadline = time.monotonic() + NEW_THREADS_END_S
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() == before
    gc.collect()


def test_what_ends_in_time_answers_or_raises_as_if_called_here() -> None:
    assert within(5.0, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5.0, lambda: 1 // 0)


def test_what_does_not_end_in_time_is_left_behind() -> None:
    ended = threading.Event()

    with pytest.raises(TimeoutError, match="no answer within 0 s"):
        within(0.05, ended.wait)
    ended.set()
