"""The Kafka client behind its narrow port: how it is set up (who may know it: test_04_imports)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from canairy.settings import KafkaSettings
from canairy.stream.kafka.client import consumer_options, producer_options

ROOT = Path(__file__).parents[2]


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_a_transaction_is_not_kept_waiting_and_readers_see_only_what_is_committed() -> None:
    settings = KafkaSettings()

    assert producer_options(settings)["retry_backoff_ms"] == 5
    assert producer_options(settings)["acks"] == "all"
    assert consumer_options(settings)["isolation_level"] == "read_committed"
    assert consumer_options(settings)["enable_auto_commit"] is False


def test_frames_are_packed_already_so_that_kafka_compresses_nothing() -> None:
    assert "compression_type" not in producer_options(KafkaSettings())


@pytest.mark.parametrize("word", ["confluent-kafka", "stream framework"])
def test_a_decision_says_why_this_client_and_no_stream_framework(word: str) -> None:
    decisions = (ROOT / "docs/decisions").glob("*.md")

    assert any(word in file.read_text(encoding="utf-8").lower() for file in decisions)
