"""What the judge remembers, point by point, and which points changed since it was last written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from canairy.messages.alarm import Alarm, AlarmState
from canairy.messages.camera import CameraStatus
from canairy.messages.reading import Reading
from canairy.messages.state import Capture, Condition, Decision, PointState, Scored, SiteFile

# The point that keeps the decisions about commands.
COMMANDS_POINT: Final = "_commands"


@dataclass(slots=True)
class Watch:
    """One condition of a point: how far its on-delay has run, and its last alarm."""

    name: str
    over_since: datetime | None = None
    alarm: Alarm | None = None
    judged_at: datetime | None = None
    scored: list[Scored] = field(default_factory=list)

    @classmethod
    def of(cls, condition: Condition) -> Watch:
        """As it was when it was written down."""
        it = condition
        return cls(it.name, it.over_since, it.alarm, it.judged_at, list(it.scored))

    def to_condition(self) -> Condition:
        """As it is written down."""
        return Condition(self.name, self.over_since, self.alarm, self.judged_at, tuple(self.scored))

    @property
    def active(self) -> bool:
        """Its alarm stands now."""
        return self.alarm is not None and self.alarm.state.active


@dataclass(slots=True)
class Point:
    """The memory of one point; the fields mean what they mean in `PointState`."""

    name: str
    watches: dict[str, Watch] = field(default_factory=dict)
    captures: list[Capture] = field(default_factory=list)
    last: Reading | None = None
    last_valid_at: datetime | None = None
    camera: CameraStatus | None = None
    waiting: list[Reading] = field(default_factory=list)
    covered_from: datetime | None = None
    failing_since: datetime | None = None
    newest_at: datetime | None = None
    newest_complete: bool = False
    decisions: list[Decision] = field(default_factory=list)
    site_files: list[SiteFile] = field(default_factory=list)

    def watch(self, condition: str) -> Watch:
        """The memory of one condition, new when there is none."""
        watch = self.watches.get(condition)
        if watch is None:
            watch = self.watches[condition] = Watch(condition)
        return watch

    @property
    def closed(self) -> bool:
        """The hot spot is gone for good."""
        return self.last is not None and self.last.closed

    @property
    def at_rest(self) -> bool:
        """No alarm of it stands or waits for someone."""
        alarms = (watch.alarm for watch in self.watches.values())
        return all(alarm is None or alarm.state is AlarmState.NORMAL for alarm in alarms)

    def to_state(self) -> PointState:
        """As it is written down."""
        return PointState(
            point=self.name,
            conditions=tuple(watch.to_condition() for watch in self.watches.values()),
            captures=tuple(self.captures),
            last=self.last,
            last_valid_at=self.last_valid_at,
            camera=self.camera,
            waiting=tuple(self.waiting),
            covered_from=self.covered_from,
            failing_since=self.failing_since,
            newest_at=self.newest_at,
            newest_complete=self.newest_complete,
            decisions=tuple(self.decisions),
            site_files=tuple(self.site_files),
        )

    @classmethod
    def from_state(cls, state: PointState) -> Point:
        """As it was when it was written down."""
        return cls(
            name=state.point,
            watches={condition.name: Watch.of(condition) for condition in state.conditions},
            captures=list(state.captures),
            last=state.last,
            last_valid_at=state.last_valid_at,
            camera=state.camera,
            waiting=list(state.waiting),
            covered_from=state.covered_from,
            failing_since=state.failing_since,
            newest_at=state.newest_at,
            newest_complete=state.newest_complete,
            decisions=list(state.decisions),
            site_files=list(state.site_files),
        )


@dataclass(slots=True)
class Memory:
    """All points by name. `changed` keeps the order of the first change."""

    points: dict[str, Point] = field(default_factory=dict)
    _changed: dict[str, None] = field(default_factory=dict)

    def get(self, name: str) -> Point | None:
        """The point, or None when nothing is remembered of it."""
        return self.points.get(name)

    def of(self, name: str) -> Point:
        """The point, new when nothing is remembered of it."""
        point = self.points.get(name)
        if point is None:
            point = self.points[name] = Point(name)
        return point

    def touch(self, point: Point) -> None:
        """It has changed: it is written down with this batch."""
        self._changed[point.name] = None

    def drop(self, point: Point) -> None:
        """Forget it: a tombstone is written with this batch."""
        self.points.pop(point.name, None)
        self._changed[point.name] = None

    def restore(self, name: str, state: PointState | None) -> None:
        """Take in what was written down; None: it was forgotten."""
        if state is None:
            self.points.pop(name, None)
        else:
            self.points[name] = Point.from_state(state)

    def written(self) -> Iterator[tuple[str, PointState | None]]:
        """What has changed since the last call, each point once; None for what was forgotten."""
        changed, self._changed = self._changed, {}
        for name in changed:
            point = self.points.get(name)
            yield name, None if point is None else point.to_state()
