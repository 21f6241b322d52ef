"""Signs of life: what ends a silence. Decided by messages alone, so that a replay tells the same returns.

When a level is back after it was silent long enough to alarm, what is below it counts anew. After a shorter silence
what is below it only waits a moment for its own first sign of life, so that a level which falters again and again
does not hide for ever that something below it is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.alarm import Alarm
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.reading import Reading
from services.alerting.judge.arrival import LATENESS
from services.alerting.judge.camera_faults import blinded
from services.alerting.judge.coverage import camera_silence, overdue_after, raise_silence
from services.alerting.judge.desk import GOOD, Desk, Seen, seen
from services.alerting.judge.future import earlier
from services.alerting.judge.memory import Memory, Point
from services.alerting.judge.rules import COVERAGE, AssetRules, CameraRules, SiteRules

# A quarantine that nobody renewed is over. Its end is not told otherwise where a camera has no assets to read.
QUARANTINE_OVER: Final = timedelta(minutes=2)
# The readings of one frame come one after the other; what is not there by then is missing.
SAME_FRAME: Final = timedelta(seconds=1)


@dataclass(slots=True)
class Signs:
    """Takes in states of cameras and readings, and returns the coverage alarms that they end."""

    rules: SiteRules
    memory: Memory
    desk: Desk
    _newest_state: datetime | None = None
    # The newest valid reading of any asset of a view.
    _views: dict[str, datetime] = field(default_factory=dict)

    def learn(self, point: Point) -> None:
        """Take in a point that was restored."""
        if point.camera is not None:
            self._newest_state = _later(self._newest_state, point.camera.at)
        asset = self.rules.assets.get(point.name)
        if asset is not None and point.last_valid_at is not None:
            self._views[asset.view] = _later(self._views.get(asset.view), point.last_valid_at)

    def set_back(self, now: datetime) -> None:
        """What was seen, was seen until `now`."""
        self._newest_state = earlier(self._newest_state, now)
        self._views = {view: min(at, now) for view, at in self._views.items()}

    # --- states of cameras ------------------------------------------------------------------------------------

    def status(self, status: CameraStatus) -> None:
        """Take in the state of a camera; an older one than the newest is a repeat and changes nothing."""
        camera = self.rules.cameras[status.camera]
        self._link(status)
        point = self.memory.of(camera.name)
        if point.camera is None or status.at > point.camera.at:
            self._renew(camera, point, status)
        if camera.live:
            self._quarantine(point, status)
            self._finish(camera, status)
            self._camera_back(camera, point)

    def _link(self, status: CameraStatus) -> None:
        newest = self._newest_state
        self._newest_state = _later(newest, status.at)
        site = self.memory.of(self.rules.site)
        if newest is not None and status.at - newest > overdue_after(self.rules):
            self._is_back(site, status.at, newest, overdue_after(self.rules))
        self._end(site, Seen(status.at, status.at, "the cameras' states come in again"))

    def _renew(self, camera: CameraRules, point: Point, status: CameraStatus) -> None:
        before = point.camera
        missed = before is not None and status.at - before.at > overdue_after(self.rules)
        if not status.state.healthy:
            point.failing_since = point.failing_since or status.since
        elif point.failing_since is not None:
            self._is_back(point, status.at, point.failing_since, camera.stale_after)
            point.failing_since = None
        elif missed and before is not None:
            self._is_back(point, status.at, before.at, camera.stale_after)
        point.camera = status
        self.memory.touch(point)

    def _quarantine(self, point: Point, status: CameraStatus) -> None:
        """Told by who reads the camera's messages, while ingest may go on to say that all is well: raised at once."""
        if status.state is not CameraState.QUARANTINED:
            return
        if not _told(point.watch(COVERAGE).alarm, status):
            silence = camera_silence(point, status, status.since, status.since)
            raise_silence(self.desk, silence, status.since)

    def _finish(self, camera: CameraRules, status: CameraStatus) -> None:
        if status.state is CameraState.FINISHED:
            what = Seen(status.at, status.at, "the camera has told all there is", camera=camera.name)
            for name in (camera.name, *camera.views, *(asset for view in camera.views.values() for asset in view)):
                self._end(self.memory.of(name), what)

    def _camera_back(self, camera: CameraRules, point: Point) -> None:
        """A camera is back when its state is healthy and, where it has assets to read, readings came since."""
        alarm, status = point.watch(COVERAGE).alarm, point.camera
        if alarm is None or not alarm.state.active or status is None or not status.state.healthy:
            return
        quarantined = alarm.raised_at == alarm.since
        if any(not self._blinded(view) for view in camera.views):
            # Who quarantines a camera has a clock of its own.
            since = alarm.since + LATENESS if quarantined else alarm.since
            at = max(point.newest_at or alarm.since, status.at)
            back = point.newest_at is not None and point.newest_at > since
        else:
            at = status.at
            back = not quarantined or at - alarm.since > QUARANTINE_OVER
        if back:
            self._count_from(point, at)
            self._end(point, Seen(at, at, "the camera is back", camera=camera.name))

    def _blinded(self, view: str) -> bool:
        """No reading can come of it, and an alarm of its own says so."""
        point = self.memory.get(view)
        return point is not None and blinded(point)

    # --- readings ---------------------------------------------------------------------------------------------

    def camera_read(self, camera: CameraRules, point: Point) -> None:
        """A reading of this camera came."""
        if camera.live:
            self._camera_back(camera, point)

    def asset_read(self, camera: CameraRules, asset: AssetRules, point: Point, reading: Reading) -> None:
        """A valid reading of this asset came."""
        if not camera.live:
            return
        at = reading.header.captured_at
        view = self.memory.of(asset.view)
        before = self._views.get(asset.view)
        if before is None or at > before:
            self._views[asset.view] = at
            if before is not None and at - before > camera.stale_after:
                self._is_back(view, at, before, SAME_FRAME)
        what = seen(reading, "measured again" if reading.temperatures is not None else "seen again", GOOD)
        self._end(view, what)
        self._end(point, what)

    # --- endings ----------------------------------------------------------------------------------------------

    def _end(self, point: Point, what: Seen) -> None:
        watch = point.watches.get(COVERAGE)
        if watch is not None and watch.alarm is not None and what.at > watch.alarm.since:
            self.desk.return_alarm(point, watch, what)

    def _is_back(self, point: Point, at: datetime, silent_since: datetime, moment: timedelta) -> None:
        after = self.rules.coverage_after
        alarmed = at - silent_since >= after
        self._count_from(point, at if alarmed else at + moment - after)

    def _count_from(self, point: Point, at: datetime) -> None:
        point.covered_from = _later(point.covered_from, at)
        self.memory.touch(point)


def _told(alarm: Alarm | None, status: CameraStatus) -> bool:
    """Whether this quarantine was raised by an alarm before, or repeats what was said before that one returned."""
    if alarm is None:
        return False
    over = alarm.returned_at is not None and status.at <= alarm.returned_at
    return over or status.since <= alarm.raised_at


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
