"""A thread that follows topics through a `Reader` and outlives a Kafka that is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from canairy.errors import Unavailable
from canairy.log import get_logger
from canairy.stream.broker import Reader, Received

log = get_logger()

POLL_S: Final = 0.5
# Changes come several times a second; taken together, a point that changed five times is decoded once.
REST_S: Final = 0.1
LIMIT: Final = 1000
# Whether that was all is a question to the broker, so it is not asked after every poll.
ASK_EVERY: Final = timedelta(seconds=1)


def utc_now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


class Follower:
    """Gives every message to `take`, and tells `at_end` the time at which all that stood there had been taken.

    A reader that cannot be opened or does not answer is tried again every second. A defect ends the thread and
    stays in `failure`, and `died` is called: what this follower feeds would grow old in silence.
    """

    def __init__(
        self,
        name: str,
        open_reader: Callable[[], Reader],
        take: Callable[[Sequence[Received]], None],
        at_end: Callable[[datetime], None],
        clock: Callable[[], datetime] = utc_now,
        died: Callable[[], None] = lambda: None,
    ) -> None:
        self._died = died
        self._name = name
        self._open_reader = open_reader
        self._take = take
        self._at_end = at_end
        self._clock = clock
        self._reader: Reader | None = None
        self._asked_at: datetime | None = None
        self._away = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follow-{name}", daemon=True)
        self.failure: Exception | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self, timeout_s: float = 15.0) -> None:
        """Stop, and wait for it: a question to a Kafka that is away takes up to 10 s to fail."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._stopping.wait(self._turn())
        except Exception as error:
            self.failure = error
            log.exception("follower died", follower=self._name)
            self._died()
        finally:
            if self._reader is not None:
                self._reader.close()

    def _turn(self) -> float:
        """One poll; returns how long to rest before the next, in seconds."""
        try:
            if self._reader is None:
                self._reader = self._open_reader()
            backlog = self._poll(self._reader)
        except Unavailable as error:
            if not self._away:
                log.warning("cannot follow", follower=self._name, reason=str(error))
            self._away = True
            return 1.0
        self._away = False
        # A backlog is read in one go: five million changes would take eight minutes of rests.
        return 0.0 if backlog else REST_S

    def _poll(self, reader: Reader) -> bool:
        """Take what has come; True when there is more where that came from."""
        # Asked before the end is: what arrives in between must not count as known.
        now = self._clock()
        messages = reader.poll(POLL_S, LIMIT)
        if messages:
            self._take(messages)
        if self._asked_at is None or abs(now - self._asked_at) >= ASK_EVERY:
            self._asked_at = now
            if reader.at_end():
                self._at_end(now)
        return len(messages) >= LIMIT
