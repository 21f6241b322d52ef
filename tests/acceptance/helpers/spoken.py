"""What the services of a stack wrote into their logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def spoken(data: Path, service: str, event: str = "") -> list[dict[str, Any]]:
    """The lines of a service's log, in order; of one event only when it is given."""
    file = data / "logs" / f"{service}.jsonl"
    if not file.exists():
        return []
    lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.endswith("}"))
    return [line for line in lines if not event or line.get("event") == event]
