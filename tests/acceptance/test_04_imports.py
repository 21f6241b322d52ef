"""The port to the broker is narrow: who may know Kafka's client, and who may know no transport at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("canairy", "services", "cli", "deploy", "benchmarks")
# Another client would be another adapter beside this one; broker, topics and the bare comparison are Kafka itself.
KNOWS_KAFKA = ("canairy/stream/kafka/", "deploy/", "benchmarks/")
# What decides knows no transport: handlers, rules, boxes, measurements, and all messages.
PURE = (
    "services/*/handler.py",
    "services/alerting/judge/*.py",
    "services/detection/*.py",
    "services/anomaly/measure.py",
    "canairy/messages/*.py",
    "canairy/stream/*.py",
)
ROOTS = {"__main__.py", "settings.py"}


def imported(file: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(file)}


def test_only_the_adapter_and_the_broker_itself_know_the_kafka_client() -> None:
    files = [path for folder in OURS for path in (ROOT / folder).rglob("*.py")]
    knowing = {path.relative_to(ROOT).as_posix() for path in files if "kafka" in tops(path)}

    assert any(name.startswith("canairy/stream/kafka/") for name in knowing)
    assert [name for name in sorted(knowing) if not name.startswith(KNOWS_KAFKA)] == []


@pytest.mark.parametrize("pattern", PURE)
def test_what_decides_knows_no_transport(pattern: str) -> None:
    files = [path for path in ROOT.glob(pattern) if path.name not in ROOTS]

    assert files
    for file in files:
        assert not {"kafka", "grpc", "tritonclient", "socket"} & tops(file), file
        assert not any(name.startswith("canairy.stream.kafka") for name in imported(file)), file


def test_services_do_not_know_each_other() -> None:
    services = [path.name for path in (ROOT / "services").iterdir() if (path / "__main__.py").exists()]

    assert sorted(services) == ["alerting", "anomaly", "detection", "ingest"]
    for service in services:
        for file in (ROOT / "services" / service).rglob("*.py"):
            others = {name.split(".")[1] for name in imported(file) if name.startswith("services.")} - {service}
            assert not others, file
