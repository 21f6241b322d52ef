"""A child process of the local stack: its own log file, its own session, and no life beyond its parent's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.local import tether

MAX_LOG_BYTES: Final = 64 * 1024**2


class Process:
    """One command that can be started again after it ended.

    Start it from the main thread: the kernel ends a tethered child with the *thread* that started it. The child gets
    a session of its own, so that a Ctrl-C in the terminal reaches only the parent, which ends its children in order.
    `log` None lets it write to the parent's terminal.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command]
        self._environment = dict(os.environ if environment is None else environment)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, None before the first start."""
        return self._child.pid if self._child else None

    @property
    def running(self) -> bool:
        """The child was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    @property
    def outcome(self) -> str:
        """How the child ended: `exit 1`, `signal SIGKILL`; `running` or `not started` before."""
        if self._child is None:
            return "not started"
        code = self._child.poll()
        if code is None:
            return "running"
        return f"exit {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    def start(self) -> None:
        """Start the command; its output is appended to the log."""
        if self.log is None:
            self._child = self._open(None)
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        with self.log.open("ab") as output:
            self._child = self._open(output.fileno())

    def _open(self, output: int | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,
        )

    def stop(self, grace_s: float) -> bool:
        """SIGTERM, and SIGKILL after `grace_s`; True when the child ended by itself in time."""
        if self._child is None:
            return True
        self._child.terminate()
        try:
            self._child.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            return False
        return True

    def last_lines(self, count: int = 15) -> str:
        """The end of the log, for an error message."""
        if self.log is None or not self.log.exists():
            return "(no log)"
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 20_000))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-count:]) or "(the log is empty)"
