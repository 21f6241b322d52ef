"""An alarm, as the judge keeps it and AlarmService shows it (ISA-18.2 states)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, TypeVar

from canairy.errors import InvalidMessage
from canairy.messages import wire
from protos.canairy.v1 import alarms_pb2 as pb

E = TypeVar("E", bound=Enum)
MOST_VERSIONS: Final = 2**48


class Priority(Enum):
    """How fast an operator must answer."""

    LOW = pb.PRIORITY_LOW
    MEDIUM = pb.PRIORITY_MEDIUM
    HIGH = pb.PRIORITY_HIGH


class AlarmState(Enum):
    """ISA-18.2: a returned alarm that nobody acknowledged is still shown."""

    NORMAL = pb.ALARM_STATE_NORMAL
    UNACKNOWLEDGED = pb.ALARM_STATE_UNACKNOWLEDGED
    ACKNOWLEDGED = pb.ALARM_STATE_ACKNOWLEDGED
    RETURNED_UNACKNOWLEDGED = pb.ALARM_STATE_RETURNED_UNACKNOWLEDGED

    @property
    def active(self) -> bool:
        """The condition stands now."""
        return self in {AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One excursion of one condition of one asset: raised, acknowledged, returned. Times are UTC.

    `uncertainty_k` and `delta_uncertainty_k` are the expanded uncertainties (about 95 %) of temperature and difference.
    """

    id: str
    version: int
    site: str
    asset: str
    condition: str
    state: AlarmState
    priority: Priority
    raised_at: datetime
    since: datetime
    reason: str
    quality: str = "good"
    response: str = ""
    temperature_c: float | None = None
    compared_with: str = ""
    returned_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_with: str = ""
    camera: str = ""
    view: str = ""
    frame: str = ""
    limit: float | None = None
    delta_k: float | None = None
    data_age_s: float | None = None
    flags: tuple[str, ...] = ()
    uncertainty_k: float | None = None
    delta_uncertainty_k: float | None = None

    def to_wire(self) -> pb.Alarm:
        """The protobuf message."""
        return pb.Alarm(
            id=self.id,
            version=self.version,
            site=self.site,
            asset=self.asset,
            condition=self.condition,
            state=self.state.value,
            priority=self.priority.value,
            raised_at=wire.timestamp(self.raised_at),
            since=wire.timestamp(self.since),
            returned_at=wire.optional_timestamp(self.returned_at),
            acknowledged_at=wire.optional_timestamp(self.acknowledged_at),
            acknowledged_by=self.acknowledged_by,
            acknowledged_with=self.acknowledged_with,
            temperature_c=self.temperature_c,
            compared_with=self.compared_with,
            quality=self.quality,
            reason=self.reason,
            response=self.response,
            camera=self.camera,
            view=self.view,
            frame=self.frame,
            limit=self.limit,
            delta_k=self.delta_k,
            data_age_s=self.data_age_s,
            flags=self.flags,
            uncertainty_k=self.uncertainty_k,
            delta_uncertainty_k=self.delta_uncertainty_k,
        )

    @classmethod
    def from_wire(cls, message: pb.Alarm) -> Alarm:
        """Raises InvalidMessage when a name or time is missing, or the state or priority is unknown."""
        return cls(
            id=wire.required(message.id, "alarm.id"),
            version=_version(message.version),
            site=message.site,
            asset=wire.required(message.asset, "alarm.asset"),
            condition=wire.required(message.condition, "alarm.condition"),
            state=_member(AlarmState, message.state),
            priority=_member(Priority, message.priority),
            raised_at=wire.moment(message.raised_at, "alarm.raised_at"),
            since=wire.moment(message.since, "alarm.since"),
            returned_at=wire.optional_moment(message, "returned_at"),
            acknowledged_at=wire.optional_moment(message, "acknowledged_at"),
            acknowledged_by=message.acknowledged_by,
            acknowledged_with=message.acknowledged_with,
            temperature_c=wire.optional_number(message, "temperature_c"),
            compared_with=message.compared_with,
            quality=message.quality,
            reason=message.reason,
            response=message.response,
            camera=message.camera,
            view=message.view,
            frame=message.frame,
            limit=wire.optional_number(message, "limit"),
            delta_k=wire.optional_number(message, "delta_k"),
            data_age_s=wire.optional_number(message, "data_age_s"),
            flags=tuple(message.flags),
            uncertainty_k=wire.optional_number(message, "uncertainty_k"),
            delta_uncertainty_k=wire.optional_number(message, "delta_uncertainty_k"),
        )


def _version(number: int) -> int:
    # It still has to grow, and to be the same number for every reader of JSON.
    if number > MOST_VERSIONS:
        raise InvalidMessage(f"alarm: version {number} is more changes than an alarm can have")
    return number


def _member(kind: type[E], value: int) -> E:
    # The judge's own state: a value that is not known here must stop the restore, never be guessed at.
    if value not in kind._value2member_map_:
        raise InvalidMessage(f"alarm: {value} is no {kind.__name__} that this version knows")
    return kind(value)
