"""How other commands find a running stack, and how a second one is kept off its data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from canairy.errors import ConfigurationError
from deploy.local.lock import locked
from deploy.local.services import Ports, local_environment
from deploy.local.stack_file import NAME, StackFile, read_stack

HOLD = """
import sys
from pathlib import Path
from deploy.local.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def stack(pid: int) -> StackFile:
    return StackFile(pid, "site.yaml", "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", {"ingest": "127.0.0.1:4"}, {})


def test_what_one_process_writes_another_reads(tmp_path: Path) -> None:
    stack(os.getpid()).write(tmp_path)

    assert read_stack(tmp_path) == stack(os.getpid())


def test_without_a_stack_the_error_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no stack runs here: start one with `canairy up"):
        read_stack(tmp_path)


def test_a_stack_that_was_killed_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    stack(ended.pid).write(tmp_path)

    with pytest.raises(ConfigurationError, match=f"process {ended.pid}\\) has ended"):
        read_stack(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '"text"'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)

    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_stack(tmp_path)


def test_a_folder_has_one_stack_and_the_second_is_told_who_has_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"

        with pytest.raises(ConfigurationError, match=f"process {holder.pid}\\)"), locked(tmp_path):
            pytest.fail("two stacks on one folder")

        holder.communicate()


def test_the_lock_is_free_again_when_its_holder_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()

    with locked(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_the_services_are_told_of_the_local_broker_whatever_the_shell_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CANAIRY_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("CANAIRY_LOG_LEVEL", "DEBUG")

    told = local_environment("127.0.0.1:1", tmp_path / "site.yaml")

    assert "CANAIRY_KAFKA_SECURITY_PROTOCOL" not in told
    assert told["CANAIRY_KAFKA_BOOTSTRAP"] == "127.0.0.1:1"
    assert told["CANAIRY_LOG_LEVEL"] == "DEBUG"


def test_no_port_is_promised_twice() -> None:
    ports = [port for _ in range(20) for given in [Ports()] for port in [*given.http.values(), *given.grpc.values()]]

    assert len(set(ports)) == len(ports)
