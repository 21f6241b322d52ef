"""What the judge says: something happened to an alarm, or the canary came through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from canairy import alerts
from canairy.messages.alarm import Alarm


class Happening(Enum):
    """The types of the events of an alarm, as they stand on thermal.alerts."""

    RAISED = alerts.RAISED
    ACKNOWLEDGED = alerts.ACKNOWLEDGED
    RETURNED = alerts.RETURNED


@dataclass(frozen=True, slots=True)
class Event:
    """An alarm after what happened to it `at`. `captured_at`: of the picture that it rests on."""

    happening: Happening
    alarm: Alarm
    at: datetime
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One canary that came through; `status` lists what is wrong with the site."""

    site: str
    frame: str
    captured_at: datetime
    temperature_c: float | None
    data_age_s: float
    status: tuple[str, ...]
