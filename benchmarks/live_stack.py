"""The whole stack for a benchmark, started and ended, with what a benchmark asks of it."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from kafka.admin import ConfigResource, ConfigResourceType

from canairy.settings import KafkaSettings
from canairy.topics import GIB
from deploy.local.jars import ensure_jars
from deploy.local.models import REPOSITORY
from deploy.local.stack import Plan, Stack
from deploy.local.stack_file import StackFile, read_stack
from deploy.local.topics import open_admin

SET_WITHIN_S: Final = 30.0
TOPIC_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class LiveStack:
    """A stack that is up, and the folder with its data and logs."""

    stack: Stack
    data: Path

    @property
    def file(self) -> StackFile:
        """Its addresses and processes."""
        return read_stack(self.data)

    @property
    def kafka(self) -> KafkaSettings:
        """How to reach its broker."""
        return KafkaSettings(kafka_bootstrap=self.stack.bootstrap)

    def keep(self, names: Iterable[str]) -> None:
        """Let these topics grow as long as the benchmark lasts, to 4 GiB a partition."""
        self.set_topics(names, "retention.bytes", str(4 * GIB))

    def set_topics(self, names: Iterable[str], setting: str, value: str | None) -> None:
        """Give topics a setting of Kafka, or take it off them (None); returns when the broker tells it so."""
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        change = {setting: ("DELETE" if value is None else "SET", value)}
        with open_admin(self.kafka) as admin:
            changes = [ConfigResource(ConfigResourceType.TOPIC, it.name, change) for it in resources]
            answers = admin.alter_configs(changes)["topic"]
            if any(answer != "OK" for answer in answers.values()):
                raise RuntimeError(f"the broker refuses {setting}: {answers}")
            deadline = time.monotonic() + SET_WITHIN_S
            while any(_told(of, setting) != value for of in admin.describe_configs(resources)["topic"].values()):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{setting} did not change within {SET_WITHIN_S:.0f} s")
                time.sleep(0.2)

    def metric(self, service: str, name: str, label: str = "") -> float:
        """The sum of a metric's samples whose labels contain `label`."""
        return metric(self.file.http[service], name, label)


def _told(settings: Mapping[str, Mapping[str, str]], name: str) -> str | None:
    """A setting of a topic's own, None when it has none."""
    return settings[name]["value"] if name in settings else None


@contextmanager
def live_stack(site: Mapping[str, object], repository: Path = REPOSITORY, /, **environment: str) -> Iterator[LiveStack]:
    """Start the stack on a fresh folder for `site`; `environment` is told to its services, `repository` has models."""
    with (
        tempfile.TemporaryDirectory(prefix="canairy-bench-") as folder,
        told(environment),
        stack_on(Path(folder), site, repository) as stack,
    ):
        yield stack


@contextmanager
def stack_on(folder: Path, site: Mapping[str, object], repository: Path = REPOSITORY) -> Iterator[LiveStack]:
    """Start the stack for `site` on what an earlier one left in `folder`."""
    site_file = folder / "site.yaml"
    site_file.write_text(json.dumps(site), encoding="utf-8")
    plan = Plan(site_file, folder / "data", ensure_jars(), TOPIC_SHARE, repository=repository)
    stack = Stack(plan, lambda _line: None, lambda: False)
    try:
        stack.start()
        yield LiveStack(stack, plan.data)
    finally:
        stack.stop()


@contextmanager
def told(environment: Mapping[str, str]) -> Iterator[None]:
    """These variables in the environment of this process, which its children inherit, as long as the block lasts."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def metric(address: str, name: str, label: str = "") -> float:
    """The sum of a metric's samples whose labels contain `label`, as the service at `address` tells it."""
    with urlopen(f"http://{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and label in line)
