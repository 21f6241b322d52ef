"""What stands on thermal.alerts, as its readers see it: the names of the events, and one event parsed.

Events are CloudEvents 1.0 in JSON, structured mode. `services.alerting.alerts` writes them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from canairy.errors import InvalidMessage

RAISED: Final = "io.canairy.alarm.raised.v1"
ACKNOWLEDGED: Final = "io.canairy.alarm.acknowledged.v1"
RETURNED: Final = "io.canairy.alarm.returned.v1"
HEARTBEAT: Final = "io.canairy.alarm.heartbeat.v1"

CONTENT_TYPE: Final = b"application/cloudevents+json"
# A heartbeat's status when the canary came through without being measured over its limit.
CANARY_NOT_MEASURED: Final = "canary_not_measured"

OURS: Final = re.compile(r"io\.canairy\.alarm\.([a-z_]+)\.v(\d+)")
SITE: Final = re.compile(r"/sites/([^/]+)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Alert:
    """One event of thermal.alerts. Times are UTC, temperatures in degrees Celsius, differences in kelvin.

    `kind` is the word in `type`: raised, acknowledged, returned or heartbeat (a later release may add words).
    A heartbeat has no alarm; its `status` lists what is wrong with the site, and is empty when all is well.
    """

    id: str
    type: str
    kind: str
    site: str
    subject: str
    time: datetime
    captured_at: datetime
    alarm: str = ""
    asset: str = ""
    condition: str = ""
    version: int = 0
    priority: str = ""
    state: str = ""
    quality: str = ""
    reason: str = ""
    response: str = ""
    temperature_c: float | None = None
    compared_with: str = ""
    limit: float | None = None
    delta_k: float | None = None
    # Expanded, about 95 %.
    uncertainty_k: float | None = None
    delta_uncertainty_k: float | None = None
    since: datetime | None = None
    data_age_s: float | None = None
    camera: str = ""
    view: str = ""
    frame: str = ""
    acknowledged_by: str = ""
    flags: tuple[str, ...] = ()
    status: tuple[str, ...] = ()

    @property
    def heartbeat(self) -> bool:
        """The canary's word that the whole way works; no operator needs to see it."""
        return self.type == HEARTBEAT

    @classmethod
    def parse(cls, value: bytes | str | None) -> Alert:
        """The event in a record's value; raises InvalidMessage when it is none of ours, naming what is wrong."""
        event = _Fields(_json_object(value), "")
        kind = _kind(event)
        data = _Fields(event.take("data", dict, {}), "data.")
        # A heartbeat is about no alarm.
        told = data.optional_text if kind == "heartbeat" else data.text
        return cls(
            id=event.text("id"),
            type=event.text("type"),
            kind=kind,
            site=_site(event.text("source")),
            subject=event.text("subject"),
            time=event.moment("time"),
            captured_at=data.moment("captured_at"),
            alarm=told("alarm"),
            asset=data.text("asset"),
            condition=told("condition"),
            version=data.take("version", int, 0),
            priority=told("priority"),
            state=told("state"),
            quality=told("quality"),
            reason=told("reason"),
            response=data.optional_text("response"),
            temperature_c=data.number("temperature_c"),
            compared_with=data.optional_text("compared_with"),
            limit=data.number("limit"),
            delta_k=data.number("delta_k"),
            uncertainty_k=data.number("uncertainty_k"),
            delta_uncertainty_k=data.number("delta_uncertainty_k"),
            since=data.moment("since") if data.has("since") else None,
            data_age_s=data.number("data_age_s"),
            camera=data.optional_text("camera"),
            view=data.optional_text("view"),
            frame=data.optional_text("frame"),
            acknowledged_by=data.optional_text("acknowledged_by"),
            flags=data.texts("flags"),
            status=data.texts("status"),
        )


class _Fields:
    """One JSON object, read with complaints that name the field."""

    def __init__(self, fields: Mapping[str, Any], where: str) -> None:
        self._fields = fields
        self._where = where

    def has(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def take(self, name: str, kind: type[T], default: T) -> T:
        value = self._fields.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise self._wrong(name, f"is {value!r:.60}, not a {kind.__name__}")
        return value

    def text(self, name: str) -> str:
        text = self.take(name, str, "")
        if not text:
            raise self._wrong(name, "is missing")
        return text

    def optional_text(self, name: str) -> str:
        return self.take(name, str, "")

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(str(text) for text in self.take(name, list, []))

    def number(self, name: str) -> float | None:
        value = self._fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, f"is {value!r:.60}, not a number")
        number = self._try(name, lambda: float(value))
        if not math.isfinite(number):
            raise self._wrong(name, f"is {value!r:.60}, not a number")
        return number

    def moment(self, name: str) -> datetime:
        text = self.text(name)
        moment = self._try(name, lambda: datetime.fromisoformat(text))
        if moment.tzinfo is None:
            raise self._wrong(name, f"is {text!r:.60}, without a time zone")
        return self._try(name, lambda: moment.astimezone(UTC))

    def _try(self, name: str, make: Callable[[], T]) -> T:
        try:
            return make()
        except (ValueError, OverflowError) as error:
            raise self._wrong(name, str(error)) from error

    def _wrong(self, name: str, what: str) -> InvalidMessage:
        return InvalidMessage(f"alert: {self._where}{name} {what}")


def _json_object(value: bytes | str | None) -> dict[str, Any]:
    try:
        event = json.loads(value or b"")
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"alert: not JSON ({error})") from error
    if not isinstance(event, dict):
        raise InvalidMessage("alert: not a JSON object")
    return event


def _kind(event: _Fields) -> str:
    version = event.text("specversion")
    if version != "1.0":
        raise InvalidMessage(f"alert: specversion is {version!r}, not '1.0'")
    found = OURS.fullmatch(event.text("type"))
    if found is None:
        raise InvalidMessage(f"alert: type {event.text('type')!r:.80} is none of ours")
    if found[2] != "1":
        raise InvalidMessage(f"alert: unknown major version {found[2]} of {event.text('type')}")
    return found[1]


def _site(source: str) -> str:
    found = SITE.fullmatch(source)
    if found is None:
        raise InvalidMessage(f"alert: source is {source!r:.80}, not /sites/ID")
    return found[1]
