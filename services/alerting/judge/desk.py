"""An alarm's life (ISA-18.2): raised, acknowledged, returned. The only place that changes an alarm's state.

    NORMAL ─raise─▶ UNACKNOWLEDGED ─acknowledge─▶ ACKNOWLEDGED ─return─▶ NORMAL
                      │        ▲
                   return    raise again: the same alarm, its version grows
                      ▼        │
                 RETURNED_UNACKNOWLEDGED ─acknowledge─▶ NORMAL

A raise from NORMAL is a new alarm. Its identifier follows from what it is about and when it was raised, so that a
replay gives it the same one. The last normal alarm stays in memory until the next is raised.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime

from canairy.messages.alarm import Alarm, AlarmState, Priority
from canairy.messages.command import Command
from canairy.messages.header import NO_TEMPERATURES
from canairy.messages.reading import Reading
from services.alerting.judge.events import Event, Happening, Heartbeat
from services.alerting.judge.memory import Memory, Point, Watch
from services.alerting.judge.rules import COVERAGE

GOOD = "good"
STALE = "stale"


@dataclass(frozen=True, slots=True)
class Seen:
    """What an event rests on: when, where, and how good. Times are UTC, degrees Celsius, kelvin, seconds."""

    at: datetime
    captured_at: datetime
    reason: str
    quality: str = GOOD
    temperature_c: float | None = None
    compared_with: str = ""
    limit: float | None = None
    delta_k: float | None = None
    data_age_s: float | None = None
    camera: str = ""
    view: str = ""
    frame: str = ""
    flags: tuple[str, ...] = ()
    uncertainty_k: float | None = None
    delta_uncertainty_k: float | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a raised alarm asks of whom."""

    priority: Priority
    response: str


def seen(reading: Reading, reason: str, quality: str) -> Seen:
    """What rests on one reading."""
    header = reading.header
    return Seen(
        at=header.captured_at,
        captured_at=header.captured_at,
        reason=reason,
        quality=quality,
        temperature_c=None if reading.temperatures is None else reading.temperatures.max_c,
        data_age_s=max(0.0, (header.received_at - header.captured_at).total_seconds()),
        camera=header.camera,
        view=header.view,
        frame=header.frame,
        flags=header.flags,
        uncertainty_k=None if reading.uncertainty is None else round(reading.uncertainty.expanded_k, 2),
    )


def alarm_id(site: str, asset: str, condition: str, raised_at: datetime) -> str:
    """12 hexadecimal digits that follow from what the alarm is about and when it was first raised."""
    text = "|".join((site, asset, condition, raised_at.isoformat(timespec="microseconds")))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(slots=True)
class Desk:
    """Applies what was judged to the alarms, and collects the events."""

    site: str
    memory: Memory
    events: list[Event | Heartbeat] = field(default_factory=list)
    # Where each remembered alarm is kept.
    places: dict[str, tuple[Point, Watch]] = field(default_factory=dict)

    def learn(self, point: Point) -> None:
        """Take in the alarms of a point that was restored."""
        for watch in point.watches.values():
            if watch.alarm is not None:
                self.places[watch.alarm.id] = (point, watch)

    def raise_alarm(self, point: Point, watch: Watch, since: datetime, terms: Terms, what: Seen) -> None:
        """Raise a new alarm, or once more the one that returned and that nobody acknowledged."""
        before = watch.alarm
        again = before is not None and before.state is AlarmState.RETURNED_UNACKNOWLEDGED
        if before is not None and not again:
            self.places.pop(before.id, None)
        alarm = Alarm(
            id=before.id if before is not None and again else alarm_id(self.site, point.name, watch.name, what.at),
            version=before.version + 1 if before is not None and again else 1,
            site=self.site,
            asset=point.name,
            condition=watch.name,
            state=AlarmState.UNACKNOWLEDGED,
            priority=terms.priority,
            raised_at=what.at,
            since=since,
            reason=what.reason,
            response=terms.response,
        )
        self.places[alarm.id] = (point, watch)
        self._tell(Happening.RAISED, point, watch, _resting_on(alarm, what), what.at, what.captured_at)

    def return_alarm(self, point: Point, watch: Watch, what: Seen) -> None:
        """The condition is over; does nothing when its alarm does not stand."""
        alarm = watch.alarm
        if alarm is None or not alarm.state.active:
            return
        acknowledged = alarm.state is AlarmState.ACKNOWLEDGED
        after = replace(
            _resting_on(alarm, what),
            version=alarm.version + 1,
            state=AlarmState.NORMAL if acknowledged else AlarmState.RETURNED_UNACKNOWLEDGED,
            returned_at=what.at,
            reason=what.reason,
        )
        self._tell(Happening.RETURNED, point, watch, after, what.at, what.captured_at)

    def acknowledge(self, alarm: Alarm, command: Command, quality: str) -> Alarm:
        """Acknowledge an alarm that waits for it, its data of this quality now; the alarm after it."""
        point, watch = self.places[alarm.id]
        after = replace(
            alarm,
            version=alarm.version + 1,
            state=AlarmState.ACKNOWLEDGED if alarm.state.active else AlarmState.NORMAL,
            acknowledged_at=command.issued_at,
            acknowledged_by=command.user,
            acknowledged_with=command.id,
            quality=quality,
        )
        self._tell(Happening.ACKNOWLEDGED, point, watch, after, command.issued_at, captured(alarm))
        return after

    def grade_quality(self, point: Point, watch: Watch, quality: str) -> None:
        """The alarm rests on data of this quality now: kept, and no event, so its version stays."""
        if watch.alarm is not None and watch.alarm.quality != quality:
            watch.alarm = replace(watch.alarm, quality=quality)
            self.memory.touch(point)

    def grade_data(self, point: Point, watch: Watch, quality: str, *, degrees: bool) -> None:
        """As `grade_quality`; and whether the newest data have temperatures, which its flags say."""
        self.grade_quality(point, watch, quality)
        alarm = watch.alarm
        if alarm is not None and degrees == (NO_TEMPERATURES in alarm.flags):
            others = tuple(flag for flag in alarm.flags if flag != NO_TEMPERATURES)
            watch.alarm = replace(alarm, flags=others if degrees else (*others, NO_TEMPERATURES))
            self.memory.touch(point)

    def forget(self, point: Point) -> None:
        """Drop a point and its alarms."""
        for watch in point.watches.values():
            if watch.alarm is not None:
                self.places.pop(watch.alarm.id, None)
        self.memory.drop(point)

    def _tell(
        self, happening: Happening, point: Point, watch: Watch, alarm: Alarm, at: datetime, captured_at: datetime
    ) -> None:
        watch.alarm = alarm
        self.memory.touch(point)
        self.events.append(Event(happening, alarm, at, captured_at))


def captured(alarm: Alarm) -> datetime:
    """When the picture was taken that raised the alarm; for coverage, the last one before the silence."""
    return alarm.since if alarm.condition == COVERAGE else alarm.raised_at


def _resting_on(alarm: Alarm, what: Seen) -> Alarm:
    return replace(
        alarm,
        quality=what.quality,
        temperature_c=what.temperature_c,
        compared_with=what.compared_with,
        limit=what.limit,
        delta_k=what.delta_k,
        data_age_s=what.data_age_s,
        camera=what.camera,
        view=what.view,
        frame=what.frame,
        flags=what.flags,
        uncertainty_k=what.uncertainty_k,
        delta_uncertainty_k=what.delta_uncertainty_k,
    )
