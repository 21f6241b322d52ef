"""Groups across cameras (or views): each member is compared with what the others showed last before it was read.

A reading taken at t is compared with each other member's newest reading taken at t or before, at most 5 s older.
It waits until every camera of the group is known to have told all up to t (a later frame has begun, or all readings
of the frame at t are in), or until one of them is more than 5 s past t: the bound on lateness. So the comparison does
not depend on which camera's readings came first. Readings that wait are part of the state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.reading import Reading
from services.alerting.judge.arrival import LATENESS
from services.alerting.judge.comparison import Comparison
from services.alerting.judge.delta import Shown
from services.alerting.judge.memory import Memory
from services.alerting.judge.rules import AssetRules, GroupRules

# How old a member's reading may be to be compared with.
OLDEST: Final = timedelta(seconds=5)


@dataclass(slots=True)
class Joins:
    """The readings that wait for slower cameras, by group, oldest first."""

    groups: dict[str, GroupRules]
    memory: Memory
    comparison: Comparison
    _waiting: dict[str, list[tuple[AssetRules, Reading]]] = field(default_factory=dict)
    _by_camera: dict[str, tuple[GroupRules, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cameras = {camera for group in self.groups.values() for camera in group.cameras}
        for camera in cameras:
            self._by_camera[camera] = tuple(it for it in self.groups.values() if camera in it.cameras)

    def learn(self, rules: AssetRules, reading: Reading) -> None:
        """A reading waits (again, after a restart)."""
        waiting = self._waiting.setdefault(rules.group or "", [])
        waiting.append((rules, reading))
        waiting.sort(key=_order)

    def add(self, rules: AssetRules, reading: Reading) -> None:
        """A member was read."""
        self.learn(rules, reading)

    def forget(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()

    def advanced(self, camera: str) -> None:
        """This camera has told more: what waited for it is compared."""
        for group in self._by_camera.get(camera, ()):
            waiting = self._waiting.get(group.name)
            while waiting and self._told_all(group, waiting[0][1].header.captured_at):
                rules, reading = waiting.pop(0)
                others = self._others(group, rules, reading.header.captured_at)
                self.comparison.compare(rules, reading, others)

    def _told_all(self, group: GroupRules, at: datetime) -> bool:
        points = [self.memory.get(camera) for camera in group.cameras]
        newest = [(point.newest_at, point.newest_complete) for point in points if point is not None]
        told = [(moment, complete) for moment, complete in newest if moment is not None]
        if any(moment > at + LATENESS for moment, _ in told):
            return True
        return len(told) == len(points) and all(m > at or (m == at and complete) for m, complete in told)

    def _others(self, group: GroupRules, rules: AssetRules, at: datetime) -> Iterator[Shown]:
        for member in group.members:
            if member.name != rules.name:
                yield self._shown_before(member, at)

    def _shown_before(self, member: AssetRules, at: datetime) -> Shown:
        point = self.memory.get(member.name)
        captures = point.captures if point is not None else []
        for capture in reversed(captures):
            if capture.captured_at <= at:
                usable = at - capture.captured_at <= OLDEST
                max_c = capture.max_c if usable else None
                return Shown(member, max_c, capture.lower_bound, capture.uncertainty, capture.frame)
        return Shown(member, None, lower_bound=False)


def _order(waiting: tuple[AssetRules, Reading]) -> tuple[datetime, str]:
    rules, reading = waiting
    return reading.header.captured_at, rules.name
