"""What must hold for a while before it is said, and must be gone for a while before it is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class Lasting:
    """One condition, told by frames; times are those of the frames.

    It stands once it has held for `after`, from the first frame that showed it; it falls once frames have not shown it
    for `clear`. A clock that was set back starts the count anew.
    """

    after: timedelta
    clear: timedelta
    since: datetime | None = None
    stands: bool = False
    _shown_at: datetime | None = None

    def saw(self, holds: bool, at: datetime) -> bool:
        """A frame taken `at` shows it, or does not; whether it stands now."""
        if self._shown_at is not None and at < self._shown_at:
            self._shown_at = at
        if self.since is not None and at < self.since:
            self.since = at
        if holds:
            self.since, self._shown_at = self.since or at, at
            self.stands = self.stands or at - self.since >= self.after
        elif self._shown_at is not None and (not self.stands or at - self._shown_at >= self.clear):
            self.since, self._shown_at, self.stands = None, None, False
        return self.stands

    def pause(self) -> None:
        """Nobody looks for a while: what does not stand yet is forgotten."""
        if not self.stands:
            self.since = self._shown_at = None
