"""One Apache Kafka node on this machine (KRaft, loopback): formatted, started, stopped. Demo, tests, benchmarks."""

from __future__ import annotations

import base64
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Final, Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from canairy.errors import BrokerUnavailable
from deploy.local.jars import ROOT
from deploy.local.ports import free_port, is_free
from deploy.local.process import Process

PROPERTIES: Final = ROOT / "deploy/kafka/server.properties"
# On two cores the threads of the concurrent collector cost more than the pauses that they save: a fifth of the CPU.
HEAP: Final = ("-Xmx512m", "-XX:+UseSerialGC")
QUIET: Final = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
TIMED: Final = ("-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS")
START_TIMEOUT_S: Final = 60.0
STOP_GRACE_S: Final = 10.0


def never() -> bool:
    """Nobody interrupts the wait."""
    return False


class Broker:
    """A broker with its data in `folder`, which a later one continues. Use it as a context manager, or start and stop.

    `port` None takes a free one. `advertised_port` is where clients find it when something stands between them and
    `port` (a proxy, forwarded ports); None: nothing does. Start it from the main thread (see `Process`).
    """

    def __init__(self, folder: Path, libs: Path, port: int | None = None, advertised_port: int | None = None) -> None:
        self.port = port or free_port()
        self._advertised_port = advertised_port or self.port
        self.bootstrap = f"127.0.0.1:{self._advertised_port}"
        self._folder = folder.resolve()
        self._controller_port = free_port()
        self._classpath = f"{libs.resolve()}/*"
        self.process = Process("kafka", self._command(), log=self._folder / "kafka.log")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, timeout_s: float = START_TIMEOUT_S, interrupted: Callable[[], bool] = never) -> None:
        """Format the folder when it is new, start the broker and wait until it answers.

        Raises BrokerUnavailable with the end of its log when it ends or does not answer in time.
        """
        self._write_properties()
        if not (self._folder / "data/meta.properties").exists():
            self._format()
        self.process.start()
        deadline = time.monotonic() + timeout_s
        while not self.answers():
            if not self.process.running or time.monotonic() > deadline or interrupted():
                state = self.process.outcome
                self.stop()
                raise BrokerUnavailable(self._why_not(state, timeout_s))
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether the broker tells its API versions and metadata (an open port alone promises nothing)."""
        if is_free(self.port):
            return False
        try:
            client = KafkaAdminClient(
                bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=2_000, request_timeout_ms=2_000
            )
        except (KafkaError, OSError, ValueError):
            return False
        client.close()
        return True

    def stop(self, grace_s: float = STOP_GRACE_S) -> bool:
        """SIGTERM, then SIGKILL after `grace_s`; True when it ended by itself."""
        return self.process.stop(grace_s)

    def _why_not(self, state: str, timeout_s: float) -> str:
        return (
            f"Kafka did not start on {self.bootstrap} ({state}, waited at most {timeout_s:.0f} s); "
            f"the end of {self.process.log}:\n{self.process.last_lines()}"
        )

    def _command(self) -> list[str]:
        settings = str(self._folder / "server.properties")
        return ["java", *HEAP, QUIET, *TIMED, "-cp", self._classpath, "kafka.Kafka", settings]

    def _write_properties(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = Template(PROPERTIES.read_text()).substitute(
            port=self.port,
            advertised_port=self._advertised_port,
            controller_port=self._controller_port,
            data=self._folder / "data",
        )
        (self._folder / "server.properties").write_text(text)

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        settings = str(self._folder / "server.properties")
        # The tool runs for a second: the quickest compiler and collector to start win.
        java = ["java", "-Xmx128m", "-XX:+UseSerialGC", QUIET, "-cp", self._classpath]
        # One argument: an identifier that begins with "-" would be taken for an option.
        command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", settings]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        if result.returncode != 0:
            end = "\n".join((result.stdout + result.stderr).strip().splitlines()[-10:])
            raise BrokerUnavailable(f"Kafka's folder {self._folder}/data could not be formatted:\n{end}")
