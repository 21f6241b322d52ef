"""Silence is told as one alarm, at the highest level that failed: link, camera, view or asset. Live cameras only.

    link     no state of any camera comes in             subject: the site
    camera   its state is not healthy, or is overdue     subject: the camera
    view     no asset of it has a valid reading          subject: the view
    asset    it alone has no valid reading               subject: the asset

A level that fails keeps the levels below it quiet from its first moment, long before its own alarm is due; when it is
back after its alarm, what is still silent below it counts anew. So a switch that reboots is one line, and not thirty.

An alarm is due a fixed time (the site's `coverage_alarm_after`) after the last sign of life, and that is its time:
it follows from messages; only *that* it is raised depends on the clock. What ends a silence is in `signs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.alarm import Priority
from canairy.messages.camera import CameraState, CameraStatus
from services.alerting.judge.camera_faults import blinded
from services.alerting.judge.desk import STALE, Desk, Seen, Terms
from services.alerting.judge.memory import Memory, Point
from services.alerting.judge.rules import COVERAGE, CameraRules, SiteRules

# A camera's state is overdue after this long, or half of the alarm's delay where that is shorter: but ingest tells it
# every 5 s, and with less patience than that (and a slow turn) every word would look like the end of a silence.
OVERDUE: Final = timedelta(seconds=30)
OVERDUE_AT_LEAST: Final = timedelta(seconds=7)
# States that say too little by their name alone. Since when is told beside every reason.
EXPLAINED: Final = frozenset(
    {
        CameraState.FAILED,
        CameraState.QUARANTINED,
        CameraState.UNKNOWN,
        CameraState.SATURATED,
        CameraState.MOVING,
        CameraState.UNSETTLED,
        CameraState.UNMATCHED,
    }
)


def overdue_after(rules: SiteRules) -> timedelta:
    """How long after a camera's last state the next one is missed."""
    return max(OVERDUE_AT_LEAST, min(OVERDUE, rules.coverage_after / 2))


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing of `point` since; the alarm's delay counts from `counted`, which is later where a level above failed."""

    point: Point
    since: datetime
    counted: datetime
    reason: str
    response: str
    camera: str = ""
    view: str = ""


@dataclass(slots=True)
class Coverage:
    """Looks for silence whenever time has passed."""

    rules: SiteRules
    memory: Memory
    desk: Desk
    # What was never seen counts from this process's first moment, unless the state knows an earlier one.
    begun: datetime

    def look(self, now: datetime) -> None:
        """Raise what is due at `now`."""
        owed = [it for it in self.rules.cameras.values() if it.live and not finished(status_of(self.memory, it.name))]
        if not owed:
            return
        site = self.memory.of(self.rules.site)
        link = self._link(site)
        if now - link.counted > overdue_after(self.rules):
            self._raise_when_due(link, now, self.rules.coverage_after)
        elif not site.watch(COVERAGE).active:
            for camera in owed:
                self._look_at_camera(camera, self._first(site), now)

    def _link(self, site: Point) -> Silence:
        states = (status_of(self.memory, name) for name in self.rules.cameras)
        said = [status.at for status in states if status is not None]
        since = max(said, default=self._first(site))
        reason = "no word of any camera"
        response = "check the network to the cameras and the ingest service"
        return Silence(site, since, max(since, self._first(site)), reason, response)

    def _look_at_camera(self, camera: CameraRules, above: datetime, now: datetime) -> None:
        point = self.memory.of(camera.name)
        first = self._first(point)
        since = self._failing_since(point, first, now)
        if since is not None:
            silence = camera_silence(point, point.camera, since, max(since, above))
            self._raise_when_due(silence, now, self.rules.coverage_after)
        elif not point.watch(COVERAGE).active:
            for view, assets in camera.views.items():
                self._look_at_view(camera, view, assets, max(above, first), now)

    def _failing_since(self, point: Point, first: datetime, now: datetime) -> datetime | None:
        if point.failing_since is not None:
            return point.failing_since
        said = first if point.camera is None else point.camera.at
        return said if now - said > overdue_after(self.rules) else None

    def _look_at_view(
        self, camera: CameraRules, view: str, assets: Sequence[str], above: datetime, now: datetime
    ) -> None:
        point = self.memory.of(view)
        if blinded(point):
            return  # told already, by an alarm that says more
        delay = max(self.rules.coverage_after, camera.stale_after)
        above = above if point.covered_from is None else max(above, point.covered_from)
        valid = {asset: self._last_valid(self.memory.of(asset)) for asset in assets}
        newest = max(valid.values())
        if now - max(newest, above) > camera.stale_after:
            reason = "no asset of this view measured"
            response = f"check where camera {camera.name} looks in view {view}"
            silence = Silence(point, newest, max(newest, above), reason, response, camera.name, view)
            self._raise_when_due(silence, now, delay)
            return
        for asset, since in valid.items():
            if now - max(since, above) >= delay:
                self._raise_when_due(self._asset(asset, since, above, camera, view), now, delay)

    def _asset(self, asset: str, since: datetime, above: datetime, camera: CameraRules, view: str) -> Silence:
        reason = "not measured"
        response = f"check the region of {asset} in view {view}"
        return Silence(self.memory.of(asset), since, max(since, above), reason, response, camera.name, view)

    def _last_valid(self, point: Point) -> datetime:
        return point.last_valid_at if point.last_valid_at is not None else self._first(point)

    def _first(self, point: Point) -> datetime:
        if point.covered_from is None:
            # Written down, so that a process that starts again and again still comes to an end of waiting.
            point.covered_from = self.begun
            self.memory.touch(point)
        return point.covered_from

    def _raise_when_due(self, silence: Silence, now: datetime, delay: timedelta) -> None:
        if now - silence.counted >= delay:
            raise_silence(self.desk, silence, silence.counted + delay)


def status_of(memory: Memory, camera: str) -> CameraStatus | None:
    """The newest state of a camera, or None."""
    point = memory.get(camera)
    return None if point is None else point.camera


def finished(status: CameraStatus | None) -> bool:
    """The camera has told all that it will ever tell."""
    return status is not None and status.state is CameraState.FINISHED


def camera_silence(point: Point, status: CameraStatus | None, since: datetime, counted: datetime) -> Silence:
    """A camera whose state is not healthy, or overdue."""
    if status is not None and not status.state.healthy:
        why = status.reason.removeprefix(f"{status.camera}: ") if status.state in EXPLAINED else ""
        reason = f"camera {status.state.name.lower()}" + (f": {why}" if why else "")
    else:
        reason = "no word of this camera"
    return Silence(point, since, counted, reason, _response(point.name, status), point.name)


def _response(camera: str, status: CameraStatus | None) -> str:
    match None if status is None else status.state:
        case CameraState.SATURATED:
            return f"look what shines into camera {camera}; if it is the equipment, give it a higher range"
        case CameraState.MOVING | CameraState.UNSETTLED:
            return f"see whether the tour of camera {camera} stops at its views, and whether its mount holds"
        case CameraState.UNMATCHED:
            return f"see where camera {camera} looks: call up a preset, or teach its views again"
        case _:
            return f"check camera {camera}, its power and its network"


def raise_silence(desk: Desk, silence: Silence, at: datetime) -> None:
    """Raise the alarm for a silence, unless it stands already."""
    watch = silence.point.watch(COVERAGE)
    if watch.active:
        return
    what = Seen(
        at=at,
        captured_at=silence.since,
        reason=silence.reason,
        quality=STALE,
        data_age_s=(at - silence.since).total_seconds(),
        camera=silence.camera,
        view=silence.view,
    )
    desk.raise_alarm(silence.point, watch, silence.since, Terms(Priority.LOW, silence.response), what)
