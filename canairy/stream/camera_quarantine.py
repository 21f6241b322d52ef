"""Says on thermal.cameras that a camera's messages are not looked at any more, so that it becomes an alarm."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from canairy.messages.camera import CameraState, CameraStatus
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Received
from canairy.stream.intake import OnQuarantine
from canairy.topics import CAMERAS


def camera_quarantine(site: str, service: str) -> OnQuarantine:
    """For services whose messages are keyed by camera."""

    def tell(record: Received, reason: str, now: datetime) -> Iterable[Outgoing]:
        why = f"{record.key}: quarantined by {service}, too many bad messages (last: {reason})"
        status = CameraStatus(site, record.key, CameraState.QUARANTINED, now, now, live=True, reason=why)
        yield Outgoing(CAMERAS, record.key, status.encode(), schema.header("CameraStatus"))

    return tell
