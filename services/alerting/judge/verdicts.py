"""Carries a verdict on one reading to the alarm that it concerns, and says how good the reading is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.reading import Reading
from services.alerting.judge.desk import GOOD, STALE, Desk, Terms, seen
from services.alerting.judge.excursion import Turn
from services.alerting.judge.grade import Grade
from services.alerting.judge.memory import Memory, Point, Watch
from services.alerting.judge.rules import ANOMALY
from services.alerting.judge.unjudged import estimated

INVALID: Final = "invalid"
# In these states a camera goes on sending pictures that show nothing new, or nothing at all.
BLIND: Final = frozenset({CameraState.FROZEN, CameraState.BLACK, CameraState.SATURATED})


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Applies verdicts on readings."""

    memory: Memory
    desk: Desk

    def apply(self, what: Turn, point: Point, watch: Watch, reading: Reading, terms: Terms, grade: Grade) -> None:
        """Raise or return the alarm of `watch`, resting on `reading`."""
        if what is Turn.NONE:
            return
        reason = grade.over if what is Turn.RAISE else grade.clear
        reason += "" if watch.name == ANOMALY else estimated(reading)
        rests_on = replace(
            seen(reading, reason, self.quality(reading)),
            compared_with=grade.compared_with,
            limit=grade.limit,
            delta_k=grade.delta_k,
            delta_uncertainty_k=grade.delta_uncertainty_k,
        )
        if what is Turn.RETURN:
            self.desk.return_alarm(point, watch, rests_on)
            return
        at = reading.header.captured_at
        since = at if watch.over_since is None else min(watch.over_since, at)
        self.desk.raise_alarm(point, watch, since, terms, rests_on)

    def quality(self, reading: Reading) -> str:
        """`good`, `stale` (the camera shows an old picture, or none) or `invalid` (nothing was seen)."""
        if not reading.seen:
            return INVALID
        camera = self.memory.get(reading.header.camera)
        status = None if camera is None else camera.camera
        return STALE if status is not None and _blind(status, reading) else GOOD


def _blind(status: CameraStatus, reading: Reading) -> bool:
    return status.state in BLIND and status.since <= reading.header.captured_at
