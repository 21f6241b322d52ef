"""Is all in that was written up to now? A backlog must never look like silence.

Readings and camera states come by topics of their own, so each kind is behind for itself: from a batch whose newest
one (of live cameras) is over 5 s old until one that is not, or until nothing comes at all. A process that has just
started knows nothing of a backlog before it has seen fresh readings, or has polled for 5 s. Where time made a leap
since the batch before (the process was frozen, or the clock was set), nothing is known before it has polled for 5 s.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.camera import CameraStatus
from canairy.messages.reading import Reading
from services.alerting.judge.intake import Input
from services.alerting.judge.rules import SiteRules

FRESH: Final = timedelta(seconds=5)
# The loop turns at least once a second, and rests at most 5 s when the broker is away.
LEAP: Final = timedelta(seconds=10)


class CatchingUp:
    """Told of every batch; `done` once all is in."""

    def __init__(self, rules: SiteRules) -> None:
        self._live = frozenset(camera.name for camera in rules.cameras.values() if camera.live)
        self._behind = {Reading: False, CameraStatus: False}
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._leapt = False
        self._settled = False

    @property
    def done(self) -> bool:
        """Nothing is known to be missing."""
        return self._settled and not any(self._behind.values())

    def saw(self, messages: Iterable[Input], now: datetime) -> None:
        """Take note of one batch."""
        self._leap(now)
        newest = self._newest(messages)
        for kind in self._behind:
            if kind in newest:
                self._behind[kind] = now - newest[kind] > FRESH
        empty = not messages
        if empty:
            self._behind = dict.fromkeys(self._behind, False)
        fresh = Reading in newest and not self._behind[Reading] and not self._leapt
        self._settled = self._settled or fresh or (self._first is not None and now - self._first >= FRESH)

    def _leap(self, now: datetime) -> None:
        if self._last is not None and abs(now - self._last) > LEAP:
            self._first, self._settled, self._leapt = now, False, True
        self._first, self._last = self._first or now, now

    def _newest(self, messages: Iterable[Input]) -> dict[type, datetime]:
        newest: dict[type, datetime] = {}
        for message in messages:
            at = self._moment(message)
            if at is not None and (type(message) not in newest or at > newest[type(message)]):
                newest[type(message)] = at
        return newest

    def _moment(self, message: Input) -> datetime | None:
        if isinstance(message, Reading):
            return message.header.captured_at if message.header.camera in self._live else None
        if isinstance(message, CameraStatus):
            return message.at if message.camera in self._live else None
        return None
