"""What is wrong with a camera that goes on sending, or with one of its views: an alarm each, while it lasts.

Ingest says all that holds with every state of a camera; the newest one counts, so repeats and late ones change nothing.
What it does not say is over only where it knows: after its start, it has to look for a while.
A fault that blinds a view (moved, not matched) tells what the silence of the view and of its assets would tell, and
more: those are quiet while it stands, and count anew when it is over. A camera's own silence is told all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from canairy.messages.alarm import Priority
from canairy.messages.camera import CameraStatus
from canairy.messages.fault import CameraFault, FaultKind
from services.alerting.judge.desk import GOOD, Desk, Seen, Terms
from services.alerting.judge.memory import Memory, Point
from services.alerting.judge.rules import SiteRules


@dataclass(frozen=True, slots=True)
class FaultAlarm:
    """How a fault is told: the alarm's condition, what is said when it is over, what to do about it."""

    condition: str
    over: str
    response: str


ALARMS: Final = {
    FaultKind.MOVED: FaultAlarm(
        "moved", "the view is where it was taught", "turn the camera back, or teach the view again"
    ),
    FaultKind.UNMATCHED: FaultAlarm(
        "unmatched", "the view is recognised again", "see where the camera looks; turn it back, or teach the view again"
    ),
    FaultKind.READS_LOW: FaultAlarm(
        "reads_low", "the view is clear again", "wait for the weather; if it is dry, clean the camera's window"
    ),
    FaultKind.OCCLUDED: FaultAlarm(
        "occluded", "nothing stands before the view any more", "look what stands before the camera, and remove it"
    ),
    FaultKind.DRIFT: FaultAlarm(
        "drift", "the reference patch reads right again", "have the camera calibrated; until then doubt its readings"
    ),
    FaultKind.CLOCK_WRONG: FaultAlarm(
        "clock_wrong", "its clock is right again", "set the camera's time server (NTP); check its network for delays"
    ),
    FaultKind.DECODING: FaultAlarm(
        "decoding", "its frames can be used again", "check the camera's stream format, cabling and firmware"
    ),
}
NAMES: Final = frozenset(alarm.condition for alarm in ALARMS.values())
# Nothing is measured in such a view.
BLINDING: Final = frozenset(ALARMS[kind].condition for kind in (FaultKind.MOVED, FaultKind.UNMATCHED))


@dataclass(frozen=True, slots=True)
class CameraFaults:
    """Raises and returns these alarms."""

    rules: SiteRules
    memory: Memory
    desk: Desk

    def status(self, status: CameraStatus) -> None:
        """A camera's state, after it was taken in: one that is not its newest is passed over."""
        point = self.memory.get(status.camera)
        if point is None or point.camera is not status:
            return
        stand = {(fault.view or status.camera, ALARMS[fault.kind].condition): fault for fault in status.faults}
        for name in (status.camera, *self._views(status.camera)):
            for alarm in ALARMS.values():
                fault = stand.get((name, alarm.condition))
                if fault is not None:
                    self._raise(name, alarm, fault, status)
                elif status.faults_known:
                    self._return(name, alarm, status)

    def _views(self, camera: str) -> tuple[str, ...]:
        model = self.rules.models[camera]
        return tuple(view.id for view in model.views)

    def _raise(self, name: str, alarm: FaultAlarm, fault: CameraFault, status: CameraStatus) -> None:
        point = self.memory.of(name)
        watch = point.watch(alarm.condition)
        if watch.active:
            return
        what = Seen(status.at, fault.since, fault.reason, GOOD, camera=status.camera, view=fault.view)
        self.desk.raise_alarm(point, watch, fault.since, Terms(Priority.LOW, alarm.response), what)

    def _return(self, name: str, alarm: FaultAlarm, status: CameraStatus) -> None:
        point = self.memory.get(name)
        watch = None if point is None else point.watches.get(alarm.condition)
        if point is None or watch is None or not watch.active:
            return
        if alarm.condition in BLINDING:
            point.covered_from = max(point.covered_from or status.at, status.at)
        view = "" if name == status.camera else name
        self.desk.return_alarm(point, watch, Seen(status.at, status.at, alarm.over, camera=status.camera, view=view))


def blinded(point: Point) -> bool:
    """An alarm stands that says why nothing is measured in this view."""
    return any(watch.active for name, watch in point.watches.items() if name in BLINDING)
