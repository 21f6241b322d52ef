"""How every command prints: answers on standard output, one JSON object a line if asked; remarks on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import typer


def emit(line: str) -> None:
    """One line of the answer, at once; ends the command quietly when nobody reads any more (`canairy tail | head`)."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        _nobody_reads()


def emit_json(answer: Mapping[str, Any]) -> None:
    """One object on one line."""
    emit(json.dumps(answer, ensure_ascii=False, allow_nan=False))


def remark(line: str) -> None:
    """One line that is not part of the answer."""
    print(line, file=sys.stderr, flush=True)


def on_terminal() -> bool:
    """Whether colours are welcome: a terminal, and no NO_COLOR (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def printable(text: str) -> str:
    """Without line breaks and control characters: what a name or comment holds must not move the cursor."""
    return "".join(character if character.isprintable() else " " for character in text)


def _nobody_reads() -> NoReturn:
    # Python flushes standard output once more when it ends, and would complain again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit
