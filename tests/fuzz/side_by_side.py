"""Runs targets each in a process of its own, a few at a time, and gathers what they found."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.every import EVERY
from tests.fuzz.fuzzing import LastInput, Outcome, fuzz
from tests.fuzz.targets import clean_up

ROOT: Final = Path(__file__).parents[2]
# For imports, and for an input under way when time is over; after that the process hangs, which is a finding.
GRACE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Run:
    name: str
    folder: Path
    process: subprocess.Popen[bytes]
    deadline: float

    def outcome(self) -> Outcome:
        """What it wrote; a process that died or hung left only its last input."""
        answer = self.folder / f"{self.name}.outcome"
        if self.process.returncode == 0 and answer.exists():
            outcome: Outcome = pickle.loads(answer.read_bytes())  # noqa: S301 - our own child wrote it
            return outcome
        said = (self.folder / f"{self.name}.log").read_text(errors="replace")[-500:]
        why = f"the process ended with {self.process.returncode}: {said}"
        last = self.folder / f"{self.name}.last"
        return Outcome(self.name, findings={why: LastInput.read(last) if last.exists() else b""})


def fuzz_all(names: Sequence[str], seconds: float, seed: int, folder: Path, jobs: int) -> list[Outcome]:
    """Each target for `seconds`, `jobs` at a time; bytes of findings are left in `folder`."""
    waiting, running, done = list(names), list[_Run](), list[Outcome]()
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(_start(waiting.pop(0), seconds, seed, folder))
        time.sleep(0.2)
        for run in [run for run in running if _ended(run)]:
            running.remove(run)
            done.append(run.outcome())
            _save(done[-1], folder)
    return done


def _start(name: str, seconds: float, seed: int, folder: Path) -> _Run:
    command = [sys.executable, "-m", "tests.fuzz.side_by_side", name, str(seconds), str(seed), str(folder)]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    return _Run(name, folder, process, time.monotonic() + 2 * seconds + GRACE_S)


def _ended(run: _Run) -> bool:
    if run.process.poll() is None and time.monotonic() > run.deadline:
        run.process.kill()
        run.process.wait()
    return run.process.poll() is not None


def _save(outcome: Outcome, folder: Path) -> None:
    for number, (reason, content) in enumerate(outcome.findings.items(), start=1):
        (folder / f"{outcome.name}-{number}.bin").write_bytes(content)
        (folder / f"{outcome.name}-{number}.txt").write_text(reason + "\n", errors="backslashreplace")


def _one(arguments: Iterable[str]) -> None:
    name, seconds, seed, folder = arguments
    place = Path(folder)
    outcome = fuzz(EVERY[name], float(seconds), int(seed), place / f"{name}.last")
    (place / f"{name}.outcome").write_bytes(pickle.dumps(outcome))
    clean_up()
    # What the native libraries still hold is nobody's concern.
    os._exit(0)


if __name__ == "__main__":
    _one(sys.argv[1:])
