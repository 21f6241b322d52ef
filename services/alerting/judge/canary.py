"""The canary's reading becomes the site's heartbeat on thermal.alerts: never an alarm, never in a statistic."""

from __future__ import annotations

from typing import Final

from canairy.alerts import CANARY_NOT_MEASURED
from canairy.messages.header import CANARY
from canairy.messages.reading import Reading
from canairy.messages.state import Capture
from services.alerting.judge.arrival import Arrival, arrival, remember
from services.alerting.judge.desk import Desk
from services.alerting.judge.events import Heartbeat
from services.alerting.judge.memory import Memory

# The synthetic frame is over this limit; one that is measured below was lost on the way.
CANARY_LIMIT_C: Final = 90.0
# One a minute: an hour's worth is known again when it is repeated.
REMEMBERED: Final = 64


def beat(reading: Reading, memory: Memory, desk: Desk, *, know_captures: bool) -> Arrival:
    """Answer a canary's reading with one heartbeat, a repeated one with none."""
    header = reading.header
    point = memory.of(CANARY)
    came = arrival(point.captures, header.captured_at, header.frame, REMEMBERED)
    if came is Arrival.LATE or (came is Arrival.REPEATED and know_captures):
        return came
    remember(point.captures, Capture(header.captured_at, header.frame), REMEMBERED, kept=None)
    memory.touch(point)
    desk.events.append(_heartbeat(reading))
    return Arrival.NEW


def _heartbeat(reading: Reading) -> Heartbeat:
    header, measured = reading.header, reading.temperatures
    whole = measured is not None and measured.max_c >= CANARY_LIMIT_C
    status = set(header.flags) | (set() if whole else {CANARY_NOT_MEASURED})
    return Heartbeat(
        site=header.site,
        frame=header.frame,
        captured_at=header.captured_at,
        temperature_c=None if measured is None else measured.max_c,
        data_age_s=max(0.0, (header.received_at - header.captured_at).total_seconds()),
        status=tuple(sorted(status)),
    )
