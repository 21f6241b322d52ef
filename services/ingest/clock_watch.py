"""Does the camera know the time? Its own time is held against ours, for sources that run live and say one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from canairy.messages.fault import CameraFault, FaultKind
from services.ingest.shares import Share
from services.ingest.times import TRUSTED


@dataclass(slots=True)
class CameraClock:
    """A quarter of the last times off by more than two seconds: its clock is wrong, or its frames come late."""

    _share: Share = field(default_factory=Share)
    _off: timedelta = timedelta(0)

    def saw(self, taken_at: datetime | None, now: datetime) -> None:
        """A frame that came at `now` and says to be taken at `taken_at`."""
        if taken_at is not None:
            off = taken_at - now
            self._off = off if abs(off) > TRUSTED else self._off
            self._share.saw(abs(off) > TRUSTED, now)

    def fault(self) -> CameraFault | None:
        """It, where it holds."""
        if self._share.since is None:
            return None
        seconds = self._off.total_seconds()
        ahead = "ahead of" if seconds > 0 else "behind"
        reason = f"the camera's clock is {abs(seconds):.0f} s {ahead} ours, or its frames come late"
        return CameraFault(FaultKind.CLOCK_WRONG, "", self._share.since, reason)


@dataclass(slots=True)
class Decoding:
    """A quarter of the last frames could not be used."""

    _share: Share = field(default_factory=Share)
    _why: str = ""

    def saw(self, refused: str, now: datetime) -> None:
        """A frame came that was `refused` for this reason; empty: it was used."""
        self._why = refused or self._why
        self._share.saw(bool(refused), now)

    def fault(self) -> CameraFault | None:
        """It, where it holds."""
        if self._share.since is None:
            return None
        reason = f"{self._share.bad} of its last {self._share.seen} frames could not be used: {self._why}"
        return CameraFault(FaultKind.DECODING, "", self._share.since, reason)
