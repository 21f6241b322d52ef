"""Options and errors of the Kafka client: what is asked of it, and what becomes of what it raises."""

from __future__ import annotations

import sys
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import kafka.errors
import pytest
from pydantic import SecretStr

from canairy.errors import BrokerUnavailable, ConfigurationError, Fenced
from canairy.settings import KafkaSettings
from canairy.stream.broker import Received
from canairy.stream.kafka import client

Record = namedtuple("Record", "topic partition offset key value headers timestamp")  # noqa: PYI024 - as the client's


@pytest.mark.parametrize(
    ("raised", "meaning"),
    [
        (kafka.errors.CommitFailedError(), Fenced),
        (kafka.errors.IllegalGenerationError(), Fenced),
        (kafka.errors.ProducerFencedError(), Fenced),
        (kafka.errors.InvalidProducerEpochError(), Fenced),
        (kafka.errors.UnknownMemberIdError(), Fenced),
        (kafka.errors.KafkaTimeoutError(), BrokerUnavailable),
        (kafka.errors.KafkaConnectionError(), BrokerUnavailable),
        (kafka.errors.NotCoordinatorError(), BrokerUnavailable),
        (kafka.errors.UnstableOffsetCommitError(), BrokerUnavailable),
        (ConnectionResetError(), BrokerUnavailable),
        (kafka.errors.TopicAuthorizationFailedError(), ConfigurationError),
    ],
)
def test_an_error_of_the_client_says_what_was_being_done(raised: Exception, meaning: type[Exception]) -> None:
    with (
        pytest.raises(meaning, match=f"^commit: .*{type(raised).__name__}|^commit: not allowed"),
        client.translated("commit"),
    ):
        raise raised


@pytest.mark.parametrize(
    "defect", [kafka.errors.MessageSizeTooLargeError(), kafka.errors.IllegalStateError(), KeyError()]
)
def test_a_defect_stays_what_it_is(defect: Exception) -> None:
    with pytest.raises(type(defect)), client.translated("write"):
        raise defect


def test_tls_and_sasl_reach_the_client() -> None:
    password = SecretStr("not a real one")
    settings = KafkaSettings(
        kafka_bootstrap="a:9093,b:9093",
        kafka_security_protocol="SASL_SSL",
        kafka_ca_file=Path("ca.pem"),
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username="canairy",
        kafka_sasl_password=password,
    )

    options = client.client_options(settings)

    assert options["bootstrap_servers"] == ["a:9093", "b:9093"]
    assert (options["security_protocol"], options["ssl_cafile"]) == ("SASL_SSL", "ca.pem")
    assert (options["sasl_mechanism"], options["sasl_plain_username"]) == ("SCRAM-SHA-512", "canairy")
    assert options["sasl_plain_password"] == password.get_secret_value()
    assert options["ssl_certfile"] is None


def test_consumers_see_what_is_committed_and_commit_nothing_by_themselves() -> None:
    options = client.consumer_options(KafkaSettings())

    assert options["isolation_level"] == "read_committed"
    assert options["enable_auto_commit"] is False
    assert options["auto_offset_reset"] == "none"


def test_without_the_fast_checksums_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    # As for a package that is there and cannot be imported: the client would go on with its slow ones in silence.
    monkeypatch.setitem(sys.modules, "crc32c", None)

    with pytest.raises(ConfigurationError, match=r"install kafka-python\[crc32c\]"):
        client.client_options(KafkaSettings())


def test_a_record_without_key_and_headers_is_received_as_one_with_empty_ones() -> None:
    record = Record("t", 1, 7, None, None, None, 1_772_334_727_500)

    assert client.received(record) == Received(
        "t", 1, 7, "", None, {}, datetime(2026, 3, 1, 3, 12, 7, 500_000, tzinfo=UTC)
    )


def test_a_key_that_is_not_text_is_received_all_the_same() -> None:
    assert client.received(Record("t", 0, 0, b"cam-\xff", b"", [("a", b"b")], 0)).key == "cam-\ufffd"


class Net:
    """Stands for the client's network: its connections and the thread that serves them."""

    begun: ClassVar[list[Net]] = []

    def __init__(self, **config: Any) -> None:  # noqa: ANN401 - the client's own options
        self.config = config
        self.closed = False
        self.begun.append(self)
        self._manager = self._net = self

    def call_later(self, _seconds: float, _task: object) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class Consumer:
    """Stands for the client: it begins its network and then looks for the broker."""

    DEFAULT_CONFIG: ClassVar[dict[str, Any]] = {"kafka_client": Net}

    def __init__(self, kafka_client: Any, *, there: bool) -> None:  # noqa: ANN401
        self.net = kafka_client(client_id="canairy")
        if not there:
            raise kafka.errors.KafkaTimeoutError("nobody there")


def test_a_client_that_finds_no_broker_leaves_nothing_running() -> None:
    Net.begun.clear()

    with pytest.raises(kafka.errors.KafkaTimeoutError):
        client.connect(Consumer, {"there": False})

    assert [net.closed for net in Net.begun] == [True]


def test_a_client_that_finds_its_broker_is_left_running() -> None:
    consumer = client.connect(Consumer, {"there": True})

    assert not consumer.net.closed
    assert consumer.net.config == {"client_id": "canairy"}
