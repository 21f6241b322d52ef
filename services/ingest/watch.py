"""Is a camera well? A state machine for each, fed by frames, failures and the clock.

    LIVE       frames come
    SILENT     no frame for the camera's `silent_after`
    FROZEN     five frames in a row are the same to the bit, or without noise of their own (live sources)
    BLACK      three frames in a row show nothing (a shutter that calibrates closes for one or two)
    SATURATED  three frames in a row are at the top of their range, mostly
    FAILED     the source raised an error, or its temperatures are impossible
    FINISHED   a recording was read to its end
    MOVING, UNSETTLED, UNMATCHED    a camera of several views does not show one of them (`tour`)

The next good frame makes any of them LIVE. A recording is never silent and never frozen: nobody waits for it.
What may be wrong beside the state (a view that moved, a wrong clock) are faults: `faults`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.fault import CameraFault, FaultKind
from canairy.site.model import Camera
from services.ingest.grey import Looked
from services.ingest.picture import Picture
from services.ingest.sight import Sight

HEARTBEAT: Final = timedelta(seconds=5)
FROZEN_FRAMES: Final = 5
BLACK_FRAMES: Final = 3
SATURATED_FRAMES: Final = 3
# After so long, what is not among the faults is none: drift takes a minute to be told.
FAULTS_KNOWN: Final = timedelta(seconds=75)
# States that say more than silence would.
_EXPLAINED: Final = frozenset({CameraState.SILENT, CameraState.FAILED, CameraState.FINISHED})
# What a report is compared by: the state, and each fault with its view and its beginning.
_Told = tuple[CameraState, tuple[tuple[FaultKind, str, datetime], ...]]


@dataclass(frozen=True, slots=True)
class Report:
    """A status to send; `changed` when its state or its faults are others than in the report before.

    `new_faults`: those that were not in the report before.
    """

    status: CameraStatus
    changed: bool
    new_faults: tuple[CameraFault, ...] = ()


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
        self._overdriven = 0
        self._faults: tuple[CameraFault, ...] = ()
        self._reported: tuple[_Told, datetime] | None = None

    @property
    def state(self) -> CameraState:
        """The state as of the last frame, failure or look at the clock."""
        return self._state

    def saw(self, picture: Looked, now: datetime, sight: Sight | None = None) -> None:
        """A frame came; `sight`: what was seen in it by those who remember the frames before it."""
        self._frames += 1
        self._last_frame_at = now
        self._same = self._same + 1 if picture.checksum == self._checksum else 1
        self._blank = self._blank + 1 if picture.blank else 0
        self._overdriven = self._overdriven + 1 if isinstance(picture, Picture) and picture.overdriven else 0
        self._checksum = picture.checksum
        self._enter(*self._judged(picture, sight or Sight()), now)

    def faults(self, faults: tuple[CameraFault, ...]) -> None:
        """All that is wrong beside the state, from now on."""
        self._faults = faults

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
        told = self._state, tuple((fault.kind, fault.view, fault.since) for fault in self._faults)
        changed = self._reported is None or self._reported[0] != told
        if not changed and self._reported is not None and abs(now - self._reported[1]) < HEARTBEAT:
            return None
        known = () if self._reported is None else self._reported[0][1]
        new = tuple(fault for fault, mark in zip(self._faults, told[1], strict=True) if mark not in known)
        self._reported = told, now
        return Report(self._status(now, flags), changed, new)

    def _judged(self, picture: Looked, sight: Sight) -> tuple[CameraState, str]:
        if isinstance(picture, Picture) and self._overdriven >= SATURATED_FRAMES:
            return CameraState.SATURATED, (
                f"{picture.top_share:.0%} of the picture are at the top of its range, {picture.hottest_c:.0f} degC, "
                f"in {self._overdriven} frames. Does the sun shine in? Set a higher range"
            )
        if self._blank >= BLACK_FRAMES:
            return CameraState.BLACK, (
                f"it shows nothing: pixels within {picture.spread} in {self._blank} frames. "
                "Is its lens covered, its shutter closed?"
            )
        if self._camera.live and self._same >= FROZEN_FRAMES:
            return CameraState.FROZEN, f"the last {self._same} frames are the same to the bit. Restart it"
        if self._camera.live and sight.quiet_frames >= FROZEN_FRAMES:
            return CameraState.FROZEN, (
                f"the last {sight.quiet_frames} frames have no noise of their own: one picture, sent again. Restart it"
            )
        return sight.state, sight.why

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
            faults=self._faults,
            faults_known=now - self._started_at >= FAULTS_KNOWN,
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
