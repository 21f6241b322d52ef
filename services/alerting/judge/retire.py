"""Lets go of what is over: hot spots that are gone, and what the site file no longer has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from canairy.messages.reading import Reading
from services.alerting.judge.arrival import KEPT
from services.alerting.judge.camera_faults import NAMES as FAULTS
from services.alerting.judge.desk import GOOD, Desk, Seen, seen
from services.alerting.judge.memory import Memory, Point
from services.alerting.judge.rules import ANOMALY, COVERAGE, DELTA, HIGH, HIGH_HIGH, HOT_SPOT, AssetRules, SiteRules
from services.alerting.judge.site_conditions import NAMES as SITE_CONDITIONS
from services.alerting.judge.versions import Versions

# The conditions of an asset that its own rules decide.
THRESHOLDS: Final = frozenset({HIGH, HIGH_HIGH, DELTA, ANOMALY})


@dataclass(slots=True)
class Retirement:
    """Forgets a point once its alarms are at rest and repeats of its last messages would be known as late."""

    rules: SiteRules
    memory: Memory
    desk: Desk
    versions: Versions
    # Points that are over: with the camera whose newest reading tells when they may be forgotten.
    _over: dict[str, str] = field(default_factory=dict)

    def learn(self, point: Point) -> None:
        """Take in a point that was restored."""
        if point.closed and point.last is not None:
            self.close(point, point.last.header.camera)

    def close(self, point: Point, camera: str) -> None:
        """A hot spot is gone for good."""
        self._over[point.name] = camera

    def sweep(self) -> None:
        """Forget what may be forgotten: after each message that can change that, so that batches do not matter."""
        for name, camera in list(self._over.items()):
            point = self.memory.get(name)
            if point is None:
                del self._over[name]
            elif point.at_rest and self._past(point, camera):
                del self._over[name]
                self.desk.forget(point)

    def compare_with_site(self, now: datetime) -> None:
        """End the alarms of what the site file had when they were raised, and has no more. Once after a start."""
        for point in list(self.memory.points.values()):
            kept = self._conditions(point)
            for watch in point.watches.values():
                if watch.active and (kept is None or watch.name not in kept):
                    self.desk.return_alarm(point, watch, Seen(now, now, "no longer in the site file"))
            if kept is None and not point.name.startswith("_"):
                self._over[point.name] = ""

    def drop_conditions(self, asset: AssetRules, point: Point, reading: Reading) -> None:
        """End the alarms of limits that the site file in force for this reading has no more."""
        for watch in point.watches.values():
            if watch.active and watch.name in THRESHOLDS - asset.conditions:
                self.desk.return_alarm(point, watch, seen(reading, "no longer in the site file", GOOD))

    def _past(self, point: Point, camera: str) -> bool:
        if not camera or point.last is None:
            return True
        newest = self.memory.of(camera).newest_at
        return newest is not None and newest - point.last.header.captured_at > KEPT

    def _conditions(self, point: Point) -> frozenset[str] | None:
        """What is still judged of a point; None for a point that is no longer there."""
        asset = self.rules.assets.get(point.name)
        if asset is not None:
            live = self.rules.cameras[asset.camera].live
            return self.versions.conditions(asset.name) | ({COVERAGE} if live else frozenset())
        if point.name == self.rules.site:
            return SITE_CONDITIONS | {COVERAGE}
        if point.name in self.rules.cameras or point.name in self.rules.all_views:
            return FAULTS | {COVERAGE}
        last = point.last
        if last is None or not self.rules.has_view(last.header.camera, last.header.view):
            return None
        rules = self.rules.hot_spot(last.header.camera, last.header.view)
        return None if rules is None else frozenset({HOT_SPOT})
