"""How many bad messages are too many: per key (a camera, an asset), and for the service as a whole."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from canairy.errors import TooManyInvalid


@dataclass(frozen=True, slots=True)
class InvalidLimits:
    """A key with `per_key` bad messages within `window` is not looked at until `release` after its last bad one.

    The service stops when more than half of its last `watched` messages were bad and came from two keys or more:
    one broken camera is the camera's fault, two are more likely ours.
    """

    per_key: int = 10
    window: timedelta = timedelta(seconds=60)
    release: timedelta = timedelta(seconds=60)
    watched: int = 200


@dataclass(slots=True)
class Quarantine:
    """Counts good and bad messages; time is handed in."""

    limits: InvalidLimits = field(default_factory=InvalidLimits)
    _bad: dict[str, deque[datetime]] = field(default_factory=dict)
    _until: dict[str, datetime] = field(default_factory=dict)
    _recent: deque[str | None] = field(default_factory=deque)

    def holds(self, key: str, now: datetime) -> bool:
        """Whether messages of `key` are put aside unseen."""
        until = self._until.get(key)
        if until is None or now < until:
            return until is not None
        # One message is tried: if it is bad again, the key is held again at once.
        del self._until[key]
        return False

    def held(self) -> int:
        """How many keys are held."""
        return len(self._until)

    def good(self) -> None:
        """A message was understood."""
        self._remember(None)

    def bad(self, key: str, now: datetime) -> bool:
        """A message of `key` was not understood; True when the key is held from now on."""
        self._remember(key)
        times = self._bad.setdefault(key, deque(maxlen=self.limits.per_key))
        times.append(now)
        if len(times) == self.limits.per_key and now - times[0] <= self.limits.window + self.limits.release:
            self._until[key] = now + self.limits.release
            return True
        return False

    def check(self) -> None:
        """Raises TooManyInvalid when most of the recent messages were bad, from two keys or more."""
        bad = [key for key in self._recent if key is not None]
        if len(self._recent) == self.limits.watched and len(bad) * 2 > len(self._recent) and len(set(bad)) > 1:
            worst = ", ".join(sorted(set(bad))[:5])
            raise TooManyInvalid(
                f"{len(bad)} of the last {len(self._recent)} messages were invalid (from {worst}): "
                "see the dead letters for the reasons; producer and consumer may be of different releases"
            )

    def _remember(self, key: str | None) -> None:
        self._recent.append(key)
        if len(self._recent) > self.limits.watched:
            self._recent.popleft()
