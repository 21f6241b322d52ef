"""What the judge decided about commands, as told on `audit`."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from canairy.stream.broker import Received

REMEMBERED: Final = 10_000
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The decision about the command with the idempotency key `command`."""

    command: str
    alarm: str
    user: str
    accepted: bool
    reason: str = ""


class Outcomes:
    """The latest 10 000 decisions since this process began to follow `audit`; safe between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._known: OrderedDict[str, Outcome] = OrderedDict()

    def take(self, messages: Sequence[Received]) -> None:
        """Take in messages of `audit`; entries that are no decisions about commands are passed over."""
        found = [outcome for message in messages if (outcome := _outcome(message.value)) is not None]
        with self._changed:
            for outcome in found:
                self._known[outcome.command] = outcome
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            self._changed.notify_all()

    def wait_for(self, command: str, timeout_s: float) -> Outcome | None:
        """The decision about `command`, or None when it is not known within `timeout_s` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: command in self._known, timeout_s)
            return self._known.get(command)


def _outcome(value: bytes | None) -> Outcome | None:
    try:
        entry: Any = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or entry.get("outcome") not in (ACCEPTED, REJECTED) or not entry.get("command"):
        return None
    text = {key: str(entry.get(key) or "") for key in ("command", "alarm", "user", "reason")}
    return Outcome(accepted=entry["outcome"] == ACCEPTED, **text)
