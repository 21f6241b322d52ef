"""The whole stack on one machine: Kafka, topics, Triton where it is needed, the four services.

Started, watched and ended together.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canairy.errors import BrokerUnavailable, ConfigurationError, Unavailable
from canairy.settings import KafkaSettings
from canairy.site.load import load_site
from canairy.site.model import Site
from deploy.local.kafka import Broker
from deploy.local.models import REPOSITORY, server_for
from deploy.local.process import Process
from deploy.local.services import SERVICES, Ports, local_environment, service_process, why_not_ready
from deploy.local.stack_file import NAME, StackFile
from deploy.local.supervisor import BACK_OFF_S, Supervisor
from deploy.local.topics import open_admin, prepare_topics

READY_WITHIN_S: Final = 90.0
# Who dies this often before all are ready has a fault that waiting does not cure.
DEATHS_AT_START: Final = 3
# Together under the 30 s in which everything must have ended.
SERVICE_GRACE_S: Final = 5.5
SERVICES_WITHIN_S: Final = 19.0
TRITON_GRACE_S: Final = 4.0
KAFKA_GRACE_S: Final = 6.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run and where its data is. `topic_share`: see `deploy.local.topics`; `back_off_s`: see `Supervisor`.

    `modules` run instead of the services of these names; `environment` is told to all of them besides. `repository` has
    the models. `site` is what stands in the site file, where the caller has read it.
    """

    site_file: Path
    data: Path
    libs: Path
    topic_share: float = 1.0
    back_off_s: Sequence[float] = BACK_OFF_S
    modules: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    # See `Broker`.
    kafka_port: int | None = None
    advertised_port: int | None = None
    repository: Path = REPOSITORY
    site: Site | None = None


class Interrupted(Exception):
    """Somebody asked the stack to end while it was starting."""


def forget(data: Path) -> None:
    """Delete what an earlier stack left in its data folder, and nothing else that stands there; hold its lock."""
    for name in ("kafka", "triton", "evidence", "logs", *SERVICES):
        shutil.rmtree(data / name, ignore_errors=True)


class Stack:
    """Start it, turn it often, stop it; all from the main thread (see `Process`). `say` gets lines for the operator."""

    def __init__(self, plan: Plan, say: Callable[[str], None], interrupted: Callable[[], bool]) -> None:
        self._plan = plan
        self._say = say
        self._interrupted = interrupted
        self._ports = Ports()
        self._broker = Broker(plan.data / "kafka", plan.libs, plan.kafka_port, plan.advertised_port)
        self._triton = server_for(plan.site or load_site(plan.site_file), plan.repository, plan.data / "triton")
        self.environment = (
            local_environment(self.bootstrap, plan.site_file)
            | {"CANAIRY_ALARMS_ADDRESS": self._grpc("alerting")}
            | self._models()
            | dict(plan.environment)
        )
        self._services = [
            service_process(name, self.environment, self._ports, plan.data, module=plan.modules.get(name, ""))
            for name in SERVICES
        ]
        self._extra: list[Process] = []
        self._written_pids: dict[str, int] = {}
        self._supervisor = Supervisor(say, back_off_s=plan.back_off_s)

    @property
    def bootstrap(self) -> str:
        """Kafka's address."""
        return self._broker.bootstrap

    @property
    def ingest_address(self) -> str:
        """Where ingest takes frames that are pushed."""
        return self._grpc("ingest")

    @property
    def data(self) -> Path:
        """The folder with all that it keeps."""
        return self._plan.data

    @property
    def models(self) -> Sequence[str]:
        """The models that are served; none: there is no server of models."""
        return () if self._triton is None else self._triton.models

    @property
    def processes(self) -> Mapping[str, Process]:
        """Everything that runs, by name: `kafka`, `triton`, the services, and what was added."""
        return {process.name: process for process in self._supervisor.processes}

    def start(self) -> None:
        """Everything up and ready.

        Raises Interrupted, BrokerUnavailable, Unavailable, and ConfigurationError (topics, models).
        """
        self._say(f"starting Kafka on {self.bootstrap}")
        self._start_broker()
        self._supervisor.watch(self._broker.process)
        self._prepare_topics()
        self._start_triton()
        for process in [*self._extra, *self._services]:
            self._check_interrupted()
            self._supervisor.watch(process)
        self._announce()
        self._await_ready()

    def add(self, process: Process) -> None:
        """Run one more process beside the services: `start` starts it before them, and it is ended before them."""
        self._extra.append(process)

    def turn(self) -> None:
        """Start again what died."""
        self._supervisor.turn()
        if self._pids() != self._written_pids:
            self._write_file()

    def stop(self) -> None:
        """End everything in the order of the data: ingest first, Kafka last; within 30 s, leaving no process."""
        order = [*self._extra, *self._services]
        self._supervisor.stop(order, SERVICE_GRACE_S, SERVICES_WITHIN_S)
        if self._triton is not None and not self._triton.stop(TRITON_GRACE_S):
            self._say("Triton did not end in time and was killed")
        if not self._broker.stop(KAFKA_GRACE_S):
            self._say("Kafka did not end in time and was killed")
        (self._plan.data / NAME).unlink(missing_ok=True)

    def _start_broker(self) -> None:
        try:
            self._broker.start(interrupted=self._interrupted)
        except BrokerUnavailable:
            self._check_interrupted()
            raise

    def _start_triton(self) -> None:
        if self._triton is None:
            return
        self._say(f"starting Triton on {self._triton.address} with {', '.join(self._triton.models)}")
        try:
            self._triton.start(interrupted=self._interrupted)
        except (ConfigurationError, Unavailable):
            self._check_interrupted()
            raise
        self._supervisor.watch(self._triton.process)

    def _models(self) -> dict[str, str]:
        if self._triton is None:
            return {}
        repository = str(self._plan.repository.resolve())
        return {"CANAIRY_TRITON_ADDRESS": self._triton.address, "CANAIRY_MODEL_REPOSITORY": repository}

    def _prepare_topics(self) -> None:
        here = KafkaSettings(kafka_bootstrap=self.bootstrap, kafka_security_protocol="PLAINTEXT")
        with open_admin(here) as admin:
            done = prepare_topics(admin, share=self._plan.topic_share)
        self._say(f"topics: {len(done.created)} created, {len(done.changed)} changed")

    def _announce(self) -> None:
        self._write_file()
        self._say(f"gRPC: alarms {self._grpc('alerting')}, ingest {self._grpc('ingest')}")
        ports = ", ".join(f"{name} {port}" for name, port in self._ports.http.items())
        self._say(f"http://127.0.0.1:PORT/metrics: {ports}")

    def _write_file(self) -> None:
        self._written_pids = self._pids()
        StackFile(
            pid=os.getpid(),
            site_file=str(self._plan.site_file.resolve()),
            kafka_bootstrap=self.bootstrap,
            alarms_address=self._grpc("alerting"),
            ingest_address=self._grpc("ingest"),
            http=self._http(),
            pids=self._written_pids,
        ).write(self._plan.data)

    def _pids(self) -> dict[str, int]:
        return {process.name: process.pid for process in self._supervisor.processes if process.pid}

    def _grpc(self, service: str) -> str:
        return f"127.0.0.1:{self._ports.grpc[service]}"

    def _http(self) -> dict[str, str]:
        return {name: f"127.0.0.1:{port}" for name, port in self._ports.http.items()}

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while waiting := self._not_ready():
            self._check_interrupted()
            if time.monotonic() > deadline or self._supervisor.most_deaths >= DEATHS_AT_START:
                raise Unavailable(self._why_not_ready(waiting))
            self._supervisor.turn()
            time.sleep(0.2)

    def _not_ready(self) -> dict[str, str]:
        reasons = {name: why_not_ready(self._ports.http[name]) for name in SERVICES}
        return {name: reason for name, reason in reasons.items() if reason is not None}

    def _why_not_ready(self, waiting: dict[str, str]) -> str:
        lines: Sequence[str] = [
            f"{service.name} ({service.outcome}): {waiting[service.name]}; the end of {service.log}:\n"
            + service.last_lines(10)
            for service in self._services
            if service.name in waiting
        ]
        return "the stack did not come up:\n" + "\n".join(lines)

    def _check_interrupted(self) -> None:
        if self._interrupted():
            raise Interrupted
