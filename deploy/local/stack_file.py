"""Where a running stack can be reached: DATA/stack.json, written by `canairy up`, read by the other commands."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canairy.errors import ConfigurationError

NAME: Final = "stack.json"


@dataclass(frozen=True, slots=True)
class StackFile:
    """Addresses are host:port; `pid` is the process of `canairy up`, `pids` those of its children by name."""

    pid: int
    site_file: str
    kafka_bootstrap: str
    alarms_address: str
    ingest_address: str
    http: Mapping[str, str] = field(default_factory=dict)
    pids: Mapping[str, int] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Replace the file whole: a reader never sees half of it."""
        fresh = folder / f"{NAME}.new"
        fresh.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")
        fresh.replace(folder / NAME)


def read_stack(folder: Path) -> StackFile:
    """The stack that runs on `folder`; raises ConfigurationError when none does."""
    elsewhere = "set CANAIRY_KAFKA_BOOTSTRAP and CANAIRY_ALARMS_ADDRESS"
    advice = f"start one with `canairy up --site FILE --data {folder}`, or {elsewhere}"
    try:
        stack = StackFile(**json.loads((folder / NAME).read_text()))
    except FileNotFoundError:
        raise ConfigurationError(f"{folder}: no stack runs here: {advice}") from None
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{folder / NAME} cannot be read ({error}): {advice}") from error
    if not _alive(stack.pid):
        raise ConfigurationError(f"{folder}: the stack that ran here (process {stack.pid}) has ended: {advice}")
    return stack


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, and alive
        return True
    return True
