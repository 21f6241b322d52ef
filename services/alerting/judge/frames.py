"""Groups within one view: the members of a frame are compared with each other when its last reading is in.

That the last one is in is known by the readings alone, never by how they were cut into batches: every member has
been read; or the frame's reading `count - 1` has come; or a newer frame of the camera proves that one is missing.
Members in the same frame saw the same moment, the same load and the same sun.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from canairy.messages.reading import Reading
from services.alerting.judge.comparison import Comparison
from services.alerting.judge.delta import Shown
from services.alerting.judge.rules import AssetRules, GroupRules

Frame = tuple[datetime, str]


@dataclass(slots=True)
class Frames:
    """The readings that wait for the rest of their frame: camera, then frame, then group, then asset."""

    groups: dict[str, GroupRules]
    comparison: Comparison
    _waiting: dict[str, dict[Frame, dict[str, dict[str, Reading]]]] = field(default_factory=dict)

    def learn(self, rules: AssetRules, reading: Reading) -> None:
        """A reading waits (again, after a restart)."""
        header = reading.header
        frame = (header.captured_at, header.frame)
        frames = self._waiting.setdefault(header.camera, {})
        frames.setdefault(frame, {}).setdefault(rules.group or "", {})[rules.name] = reading

    def add(self, rules: AssetRules, reading: Reading) -> None:
        """A member was read: when it was the last one of its group, the group is compared."""
        self.learn(rules, reading)
        header = reading.header
        frame = (header.captured_at, header.frame)
        waiting = self._waiting[header.camera][frame]
        group = rules.group or ""
        if len(waiting[group]) == len(self.groups[group].members):
            self._compare(group, waiting.pop(group))

    def newer(self, camera: str, captured_at: datetime) -> None:
        """A frame taken at `captured_at` has begun: what older frames still lack will not come."""
        waiting = self._waiting.get(camera)
        if waiting:
            for frame in sorted(frame for frame in waiting if frame[0] < captured_at):
                self._settle(waiting, frame)

    def forget(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()

    def ended(self, reading: Reading) -> None:
        """The last reading of its frame is in."""
        header = reading.header
        waiting = self._waiting.get(header.camera)
        frame = (header.captured_at, header.frame)
        if waiting and frame in waiting:
            self._settle(waiting, frame)

    def _settle(self, waiting: dict[Frame, dict[str, dict[str, Reading]]], frame: Frame) -> None:
        groups = waiting.pop(frame)
        for group in sorted(groups):
            self._compare(group, groups[group])

    def _compare(self, group: str, readings: dict[str, Reading]) -> None:
        members = [member for member in self.groups[group].members if member.name in readings]
        for member in members:
            others = [_shown(other, readings[other.name]) for other in members if other is not member]
            self.comparison.compare(member, readings[member.name], others)


def _shown(member: AssetRules, reading: Reading) -> Shown:
    measured = reading.temperatures
    max_c = None if measured is None else measured.max_c
    return Shown(member, max_c, reading.lower_bound, reading.uncertainty, reading.header.frame)
