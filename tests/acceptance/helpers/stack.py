"""A running stack for tests: Kafka and the four services as `canairy up` runs them, and what a test asks of them."""

from __future__ import annotations

import os
import re
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import grpc
import pytest

from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing
from canairy.stream.kafka import KafkaProducer
from canairy.topics import ALL_TOPICS
from deploy.local.jars import ensure_jars
from deploy.local.models import REPOSITORY
from deploy.local.stack import Plan, Stack
from deploy.local.stack_file import StackFile, read_stack
from protos.canairy.v1.alarm_service_pb2_grpc import AlarmServiceStub
from protos.canairy.v1.ingest_service_pb2_grpc import IngestServiceStub
from tests.acceptance.helpers.log import TopicLog
from tests.acceptance.helpers.waiting import until

T = TypeVar("T")

SHARE: Final = 0.02
ENVIRONMENT: Final = {
    # A busy machine is no reason to skip a frame that a test waits for.
    "CANAIRY_SHED_AFTER_S": "900",
    "CANAIRY_CANARY_PERIOD_S": "5",
    # The clock of a test machine is nobody's concern.
    "CANAIRY_CLOCK_CHECK": "false",
}


@dataclass
class RunningStack:
    """Addresses, processes and topics of a stack; `turn` starts again what died."""

    stack: Stack
    data: Path
    log: TopicLog
    said: list[str] = field(default_factory=list)
    _channels: dict[str, grpc.Channel] = field(default_factory=dict)

    @property
    def file(self) -> StackFile:
        """DATA/stack.json as it is now."""
        return read_stack(self.data)

    @property
    def kafka(self) -> KafkaSettings:
        """How to reach its broker."""
        return KafkaSettings(kafka_bootstrap=self.stack.bootstrap)

    def until(self, look: Callable[[], T | None], what: str) -> T:
        """Wait for a true answer, as the operator's `canairy up` would: dead processes are started again."""
        return until(look, what, meanwhile=self.stack.turn)

    def ingest(self) -> IngestServiceStub:
        """A client of IngestService."""
        return IngestServiceStub(self.channel(self.file.ingest_address))

    def alarms(self) -> AlarmServiceStub:
        """A client of AlarmService."""
        return AlarmServiceStub(self.channel(self.file.alarms_address))

    def channel(self, address: str) -> grpc.Channel:
        """A channel that is closed with the stack."""
        if address not in self._channels:
            self._channels[address] = grpc.insecure_channel(address)
        return self._channels[address]

    def write(self, *messages: Outgoing) -> None:
        """Write straight onto topics, as a producer that is not ours would."""
        producer = KafkaProducer(self.kafka)
        try:
            producer.send(messages, 30)
        finally:
            producer.close()

    def get(self, service: str, path: str) -> str:
        """What a service answers over HTTP."""
        with urllib.request.urlopen(f"http://{self.file.http[service]}{path}", timeout=30) as answer:
            text: str = answer.read().decode()
            return text

    def metric(self, service: str, name: str, /, **labels: str) -> float:
        """The sum of a metric's samples with these labels."""
        return metric(self.get(service, "/metrics"), name, labels)

    def close(self) -> None:
        """End everything."""
        for channel in self._channels.values():
            channel.close()
        self.log.close()
        self.stack.stop()


@contextmanager
def running(
    site_file: Path,
    data: Path,
    without_pixels: Collection[str] = (),
    *,
    kafka_port: int | None = None,
    advertised_port: int | None = None,
    repository: Path = REPOSITORY,
    **more: str,
) -> Iterator[RunningStack]:
    """A stack that is up, ended afterwards; `more` is environment for its services. For Kafka's ports see `Broker`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CANAIRY_") and name != "CANAIRY_TEST_DATA"]:
            patch.delenv(name)
        for name, value in {**ENVIRONMENT, **more}.items():
            patch.setenv(name, value)
        said: list[str] = []
        plan = Plan(
            site_file,
            data,
            ensure_jars(),
            SHARE,
            kafka_port=kafka_port,
            advertised_port=advertised_port,
            repository=repository,
        )
        stack = Stack(plan, said.append, lambda: False)
    try:
        stack.start()
        log = TopicLog(stack.bootstrap, [topic.name for topic in ALL_TOPICS], without_pixels)
        running_stack = RunningStack(stack, data, log, said)
        try:
            yield running_stack
        finally:
            running_stack.close()
    finally:
        stack.stop()


def metric(exposition: str, name: str, labels: Mapping[str, str]) -> float:
    """The sum of the samples of `name` that have these labels, in Prometheus text format."""
    total = 0.0
    for line in exposition.splitlines():
        found = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name:
            has = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
            total += float(found[3]) if labels.items() <= has.items() else 0.0
    return total


def read_json_lines(path: Path) -> list[str]:
    """The lines of a log; empty when there is none."""
    with suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").splitlines()
    return []
