"""Watches the site file: a changed one is checked and proposed to the judge, by a command like any other.

The file is read once a second, and is small: a watch on the file itself would miss how editors and Kubernetes replace
it. What is not put in force is a trouble for as long as it is so: logged with
lines, carried by the canary, an alarm of the site. The file before stays in force, here and in every other service.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from canairy.errors import BrokerUnavailable
from canairy.log import get_logger
from canairy.messages.command import SITE_POINT, Action, Command
from canairy.site.load import MAX_BYTES, check_content, mistake_line
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Producer
from canairy.stream.troubles import SITE_FILE_INVALID, SITE_FILE_NOT_APPLIED, Troubles
from canairy.topics import COMMANDS
from services.alerting.outcomes import Outcome

log = get_logger()
LOOK_S: Final = 1.0
SEND_TIMEOUT_S: Final = 5.0
DECISION_TIMEOUT_S: Final = 30.0
USER: Final = "site file"

Wait = Callable[[str, float], Outcome | None]


@dataclass(slots=True)
class SiteWatch:
    """`decided` waits for the judge's word on a command; `clock` is UTC. Run by a thread of its own."""

    path: Path
    content: bytes
    producer: Producer
    decided: Wait
    troubles: Troubles
    clock: Callable[[], datetime]
    # What stands in the way now: the flag, and why.
    _wrong: tuple[str, str] | None = None
    _before: bytes | None = None
    _thread: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="site-file", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, within a look."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2 * LOOK_S + SEND_TIMEOUT_S)

    def look(self) -> None:
        """One look: what changed is proposed once it is the same for two looks; what is wrong is told again."""
        content = self._read()
        if content is not None and content == self._before and content != self.content:
            self._wrong = self._propose(content)
        self._before = content
        for flag in (SITE_FILE_INVALID, SITE_FILE_NOT_APPLIED):
            if self._wrong is not None and self._wrong[0] == flag:
                self.troubles.happened(*self._wrong)
            else:
                self.troubles.over(flag)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            self.look()

    def _read(self) -> bytes | None:
        """The file's bytes; None while it is not there, or grows beyond any site file."""
        try:
            with self.path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError:
            return None

    def _propose(self, content: bytes) -> tuple[str, str] | None:
        mistakes = check_content(content)
        if mistakes:
            self.content = content
            told = "; ".join(mistake_line(self.path, mistake) for mistake in mistakes)
            return SITE_FILE_INVALID, f"site file changed, not applied: {told}"
        outcome = self._ask(content)
        if outcome is None:  # asked again with the next look
            return SITE_FILE_NOT_APPLIED, "site file changed, not applied: the judge has not answered yet"
        self.content = content
        if not outcome.accepted:
            return SITE_FILE_NOT_APPLIED, outcome.reason
        log.info("site file", digest=sha256(content).hexdigest()[:16], reason=outcome.reason)
        return None

    def _ask(self, content: bytes) -> Outcome | None:
        command = Command(str(uuid.uuid4()), Action.RELOAD_SITE, SITE_POINT, USER, self.clock(), site_file=content)
        message = Outgoing(COMMANDS, command.alarm, command.encode(), schema.header("Command"))
        try:
            self.producer.send([message], SEND_TIMEOUT_S)
        except BrokerUnavailable:
            return None
        return self.decided(command.id, DECISION_TIMEOUT_S)
