"""The stack under fire: Kafka, Triton where there are models, the four services, and an alerting that stands by."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from canairy.settings import KafkaSettings
from canairy.triton.client import TritonClient
from deploy.local.jars import ROOT, ensure_jars
from deploy.local.ports import is_free
from deploy.local.process import Process
from deploy.local.services import Ports, service_process
from deploy.local.stack import Plan, Stack
from tests.chaos.judges import Judges
from tests.chaos.schedule import JUDGES, MODEL, SERVER, TRITON

STANDBY: Final = "standby"
# Short, so that who died is soon replaced and a freeze past it takes seconds.
SESSION_S: Final = 3.0
BACK_OFF_S: Final = (0.3,)
SHARE: Final = 0.05
MODELS_AT: Final = "CANAIRY_TRITON_ADDRESS"
PROBE_S: Final = 0.5
# Their programs.
PARTS: Final = {SERVER: "tritonserver", MODEL: "triton_python_backend_stub"}
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
    models: TritonClient | None = None

    @property
    def models_answer(self) -> bool:
        """Whether Triton has its models ready now."""
        return self.models is not None and self.models.why_not_ready(*self.stack.models) is None

    def process(self, name: str) -> Process:
        """The process called that."""
        return self.stack.processes[name]

    def pid(self, name: str) -> int | None:
        """The process called that, or a part of Triton, which its guard started; None when it does not run."""
        process = self.process(TRITON if name in PARTS else name)
        if not process.running or process.pid is None:
            return None
        return _below(process.pid, PARTS[name]) if name in PARTS else process.pid

    def send(self, name: str, number: signal.Signals) -> bool:
        """Send a signal; False when the process does not run."""
        pid = self.pid(name)
        if pid is None:
            return False
        with suppress(ProcessLookupError):  # a part of Triton that ended at this moment
            os.kill(pid, number)
            return True
        return False

    @property
    def broker_listens(self) -> bool:
        """Whether anyone would take a connection to Kafka."""
        return not is_free(int(self.settings.kafka_bootstrap.rpartition(":")[2]))


def _below(pid: int, name: str) -> int | None:
    try:
        return next((it.pid for it in psutil.Process(pid).children(recursive=True) if _called(it, name)), None)
    except psutil.NoSuchProcess:
        return None


def _called(process: psutil.Process, name: str) -> bool:
    try:
        return process.name() == name and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


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
    with ExitStack() as ending:
        ending.callback(stack.stop)
        stack.start()
        yield Stage(
            stack,
            KafkaSettings(kafka_bootstrap=stack.bootstrap),
            Judges({name: data / "logs" / f"{name}.jsonl" for name in JUDGES}),
            [stack.environment["CANAIRY_ALARMS_ADDRESS"], f"127.0.0.1:{ports.grpc['alerting']}"],
            stack.ingest_address,
            said,
            ending.enter_context(TritonClient(stack.environment[MODELS_AT], PROBE_S)) if stack.models else None,
        )
