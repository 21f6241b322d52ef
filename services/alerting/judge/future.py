"""The clock was set back: what is remembered lies in the future, and whatever is new would count as late until then.

Nobody saw the future (`intake` refuses it), so a memory more than 10 s ahead of the clock is older than the setting of
the clock. All that it says counts as seen until now: silence, on-delays and comparisons are counted anew from here, and
what comes next is new. Alarms stand as they stood; nothing is raised or returned by it.

It depends on the clock, as silence does: messages alone do not tell a clock that was set back from a late repeat. A
replay of topics over such a moment judges what was written before it, and takes what was written after it for late.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from canairy.messages.alarm import Alarm
from canairy.messages.camera import CameraStatus
from canairy.messages.reading import Reading
from canairy.present import SET_BACK
from services.alerting.judge.arrival import LATENESS
from services.alerting.judge.memory import Memory, Point, Watch
from services.alerting.judge.rules import COVERAGE


def remembered(memory: Memory, names: Iterable[str], now: datetime) -> bool:
    """Whether one of these points (cameras, the canary) was heard of at a time that has yet to come."""
    points = (point for name in names if (point := memory.get(name)) is not None)
    return any(at > now + SET_BACK for point in points for at in _heard_of(point))


def forget(memory: Memory, now: datetime) -> None:
    """Let every point be as if all that is remembered of it had been seen until `now`."""
    for point in memory.points.values():
        _settle(point, now)
        memory.touch(point)


def _heard_of(point: Point) -> Iterable[datetime]:
    if point.newest_at is not None:
        yield point.newest_at
    if point.camera is not None:
        yield point.camera.at
    if point.captures:
        yield point.captures[-1].captured_at


def _settle(point: Point, now: datetime) -> None:
    point.captures = [capture for capture in point.captures if capture.captured_at <= now]
    point.waiting = []
    point.last = None if point.last is None else _read_before(point.last, now - LATENESS)
    point.camera = None if point.camera is None else _told_before(point.camera, now)
    if point.newest_at is not None and point.newest_at > now:
        point.newest_at, point.newest_complete = None, False
    point.last_valid_at = earlier(point.last_valid_at, now)
    point.covered_from = earlier(point.covered_from, now)
    point.failing_since = earlier(point.failing_since, now)
    for watch in point.watches.values():
        _settle_watch(watch, now)


def _settle_watch(watch: Watch, now: datetime) -> None:
    watch.over_since = earlier(watch.over_since, now)
    watch.judged_at = earlier(watch.judged_at, now - LATENESS)
    watch.scored = [it for it in watch.scored if it.captured_at <= now]
    if watch.name == COVERAGE and watch.alarm is not None:
        # What ends a silence is told by comparing times with these.
        watch.alarm = _silent_before(watch.alarm, now)


def _silent_before(alarm: Alarm, now: datetime) -> Alarm:
    raised_at, since = min(alarm.raised_at, now), min(alarm.since, now)
    return replace(alarm, raised_at=raised_at, since=since, returned_at=earlier(alarm.returned_at, now))


def _read_before(reading: Reading, now: datetime) -> Reading:
    at = min(reading.header.captured_at, now)
    return replace(reading, header=replace(reading.header, captured_at=at))


def _told_before(status: CameraStatus, now: datetime) -> CameraStatus:
    return replace(status, at=min(status.at, now), since=min(status.since, now))


def earlier(moment: datetime | None, now: datetime) -> datetime | None:
    """The moment, or `now` when that comes first; None stays None."""
    return None if moment is None else min(moment, now)
