"""The quality of alarms that stand: stale as soon as their data are, good again with the next valid reading.

No event and no new version: a command that names the version its user saw stays valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.alerting.judge.bench import BLIND
from services.alerting.judge.coverage import finished
from services.alerting.judge.desk import STALE, Desk
from services.alerting.judge.memory import Memory, Point, Watch
from services.alerting.judge.rules import COVERAGE, SiteRules


@dataclass(frozen=True, slots=True)
class Freshness:
    """Grades the data that standing alarms rest on."""

    rules: SiteRules
    memory: Memory
    desk: Desk

    def look(self, now: datetime) -> None:
        """Mark what has become stale by `now`."""
        for point, watch in list(self.desk.places.values()):
            if watch.active and watch.name != COVERAGE and self._stale(point, watch, now):
                self.desk.grade_quality(point, watch, STALE)

    def measured(self, point: Point, quality: str) -> None:
        """A valid reading came: what stands rests on data of this quality again."""
        for watch in point.watches.values():
            if watch.active and watch.name != COVERAGE:
                self.desk.grade_quality(point, watch, quality)

    def _stale(self, point: Point, watch: Watch, now: datetime) -> bool:
        alarm = watch.alarm
        camera = self.rules.cameras.get(alarm.camera) if alarm is not None else None
        if camera is None or not camera.live:
            return False
        status = self.memory.of(camera.name).camera
        if finished(status):
            return False
        if status is not None and status.state in BLIND:
            return True
        return point.last_valid_at is None or now - point.last_valid_at > camera.stale_after
