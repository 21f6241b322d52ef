"""The `canairy` command as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CANAIRY = Path(sys.executable).with_name("canairy")


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of canAIry, and what is given."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CANAIRY_")} | more


def canairy(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; `more` is environment."""
    command = [str(CANAIRY), *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env=environment(**more), encoding="utf-8"
    )


def json_lines(text: str) -> list[dict[str, Any]]:
    """One object a line."""
    return [json.loads(line) for line in text.splitlines()]
