"""Is a camera well? A state machine for each, fed by frames, failures and the clock.

    LIVE       frames come
    SILENT     no frame for the camera's `silent_after`
    FROZEN     five frames in a row are the same to the bit (live sources: noise never repeats)
    BLACK      three frames in a row show nothing (a shutter that calibrates closes for one or two)
    FAILED     the source raised an error, or its temperatures are impossible
    FINISHED   a recording was read to its end

The next good frame makes any of them LIVE. A recording is never silent and never frozen: nobody waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.camera import CameraState, CameraStatus
from canairy.site.model import Camera
from services.ingest.grey import Looked

HEARTBEAT: Final = timedelta(seconds=5)
FROZEN_FRAMES: Final = 5
BLACK_FRAMES: Final = 3
# States that say more than silence would.
_EXPLAINED: Final = frozenset({CameraState.SILENT, CameraState.FAILED, CameraState.FINISHED})


@dataclass(frozen=True, slots=True)
class Report:
    """A status to send; `changed` when the state is another than in the report before."""

    status: CameraStatus
    changed: bool


class CameraWatch:
    """What is known of one camera. All times are given to it; it never looks at a clock."""

    def __init__(self, site: str, camera: Camera, started_at: datetime) -> None:
        self._site = site
        self._camera = camera
        self._state = CameraState.UNKNOWN
        self._since = started_at
        self._started_at = started_at
        self._why = "waiting for the first frame"
        self._frames = 0
        self._last_frame_at: datetime | None = None
        self._checksum: int | None = None
        self._same = 0
        self._blank = 0
        self._reported: tuple[CameraState, datetime] | None = None

    @property
    def state(self) -> CameraState:
        """The state as of the last frame, failure or look at the clock."""
        return self._state

    def saw(self, picture: Looked, now: datetime) -> None:
        """A frame came."""
        self._frames += 1
        self._last_frame_at = now
        self._same = self._same + 1 if picture.checksum == self._checksum else 1
        self._blank = self._blank + 1 if picture.blank else 0
        self._checksum = picture.checksum
        self._enter(*self._judged(picture), now)

    def failed(self, reason: str, now: datetime) -> None:
        """The source cannot be read."""
        self._enter(CameraState.FAILED, reason, now)

    def finished(self, now: datetime) -> None:
        """The recording has been read to its end."""
        self._enter(CameraState.FINISHED, "", now)

    def clock_set(self, by: timedelta, now: datetime) -> None:
        """The clock was set by so much; `now` is the new time. A camera is not silent because of it."""

        def moved(moment: datetime) -> datetime:
            # What was seen since then has the new time already.
            before = now - moment > by / 2 if by > timedelta(0) else now - moment < by / 2
            return moment + by if before else moment

        self._since, self._started_at = moved(self._since), moved(self._started_at)
        self._last_frame_at = None if self._last_frame_at is None else moved(self._last_frame_at)

    def report(self, now: datetime, flags: tuple[str, ...] = ()) -> Report | None:
        """A report when the state has changed or a heartbeat is due; looks whether the camera has fallen silent."""
        if self._camera.live and self._state not in _EXPLAINED and self._silence(now) > self._camera.silence:
            self._enter(CameraState.SILENT, "", now)
        changed = self._reported is None or self._reported[0] is not self._state
        if not changed and self._reported is not None and abs(now - self._reported[1]) < HEARTBEAT:
            return None
        self._reported = self._state, now
        return Report(self._status(now, flags), changed)

    def _judged(self, picture: Looked) -> tuple[CameraState, str]:
        if self._blank >= BLACK_FRAMES:
            return CameraState.BLACK, (
                f"it shows nothing: pixels within {picture.spread} in {self._blank} frames. "
                "Is its lens covered, its shutter closed?"
            )
        if self._camera.live and self._same >= FROZEN_FRAMES:
            return CameraState.FROZEN, f"the last {self._same} frames are the same to the bit. Restart it"
        return CameraState.LIVE, ""

    def _enter(self, state: CameraState, why: str, now: datetime) -> None:
        self._why = why
        if state is not self._state:
            self._state, self._since = state, now

    def _silence(self, now: datetime) -> timedelta:
        return now - (self._last_frame_at or self._started_at)

    def _status(self, now: datetime, flags: tuple[str, ...]) -> CameraStatus:
        return CameraStatus(
            site=self._site,
            camera=self._camera.id,
            state=self._state,
            since=self._since,
            at=now,
            live=self._camera.live,
            reason=self._reason(now),
            frames=self._frames,
            last_frame_at=self._last_frame_at,
            flags=flags,
        )

    def _reason(self, now: datetime) -> str:
        why = self._why
        if self._state is CameraState.FINISHED:
            why = f"read to its end, {self._frames} frames"
        elif self._state is CameraState.SILENT:
            last = self._last_frame_at
            when = "none since the start" if last is None else f"last {last:%H:%M:%S}Z"
            why = f"no frame for {self._silence(now).total_seconds():.0f} s ({when})"
        return f"{self._camera.id}: {why}" if why else ""
