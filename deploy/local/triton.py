"""One NVIDIA Triton on this machine (CPU, loopback): started, ready with its models, stopped. Demo and tests."""

from __future__ import annotations

import hashlib
import http.client
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from canairy.errors import ConfigurationError, Unavailable
from deploy.local import triton_guard
from deploy.local.kafka import never
from deploy.local.ports import free_port
from deploy.local.process import Process
from deploy.local.triton_home import environment, server_folder

START_TIMEOUT_S: Final = 60.0
# Triton waits this long for requests that are on their way, and looks once a second.
EXIT_S: Final = 3
STOP_GRACE_S: Final = 8.0
CONFIG: Final = "config.pbtxt"
# Lines of Triton's log that say why a model is not there: it could not be loaded, its configuration could not be read
# (by Triton, and by the protobuf library, which knows the line and column).
REFUSAL: Final = re.compile(
    r'"(failed to load .*|Poll failed for model directory .*)"$|(Error parsing text-format inference.ModelConfig: .*)'
)


class Triton:
    """A server of some models of a repository. Use it as a context manager, or start and stop.

    `home` is what `ensure_triton` gave; the log is kept in `folder`; `models` None takes all of the repository. Only
    these are loaded, and it is ready when all of them are. Ports that are None are free ones. Start it from the main
    thread (see `Process`).
    """

    def __init__(
        self,
        home: Path,
        repository: Path,
        folder: Path,
        models: Sequence[str] | None = None,
        grpc_port: int | None = None,
    ) -> None:
        self._home = home
        self._repository = repository.resolve()
        self._folder = folder.resolve()
        self.models = tuple(models) if models is not None else models_of(self._repository)
        self.grpc_port = grpc_port or free_port()
        self.http_port = free_port()
        self.metrics_port = free_port()
        self.address = f"127.0.0.1:{self.grpc_port}"
        self.process = Process("triton", self._command(), environment(home), self._folder / "triton.log")
        self._log_start = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, timeout_s: float = START_TIMEOUT_S, interrupted: Callable[[], bool] = never) -> None:
        """Start the server and wait until it has all models ready.

        Raises ConfigurationError that names the models which cannot be loaded and why, and Unavailable with the end of
        the log when the server ends or is not ready in time.
        """
        self._check_repository()
        self._log_start = self._log_size()
        self.process.start()
        deadline = time.monotonic() + timeout_s
        while waiting := self.not_ready():
            if not self.process.running or time.monotonic() > deadline or interrupted():
                state = self.process.outcome
                self.stop()
                raise self._why_not(state, waiting, timeout_s)
            time.sleep(0.05)

    def not_ready(self) -> Sequence[str]:
        """The models that cannot be asked now, all of them when the server does not answer; none: it is ready."""
        return [model for model in self.models if not self._answers(f"/v2/models/{model}/ready")]

    def stop(self, grace_s: float = STOP_GRACE_S) -> bool:
        """SIGTERM, then SIGKILL after `grace_s`; True when it ended by itself."""
        return self.process.stop(grace_s)

    def _command(self) -> list[str]:
        server = server_folder(self._home)
        # The same at every start of this folder, so that what a killed one left is found and removed.
        prefix = f"canairy_{hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]}_"
        guard = [sys.executable, "-I", "-S", triton_guard.__file__, prefix]
        return [
            *guard,
            str(server / "bin/tritonserver"),
            f"--model-repository={self._repository}",
            f"--backend-directory={server / 'backends'}",
            f"--backend-config=python,shm-region-prefix-name={prefix}",
            # The configuration in the repository is what is served: nothing is guessed, and nothing but it is loaded.
            "--disable-auto-complete-config",
            "--model-control-mode=explicit",
            *(f"--load-model={model}" for model in self.models),
            f"--exit-timeout-secs={EXIT_S}",
            *self._listening(),
        ]

    def _listening(self) -> list[str]:
        ports = {"grpc": self.grpc_port, "http": self.http_port, "metrics": self.metrics_port}
        addresses = [f"--{name}-address=127.0.0.1" for name in ports]
        return [
            *addresses,
            *(f"--{name}-port={port}" for name, port in ports.items()),
            "--allow-gpu-metrics=false",
            "--allow-cpu-metrics=false",
        ]

    def _check_repository(self) -> None:
        missing = [model for model in self.models if not (self._repository / model / CONFIG).is_file()]
        if missing:
            known = ", ".join(models_of(self._repository)) or "no model"
            raise ConfigurationError(f"{self._repository} has no {', '.join(missing)} (MODEL/{CONFIG}); it has {known}")
        if not self.models:
            raise ConfigurationError(f"{self._repository} has no model (MODEL/{CONFIG})")

    def _answers(self, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _why_not(self, state: str, waiting: Sequence[str], timeout_s: float) -> ConfigurationError | Unavailable:
        log = self.process.log
        if refused := self._refused():
            return ConfigurationError("\n".join([f"Triton cannot load its models (see {log}):", *refused]))
        return Unavailable(
            f"Triton did not start on {self.address} with {', '.join(waiting)} ready ({state}, waited at most "
            f"{timeout_s:.0f} s); the end of {log}:\n{self.process.last_lines()}"
        )

    def _refused(self) -> list[str]:
        """What Triton said of models that it could not load, since the last start."""
        if self.process.log is None or not self.process.log.exists():
            return []
        with self.process.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return [reason for line in lines if (reason := _reason(line))]

    def _log_size(self) -> int:
        log = self.process.log
        return log.stat().st_size if log and log.exists() else 0


def _reason(line: str) -> str | None:
    """The text of a log line that tells why a model was not loaded, without where in our own code that was found."""
    found = REFUSAL.search(line)
    if found is None:
        return None
    text = (found[1] or found[2]).replace("\\n", " ").partition(" At: ")[0]
    return " ".join(text.replace("TritonModelException: ", "").split())


def models_of(repository: Path) -> tuple[str, ...]:
    """The names of the models in a repository, in order; raises ConfigurationError when there is no such folder."""
    if not repository.is_dir():
        raise ConfigurationError(f"{repository} is no folder with models for Triton")
    return tuple(sorted(path.parent.name for path in repository.glob(f"*/{CONFIG}")))
