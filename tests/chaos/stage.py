"""The stack under fire: Kafka, the four services, and a second alerting that stands by."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canairy.settings import KafkaSettings
from deploy.local.jars import ROOT, ensure_jars
from deploy.local.ports import is_free
from deploy.local.process import Process
from deploy.local.services import Ports, service_process
from deploy.local.stack import Plan, Stack
from tests.chaos.judges import Judges
from tests.chaos.schedule import JUDGES

STANDBY: Final = "standby"
# Short, so that who died is soon replaced and a freeze past it takes seconds.
SESSION_S: Final = 3.0
BACK_OFF_S: Final = (0.3,)
SHARE: Final = 0.05
ENVIRONMENT: Final = {
    "CANAIRY_KAFKA_SESSION_TIMEOUT_S": str(SESSION_S),
    "CANAIRY_CANARY_PERIOD_S": "5",
    # A frame that waited for a process to come back is not to be skipped.
    "CANAIRY_SHED_AFTER_S": "3600",
    # The clock of a test machine is nobody's concern.
    "CANAIRY_CLOCK_CHECK": "false",
}


@dataclass(slots=True)
class Stage:
    """The processes by name, and how to reach what they serve."""

    stack: Stack
    settings: KafkaSettings
    judges: Judges
    alarm_addresses: list[str]
    ingest_address: str
    said: list[str] = field(default_factory=list)

    def process(self, name: str) -> Process:
        """The process called that."""
        return self.stack.processes[name]

    def send(self, name: str, number: signal.Signals) -> bool:
        """Send a signal; False when the process does not run."""
        process = self.process(name)
        if not process.running or process.pid is None:
            return False
        os.kill(process.pid, number)
        return True

    @property
    def broker_listens(self) -> bool:
        """Whether anyone would take a connection to Kafka."""
        return not is_free(int(self.settings.kafka_bootstrap.rpartition(":")[2]))


@contextmanager
def staged(site_file: Path, data: Path, modules: Mapping[str, str]) -> Iterator[Stage]:
    """A stack that is up, ended afterwards; `modules` run instead of services of these names."""
    said: list[str] = []
    # Variants of services stand among the tests, which are not installed.
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    plan = Plan(site_file, data, ensure_jars(), SHARE, BACK_OFF_S, modules, environment)
    stack = Stack(plan, said.append, lambda: False)
    ports = Ports()
    module = modules.get("alerting", "")
    stack.add(service_process("alerting", stack.environment, ports, data, module=module, called=STANDBY))
    try:
        stack.start()
        yield Stage(
            stack,
            KafkaSettings(kafka_bootstrap=stack.bootstrap),
            Judges({name: data / "logs" / f"{name}.jsonl" for name in JUDGES}),
            [stack.environment["CANAIRY_ALARMS_ADDRESS"], f"127.0.0.1:{ports.grpc['alerting']}"],
            stack.ingest_address,
            said,
        )
    finally:
        stack.stop()
