"""Models that may be away: wait for them a little, then go on without them, and look for them again and again.

    answers ─Unavailable, for 2 s─▶ away ─ready again, and answers─▶ answers

While they are away nobody waits: a call is not even tried. Once a second it is asked whether they are ready. If they
say so and then do not answer, the next try comes later, at most 8 s, so that a server which is ready and cannot work
does not hold up everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from canairy.errors import Unavailable
from canairy.log import get_logger

T = TypeVar("T")
log = get_logger()

PATIENCE_S: Final = 2.0
PROBE_EVERY_S: Final = 1.0
# Back within 10 s of their return, whatever they did before.
LONGEST_S: Final = 8.0


@dataclass(slots=True)
class Availability:
    """`why_not_ready` asks the models (None: they are ready), and never takes long. `clock` in seconds."""

    why_not_ready: Callable[[], str | None]
    clock: Callable[[], float] = time.monotonic
    _failing_since: float | None = None
    # None while they answer.
    _next_try_at: float | None = None
    _pause_s: float = PROBE_EVERY_S

    @property
    def away(self) -> bool:
        """They have not answered for longer than one waits for them."""
        return self._next_try_at is not None

    def look(self) -> bool:
        """Whether they are there, as far as is known when there is nothing to ask of them."""
        if self._next_try_at is not None and self._worth_trying():
            self._answered()
        return not self.away

    def ask(self, call: Callable[[], T]) -> T | None:
        """What `call` answers; None while the models are away.

        Raises Unavailable while it is worth waiting for them: the caller backs off and tries again.
        """
        if self._next_try_at is not None and not self._worth_trying():
            return None
        began = self.clock()
        try:
            answer = call()
        except Unavailable as error:
            self._failed(error, began)
            return None
        self._answered()
        return answer

    def _worth_trying(self) -> bool:
        now = self.clock()
        if self._next_try_at is None or now < self._next_try_at:
            return False
        ready = self.why_not_ready() is None
        self._pause_s = min(2 * self._pause_s, LONGEST_S) if ready else PROBE_EVERY_S
        self._next_try_at = self.clock() + self._pause_s
        return ready

    def _failed(self, error: Unavailable, began: float) -> None:
        now = self.clock()
        if self._failing_since is None:
            self._failing_since = began
        left_s = self._failing_since + PATIENCE_S - now
        if left_s > 0:
            error.patience_s = left_s
            raise error
        if not self.away:
            log.error("models away: going on without them", reason=str(error))
        self._next_try_at = now + self._pause_s

    def _answered(self) -> None:
        if self.away:
            log.info("models back")
        self._failing_since, self._next_try_at, self._pause_s = None, None, PROBE_EVERY_S
