"""Which of the two alertings judges now: told by their logs, in which each take-over stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

TAKEN_OVER = "partitions taken over"


class Judges:
    """Follows the logs of the processes that may judge."""

    def __init__(self, logs: Mapping[str, Path]) -> None:
        self._logs = logs
        self._read = dict.fromkeys(logs, 0)
        self._took_over: dict[str, datetime] = {}

    def now(self) -> str | None:
        """Who took over last; None before anyone has. It may have died since."""
        self._follow()
        return max(self._took_over, key=lambda name: self._took_over[name], default=None)

    def took_over(self, name: str) -> datetime | None:
        """When this one took over last, None when it has let go of its partitions since."""
        self._follow()
        return self._took_over.get(name)

    def _follow(self) -> None:
        for name, path in self._logs.items():
            if path.exists():
                with path.open("rb") as log:
                    log.seek(self._read[name])
                    content = log.read()
                whole = content.rfind(b"\n") + 1
                self._read[name] += whole
                for line in content[:whole].splitlines():
                    if TAKEN_OVER.encode() in line:
                        self._take(name, json.loads(line))

    def _take(self, name: str, entry: Mapping[str, object]) -> None:
        if entry["partitions"]:
            self._took_over[name] = datetime.fromisoformat(str(entry["timestamp"]))
        else:
            self._took_over.pop(name, None)
