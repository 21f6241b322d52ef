"""`canairy view` inside of a test: quicker than a process of its own."""

from __future__ import annotations

import json
from typing import Any

import typer
from typer.testing import CliRunner

from cli.view import register


def view(*arguments: object) -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, what it printed as JSON, and its remarks."""
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def spoken(*arguments: object) -> str:
    """What it prints for people."""
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, [str(it) for it in arguments]).stdout
