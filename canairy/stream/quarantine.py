"""How many bad messages are too many: per key (a camera, an asset), and for the service as a whole."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from canairy.errors import TooManyInvalid


@dataclass(frozen=True, slots=True)
class InvalidLimits:
    """A key with `per_key` bad messages within `window` is not looked at for `release`; then one message is tried.

    The service stops when more than half of its last `watched` messages were bad (or put aside unseen) and came from
    two keys or more: one broken camera is the camera's fault, two are more likely ours.
    """

    per_key: int = 10
    window: timedelta = timedelta(seconds=60)
    release: timedelta = timedelta(seconds=60)
    watched: int = 200


@dataclass(slots=True)
class Quarantine:
    """Counts good and bad messages; time is handed in, and may be set back or forward: no key is held for longer."""

    limits: InvalidLimits = field(default_factory=InvalidLimits)
    # The bad messages of the last `window`, and how many of them each key has.
    _bad: deque[tuple[datetime, str]] = field(default_factory=deque)
    _count: Counter[str] = field(default_factory=Counter)
    # Until when each key is held. Past that time it is on trial: its next message decides.
    _until: dict[str, datetime] = field(default_factory=dict)
    # The key of each of the last `watched` messages that was bad, None for a good one.
    _recent: deque[str | None] = field(default_factory=deque)

    def holds(self, key: str, now: datetime) -> bool:
        """Whether this message of `key` is put aside unseen."""
        until = self._until.get(key)
        if until is None or not self._lasts(until, now):
            return False
        self._remember(key)
        return True

    def held(self, now: datetime) -> int:
        """How many keys are held."""
        return sum(self._lasts(until, now) for until in self._until.values())

    def good(self, key: str) -> None:
        """A message of `key` was understood."""
        self._remember(None)
        self._until.pop(key, None)

    def bad(self, key: str, now: datetime) -> bool:
        """A message of `key` was not understood; True when the key is held from now on."""
        self._remember(key)
        self._bad.append((now, key))
        self._count[key] += 1
        self._forget_all_but(now - self.limits.window, now)
        if key not in self._until and self._count[key] < self.limits.per_key:
            return False
        self._until[key] = now + self.limits.release
        return True

    def check(self) -> None:
        """Raises TooManyInvalid when most of the recent messages were bad, from two keys or more."""
        bad = [key for key in self._recent if key is not None]
        if len(self._recent) == self.limits.watched and len(bad) * 2 > len(self._recent) and len(set(bad)) > 1:
            worst = ", ".join(key for key, _ in Counter(bad).most_common(5))
            raise TooManyInvalid(
                f"{len(bad)} of the last {len(self._recent)} messages were invalid (from {worst}): "
                "see the dead letters for the reasons; producer and consumer may be of different releases"
            )

    def _lasts(self, until: datetime, now: datetime) -> bool:
        # What ends later than a hold can last was begun by a clock that has been set back since.
        return now < until <= now + self.limits.release

    def _forget_all_but(self, oldest: datetime, newest: datetime) -> None:
        while not oldest <= self._bad[0][0] <= newest:
            _, key = self._bad.popleft()
            self._count[key] -= 1
            if not self._count[key]:
                del self._count[key]

    def _remember(self, key: str | None) -> None:
        self._recent.append(key)
        if len(self._recent) > self.limits.watched:
            self._recent.popleft()
