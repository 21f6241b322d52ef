"""A real broker: started, stopped, killed, continued."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from canairy.errors import BrokerUnavailable
from canairy.settings import KafkaSettings
from canairy.topics import Topic
from deploy.local.jars import ensure_jars
from deploy.local.kafka import Broker
from deploy.local.ports import is_free
from deploy.local.topics import open_admin, prepare_topics

pytestmark = pytest.mark.kafka


def topic_names(broker: Broker) -> list[str]:
    with open_admin(KafkaSettings(kafka_bootstrap=broker.bootstrap)) as admin:
        names: list[str] = admin.list_topics()
        return names


def test_a_broker_starts_answers_and_leaves_no_process_behind(tmp_path: Path) -> None:
    with Broker(tmp_path, ensure_jars()) as broker:
        pid = broker.process.pid
        assert broker.answers()
        assert topic_names(broker) == []

    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert is_free(broker.port)


def test_a_second_start_continues_with_the_same_data_also_after_a_kill(tmp_path: Path) -> None:
    with Broker(tmp_path, ensure_jars()) as first, open_admin(KafkaSettings(kafka_bootstrap=first.bootstrap)) as admin:
        prepare_topics(admin, [Topic("kept")], 0.01)
        assert first.process.pid is not None
        os.kill(first.process.pid, signal.SIGKILL)

    with Broker(tmp_path, ensure_jars()) as second:
        assert "kept" in topic_names(second)


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        broker = Broker(tmp_path, ensure_jars(), port=taken.getsockname()[1])

        with pytest.raises(BrokerUnavailable, match=r"(?s)did not start.*kafka\.log:.*Address already in use"):
            broker.start(timeout_s=30)

    assert not broker.process.running


def test_a_start_that_is_interrupted_leaves_no_process_behind(tmp_path: Path) -> None:
    broker = Broker(tmp_path, ensure_jars())

    with pytest.raises(BrokerUnavailable):
        broker.start(interrupted=after(0.5))

    assert not broker.process.running


def after(seconds: float) -> Callable[[], bool]:
    at = time.monotonic() + seconds
    return lambda: time.monotonic() > at
