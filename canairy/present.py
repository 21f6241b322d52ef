"""What lies in the future, on a machine whose clock may be set back while messages are under way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

# Clocks of machines of one site differ; what is further ahead than this was never seen by anybody.
AHEAD: Final = timedelta(seconds=5)
# A memory so far ahead of the clock was made before the clock was set back.
SET_BACK: Final = timedelta(seconds=10)
# How long after a clock was set back messages from before may still be under way.
UNDER_WAY: Final = timedelta(seconds=60)


class Present:
    """Told the time again and again, and answers with the latest that has been present within the last minute.

    A time that this process has lived through is not the future, though the clock was set back since: whoever took it
    for a wrong clock of its sender would dead-letter all that is under way, and quarantine every camera of the site.
    """

    def __init__(self) -> None:
        self._latest: datetime | None = None
        self._set_back_to: datetime | None = None

    def latest(self, now: datetime) -> datetime:
        """`now`, or for a minute after a set-back the time before it."""
        if self._latest is None or now >= self._latest or self._long_ago(now):
            self._latest, self._set_back_to = now, None
        elif self._set_back_to is None or now < self._set_back_to:
            self._set_back_to = now
        return self._latest

    def _long_ago(self, now: datetime) -> bool:
        return self._set_back_to is not None and now - self._set_back_to > UNDER_WAY
