"""Of the last so many, how many were bad: frames that could not be used, times that could not be believed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

LAST: Final = 20
RAISED_FROM: Final = 5  # bad ones among them: a quarter of a full memory
CLEARED_AT: Final = 1


@dataclass(slots=True)
class Share:
    """Stands from five bad ones of the last twenty on, until at most one of them is bad."""

    since: datetime | None = None
    _last: deque[bool] = field(default_factory=lambda: deque(maxlen=LAST))

    @property
    def bad(self) -> int:
        """So many of the last ones."""
        return sum(self._last)

    @property
    def seen(self) -> int:
        """So many are remembered, LAST at most."""
        return len(self._last)

    @property
    def stands(self) -> bool:
        """There are too many."""
        return self.since is not None

    def saw(self, bad: bool, at: datetime) -> None:
        """One more."""
        self._last.append(bad)
        if self.bad >= RAISED_FROM:
            self.since = self.since or at
        elif self.bad <= CLEARED_AT:
            self.since = None
