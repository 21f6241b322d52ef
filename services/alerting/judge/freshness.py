"""The quality of alarms that stand: stale as soon as their data are, good again with the next valid reading.

No event and no new version: a command that names the version its user saw stays valid. What an event says about it
follows from messages alone, never from when the clock was last looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from canairy.messages.alarm import Alarm
from canairy.messages.header import NO_TEMPERATURES
from services.alerting.judge.camera_faults import NAMES
from services.alerting.judge.coverage import finished, status_of
from services.alerting.judge.desk import GOOD, STALE, Desk
from services.alerting.judge.memory import Memory, Point, Watch
from services.alerting.judge.rules import ANOMALY, COVERAGE, CameraRules, SiteRules
from services.alerting.judge.verdicts import BLIND

# These rest on what a camera does, not on what was measured.
NOT_MEASURED: Final = NAMES | {COVERAGE}


@dataclass(frozen=True, slots=True)
class Freshness:
    """Grades the data that standing alarms rest on."""

    rules: SiteRules
    memory: Memory
    desk: Desk

    def look(self, now: datetime) -> None:
        """Mark what has become stale by `now`."""
        for point, watch in list(self.desk.places.values()):
            camera = self._watched_by(watch)
            if camera is not None and self._stale(point, camera, now):
                self.desk.grade_quality(point, watch, STALE)

    def quality(self, point: Point, watch: Watch, alarm: Alarm, at: datetime) -> str:
        """How good the data of `alarm` are `at` the time of a command."""
        camera = self._watched_by(watch)
        if camera is None:
            return alarm.quality
        unjudged = watch.name != ANOMALY and NO_TEMPERATURES in alarm.flags
        return STALE if unjudged or self._stale(point, camera, at) else GOOD

    def measured(self, point: Point, quality: str, degrees: bool = True) -> None:
        """A valid reading came: what stands rests on data of this quality again.

        Without `degrees` that is so of how the asset looks; what stands by its temperature rests on old ones.
        """
        for watch in point.watches.values():
            if watch.active and watch.name not in NOT_MEASURED:
                judged = degrees or watch.name == ANOMALY
                self.desk.grade_data(point, watch, quality if judged else STALE, degrees=degrees)

    def _watched_by(self, watch: Watch) -> CameraRules | None:
        """The live camera that a standing alarm's data come from; None where data cannot grow stale."""
        alarm = watch.alarm
        if alarm is None or not alarm.state.active or watch.name in NOT_MEASURED:
            return None
        camera = self.rules.cameras.get(alarm.camera)
        return camera if camera is not None and camera.live else None

    def _stale(self, point: Point, camera: CameraRules, now: datetime) -> bool:
        status = status_of(self.memory, camera.name)
        if finished(status):
            return False
        if status is not None and status.state in BLIND:
            return True
        return point.last_valid_at is None or now - point.last_valid_at > camera.stale_after
