"""`canairy up` as an operator runs it: a real process, real services, a real broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy.local.lock import locked
from deploy.local.stack import forget
from deploy.local.stack_file import StackFile, read_stack

SITE = """
site: {id: story, timezone: Asia/Seoul}
cameras:
  - id: cam-01
    source: simulated:demo
    rate_hz: 2.0
    views:
      - id: bay-1
        assets:
          - {id: ds-1-a, equipment: "0201", region: [[120,180],[160,180],[160,220],[120,220]], limits: {high_c: 90}}
"""
BROKEN = """
site: {id: story, timezone: Asia/Soul}
cameras:
  - id: cam-01
    source: simulated:demo
    rate_hz: -1
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return path


def command(site: Path, data: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", "up", "--site", str(site), "--data", str(data), "--no-tail", *more]


def run(site: Path, data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(site, data, *more), check=False, capture_output=True, text=True, timeout=60)


@contextmanager
def running(site: Path, data: Path) -> Iterator[subprocess.Popen[str]]:
    """A stack that says that it is up; killed at the end whatever the test did."""
    small = dict(os.environ) | {"CANAIRY_TOPIC_SHARE": "0.01"}
    process = subprocess.Popen(command(site, data), env=small, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "stack is up" in line:
                break
        else:
            pytest.fail("the stack did not come up:\n" + "".join(said))
        try:
            yield process
        finally:
            process.kill()


def children(stack: StackFile) -> dict[str, int]:
    assert set(stack.pids) == {"kafka", "ingest", "detection", "anomaly", "alerting"}
    assert all(psutil.pid_exists(pid) for pid in stack.pids.values())
    return dict(stack.pids)


def eventually(condition: Callable[[], bool], within_s: float = 30) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_broken_site_file_is_refused_with_all_mistakes_and_nothing_starts(tmp_path: Path) -> None:
    site, data = tmp_path / "site.yaml", tmp_path / "data"
    site.write_text(BROKEN)

    result = run(site, data)

    assert result.returncode == 1
    assert f"{site}:2:" in result.stderr
    assert "Asia/Soul" in result.stderr
    assert f"{site}:6:" in result.stderr
    assert "views" in result.stderr
    assert "Traceback" not in result.stderr
    assert not data.exists()


def test_a_wrong_setting_is_refused_and_nothing_starts(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANAIRY_TOPIC_SHARE", "2")

    result = run(site, tmp_path / "data")

    assert result.returncode == 1
    assert "CANAIRY_TOPIC_SHARE: Input should be less than or equal to 1" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_second_stack_on_the_same_data_is_refused_with_the_pid_of_the_first(site: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"

    with locked(data):
        result = run(site, data)

    assert result.returncode == 1
    assert f"a stack already runs here (process {os.getpid()})" in result.stderr
    assert sorted(path.name for path in data.iterdir()) == ["lock"]


def test_a_fresh_start_forgets_an_earlier_run_and_nothing_else(tmp_path: Path) -> None:
    for name in ("kafka", "logs", "alerting", "mine"):
        (tmp_path / name).mkdir()

    forget(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.kafka
def test_a_service_that_cannot_start_ends_the_stack_with_the_reason(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANAIRY_TOPIC_SHARE", "0.01")
    monkeypatch.setenv("CANAIRY_LOG_LEVEL", "LOUD")

    result = run(site, tmp_path / "data")

    assert result.returncode == 1
    assert "ingest died" in result.stderr
    assert "the stack did not come up" in result.stderr
    assert "CANAIRY_LOG_LEVEL: Input should be" in result.stderr
    assert result.stderr.index("stopped") < result.stderr.index("the stack did not come up")


@pytest.mark.kafka
def test_a_stack_comes_up_repairs_itself_and_ends_in_order_leaving_no_process(site: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(site, data) as process:
        first = children(read_stack(data))

        os.kill(first["anomaly"], signal.SIGKILL)
        assert eventually(lambda: read_stack(data).pids["anomaly"] != first["anomaly"])
        second = children(read_stack(data))

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0

    assert not any(psutil.pid_exists(pid) for pid in second.values())
    assert not (data / "stack.json").exists()


@pytest.mark.kafka
def test_a_stack_whose_parent_was_killed_leaves_no_process_and_can_start_again(site: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(site, data) as process:
        pids = children(read_stack(data))
        process.kill()
        process.wait()

    assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids.values()))
    with running(site, data):
        children(read_stack(data))
