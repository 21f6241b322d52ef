"""The judge's events as CloudEvents 1.0 on thermal.alerts (JSON, structured mode), keyed by asset.

- `source` is `/sites/ID`: a URI-reference that needs no host, since a site is the same wherever its broker stands.
- `id` is made of the alarm, what happened and the alarm's version: a replay writes the same one, so a reader that has
  seen (source, id) knows a repeat.
- `time` is the capture time of the picture that made it happen; for an acknowledgement, when its user gave it; for
  coverage, when the alarm was due.
- Nothing here is read from a clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from canairy import alerts
from canairy.messages.alarm import Alarm
from canairy.messages.header import CANARY
from canairy.stream.broker import Outgoing
from canairy.topics import ALERTS
from services.alerting.judge.events import Event, Heartbeat


def alert(event: Event | Heartbeat, headers: Mapping[str, bytes]) -> Outgoing:
    """The record for one event; `headers` go with it (the trace of what caused it)."""
    key, cloud_event = _of_alarm(event) if isinstance(event, Event) else _of_canary(event)
    value = json.dumps(cloud_event, ensure_ascii=False, separators=(",", ":")).encode()
    return Outgoing(ALERTS, key, value, {"content-type": alerts.CONTENT_TYPE, **headers})


def utc(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _of_alarm(event: Event) -> tuple[str, dict[str, Any]]:
    alarm = event.alarm
    word = event.happening.name.lower()
    data = _alarm_data(alarm) | {"captured_at": utc(event.captured_at), "since": utc(alarm.since)}
    known = {name: value for name, value in data.items() if value is not None}
    envelope = _envelope(alarm.site, f"{alarm.id}-{word}-{alarm.version}", event.happening.value, alarm.asset)
    return alarm.asset, envelope | {"time": utc(event.at), "data": known}


def _alarm_data(alarm: Alarm) -> dict[str, Any]:
    return {
        "alarm": alarm.id,
        "version": alarm.version,
        "asset": alarm.asset,
        "condition": alarm.condition,
        "priority": alarm.priority.name.lower(),
        "state": alarm.state.name.lower(),
        "quality": alarm.quality,
        "temperature_c": _rounded(alarm.temperature_c),
        "compared_with": alarm.compared_with,
        "uncertainty_k": _rounded(alarm.uncertainty_k),
        "limit": alarm.limit,
        "delta_k": _rounded(alarm.delta_k),
        "delta_uncertainty_k": _rounded(alarm.delta_uncertainty_k),
        "data_age_s": _rounded(alarm.data_age_s),
        "camera": alarm.camera,
        "view": alarm.view,
        "frame": alarm.frame,
        "reason": alarm.reason,
        "response": alarm.response,
        "acknowledged_by": alarm.acknowledged_by or None,
        "flags": list(alarm.flags) or None,
    }


def _of_canary(beat: Heartbeat) -> tuple[str, dict[str, Any]]:
    data = {
        "asset": CANARY,
        "condition": "heartbeat",
        "status": list(beat.status),
        "temperature_c": _rounded(beat.temperature_c),
        "captured_at": utc(beat.captured_at),
        "data_age_s": _rounded(beat.data_age_s),
        "camera": CANARY,
        "frame": beat.frame,
        "reason": ", ".join(beat.status) or "all is well",
    }
    known = {name: value for name, value in data.items() if value is not None}
    identity = hashlib.sha256(f"{beat.site}|{CANARY}|{utc(beat.captured_at)}|{beat.frame}".encode()).hexdigest()[:12]
    envelope = _envelope(beat.site, f"{identity}-heartbeat", alerts.HEARTBEAT, CANARY)
    return CANARY, envelope | {"time": utc(beat.captured_at), "data": known}


def _envelope(site: str, identity: str, kind: str, subject: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": identity,
        "source": f"/sites/{site}",
        "type": kind,
        "subject": subject,
        "datacontenttype": "application/json",
    }


def _rounded(number: float | None) -> float | None:
    # A hundredth of a degree is what the finest camera resolves; more digits only hide the value.
    return None if number is None else round(number, 2)
