"""Real child processes: how they end, and that none outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.process import Process
from deploy.local.supervisor import Supervisor

SLEEP = ["sleep", "60"]
# Deaf to SIGTERM; says so when it listens no more.
STUBBORN = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]
PARENT = """
import sys, time
from deploy.local.process import Process
child = Process("child", ["sleep", "60"])
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether the condition holds within 20 s."""
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def started() -> Iterator[Callable[[Process], Process]]:
    """Start a process that is killed at the end whatever the test did."""
    processes: list[Process] = []

    def start(process: Process) -> Process:
        processes.append(process)
        process.start()
        return process

    yield start
    for process in processes:
        process.stop(0.1)


Starter = Callable[[Process], Process]


def test_a_child_that_listens_ends_by_itself(started: Starter) -> None:
    child = started(Process("child", SLEEP))
    assert child.running

    assert child.stop(grace_s=20)

    assert child.outcome == "signal SIGTERM"
    assert child.pid is not None
    assert gone(child.pid)


def test_a_child_that_does_not_listen_is_killed(started: Starter, tmp_path: Path) -> None:
    child = started(Process("child", STUBBORN, log=tmp_path / "child.log"))
    assert eventually(lambda: child.last_lines() == "deaf")

    assert not child.stop(grace_s=0.3)

    assert child.outcome == "signal SIGKILL"


def test_a_child_does_not_outlive_a_parent_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)

        parent.kill()

    assert eventually(lambda: gone(child))


def test_a_ctrl_c_in_the_terminal_reaches_only_the_parent(started: Starter) -> None:
    child = started(Process("child", SLEEP))

    assert child.pid is not None
    assert eventually(lambda: os.getpgid(child.pid or 0) != os.getpgid(0))


def test_what_a_child_says_is_appended_to_its_log(started: Starter, tmp_path: Path) -> None:
    child = Process("child", ["sh", "-c", "echo out; echo err >&2; exit 7"], log=tmp_path / "logs/child.log")
    for _ in range(2):
        started(child)
        assert eventually(lambda: not child.running)

    assert child.outcome == "exit 7"
    assert child.last_lines() == "out\nerr\nout\nerr"


def test_a_command_that_does_not_exist_says_so_in_the_log(started: Starter, tmp_path: Path) -> None:
    child = started(Process("child", ["no-such-program"], log=tmp_path / "child.log"))

    assert eventually(lambda: not child.running)
    assert child.last_lines() == "no-such-program cannot be run: No such file or directory"


def test_a_child_that_crashes_is_started_again(started: Starter, tmp_path: Path) -> None:
    now = [0.0]
    supervisor = Supervisor(lambda _line: None, clock=lambda: now[0])
    child = started(Process("child", ["sh", "-c", "echo alive; sleep 60"], log=tmp_path / "child.log"))
    supervisor.watch(child)
    first = child.pid
    assert first is not None
    assert eventually(lambda: child.last_lines() == "alive")

    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: not child.running)
    supervisor.turn()
    now[0] += 1
    supervisor.turn()

    assert child.running
    assert child.pid != first
    assert eventually(lambda: child.last_lines() == "alive\nalive")


def test_all_end_one_after_the_other_even_those_that_do_not_listen(started: Starter, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    obedient = f"trap 'echo $0 >> {ends}; exit' TERM; echo ready; while :; do sleep 0.1; done"
    names = ["ingest", "detection", "alerting"]
    listening = [Process(n, ["sh", "-c", obedient, n], log=tmp_path / f"{n}.log") for n in names]
    deaf = Process("deaf", STUBBORN, log=tmp_path / "deaf.log")
    lines: list[str] = []
    supervisor = Supervisor(lines.append)
    for child in [*listening, deaf]:
        supervisor.watch(started(child))
        assert eventually(lambda child=child: child.last_lines() in {"ready", "deaf"})  # type: ignore[misc]

    order = [listening[0], deaf, *listening[1:]]
    supervisor.stop(order, grace_s=2, within_s=20)

    assert not any(child.running for child in order)
    assert ends.read_text().split() == names
    assert lines == ["deaf did not end in time and was killed"]
