"""The `canairy` command as a whole: quick help, and errors that a person can read."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest
import typer
from typer.testing import CliRunner

from canairy.errors import UnreadableFile
from cli import main

HEAVY = ("kafka", "grpc", "numpy", "cv2", "pydantic")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> str:
    """A command `failing` whose own error is raised; returns its name."""

    def command() -> None:
        raise UnreadableFile("frame.png: 17 bytes are not a picture")

    def register(app: typer.Typer) -> None:
        app.command("failing")(command)

    module = ModuleType("failing_command")
    module.__dict__["register"] = register
    monkeypatch.setitem(sys.modules, "failing_command", module)
    monkeypatch.setattr(main.app, "registered_commands", list(main.app.registered_commands))
    main._add("failing", "failing_command", "Fails.")
    return "failing"


def test_help_names_every_command_without_importing_what_they_need() -> None:
    code = f"import sys, cli.main; print([m for m in {HEAVY} if m in sys.modules])"
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    shown = run("--help")

    assert imported.stdout.strip() == "[]"
    assert shown.returncode == 0
    assert all(name in shown.stdout for name in main.COMMANDS)


@pytest.mark.parametrize("name", sorted(main.COMMANDS))
def test_every_command_has_help_of_its_own(name: str) -> None:
    shown = run(name, "--help")

    assert shown.returncode == 0, shown.stderr
    assert f"canairy {name}" in shown.stdout


def test_an_error_of_ours_is_one_message_and_exit_status_1(failing: str) -> None:
    result = CliRunner().invoke(main.app, [failing])

    assert result.exit_code == 1
    assert result.stderr == "canairy: frame.png: 17 bytes are not a picture\n"
    assert result.stdout == ""


def test_an_unknown_command_is_named() -> None:
    result = run("nope")

    assert result.returncode == 2
    assert "nope" in result.stderr
