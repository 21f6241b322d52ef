"""One service as a process of its own, as the local stack starts it, or run to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from deploy.local.process import Process
from deploy.local.services import Ports, service_process
from tests.acceptance.helpers.command import environment

MISCONFIGURED: Final = 2
# As if the package were not installed.
WITHOUT_CRC32C: Final = "import sys; sys.modules['crc32c'] = None; "


def run_service(name: str, prelude: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a service that is expected to end by itself; the answer's `stdout` holds all that it said."""
    start = ["-m", f"services.{name}"]
    if prelude:
        start = ["-c", f"{prelude}import runpy; runpy.run_module('services.{name}', run_name='__main__')"]
    return subprocess.run(
        [sys.executable, "-P", *start],
        check=False,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


@contextmanager
def services(*names: str, ports: Ports, data: Path, settings: Mapping[str, str]) -> Iterator[dict[str, Process]]:
    """Services that run beside each other; killed at the end when a test left them."""
    running = {name: service_process(name, environment(**settings), ports, data) for name in names}
    try:
        for process in running.values():
            process.start()
        yield running
    finally:
        for process in running.values():
            process.stop(20)


def logged(process: Process, event: str) -> dict[str, Any] | None:
    """The first line of a service's log that tells this event."""
    if process.log is None or not process.log.exists():
        return None
    lines = (json.loads(line) for line in process.log.read_text(encoding="utf-8").splitlines() if line.endswith("}"))
    return next((line for line in lines if line.get("event") == event), None)
