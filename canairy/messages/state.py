"""alarms.state: all that the judge must remember of one point (an asset, a find, a camera, a view, the site)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from canairy.messages import wire
from canairy.messages.alarm import Alarm
from canairy.messages.camera import CameraStatus
from canairy.messages.reading import Reading
from canairy.messages.uncertainty import Uncertainty
from protos.canairy.v1 import alarms_pb2 as pb

SCHEMA = "canairy.v1.PointState"


class Scored(NamedTuple):
    """Whether the reading of that time was abnormal."""

    captured_at: datetime
    abnormal: bool

    def to_wire(self) -> pb.Scored:
        """The protobuf message."""
        return pb.Scored(captured_at=wire.timestamp(self.captured_at), abnormal=self.abnormal)

    @classmethod
    def from_wire(cls, message: pb.Scored) -> Scored:
        """Raises InvalidMessage for an impossible time."""
        return cls(wire.moment(message.captured_at, "scored"), message.abnormal)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a point: since when it has been over its limit (None: it is not), and its last alarm.

    `judged_at` is the capture time of the newest comparison, where comparisons run behind the readings. `scored`: the
    newest readings, oldest first, where so many of them decide.
    """

    name: str
    over_since: datetime | None = None
    alarm: Alarm | None = None
    judged_at: datetime | None = None
    scored: tuple[Scored, ...] = ()

    def to_wire(self) -> pb.Condition:
        """The protobuf message."""
        return pb.Condition(
            name=self.name,
            over_since=wire.optional_timestamp(self.over_since),
            alarm=None if self.alarm is None else self.alarm.to_wire(),
            judged_at=wire.optional_timestamp(self.judged_at),
            scored=[it.to_wire() for it in self.scored],
        )

    @classmethod
    def from_wire(cls, message: pb.Condition) -> Condition:
        """Raises InvalidMessage for an alarm without name or time."""
        alarm = Alarm.from_wire(message.alarm) if message.HasField("alarm") else None
        over_since = wire.optional_moment(message, "over_since")
        scored = tuple(Scored.from_wire(it) for it in message.scored)
        return cls(message.name, over_since, alarm, wire.optional_moment(message, "judged_at"), scored)


class Capture(NamedTuple):
    """A reading that was judged; `max_c` in degrees Celsius, None when it held no temperature.

    `uncertainty` is kept where readings of other cameras are compared with this one.
    """

    captured_at: datetime
    frame: str
    max_c: float | None = None
    lower_bound: bool = False
    uncertainty: Uncertainty | None = None

    def to_wire(self) -> pb.Capture:
        """The protobuf message."""
        at, frame, max_c, lower_bound, sure = self
        message = pb.Capture(captured_at=wire.timestamp(at), frame=frame, max_c=max_c, lower_bound=lower_bound)
        if sure is not None:
            message.common_k, message.own_k = sure.common_k, sure.own_k
        return message

    @classmethod
    def from_wire(cls, message: pb.Capture) -> Capture:
        """Raises InvalidMessage for an impossible time or number."""
        at = wire.moment(message.captured_at, "capture")
        common_k, own_k = (wire.optional_number(message, name) for name in ("common_k", "own_k"))
        sure = None if common_k is None or own_k is None else Uncertainty(common_k, own_k)
        return cls(at, message.frame, wire.optional_number(message, "max_c"), message.lower_bound, sure)


@dataclass(frozen=True, slots=True)
class Decision:
    """How a command was decided; `version` is the alarm's after the decision, 0 for an unknown alarm."""

    command: str
    alarm: str
    asset: str
    accepted: bool
    reason: str
    version: int

    def to_wire(self) -> pb.Decision:
        """The protobuf message."""
        return pb.Decision(
            command=self.command,
            alarm=self.alarm,
            asset=self.asset,
            accepted=self.accepted,
            reason=self.reason,
            version=self.version,
        )

    @classmethod
    def from_wire(cls, message: pb.Decision) -> Decision:
        """Raises InvalidMessage when the command has no name."""
        command = wire.required(message.command, "decision.command")
        return cls(command, message.alarm, message.asset, message.accepted, message.reason, message.version)


@dataclass(frozen=True, slots=True)
class PointState:
    """The memory of one point, named as in alarms.proto. `captures`: the readings already judged, oldest first."""

    point: str
    conditions: tuple[Condition, ...] = ()
    captures: tuple[Capture, ...] = ()
    last: Reading | None = None
    last_valid_at: datetime | None = None
    camera: CameraStatus | None = None
    waiting: tuple[Reading, ...] = ()
    covered_from: datetime | None = None
    failing_since: datetime | None = None
    newest_at: datetime | None = None
    newest_complete: bool = False
    decisions: tuple[Decision, ...] = ()

    def encode(self) -> bytes:
        """Serialized canairy.v1.PointState."""
        return pb.PointState(
            point=self.point,
            conditions=[condition.to_wire() for condition in self.conditions],
            captures=[capture.to_wire() for capture in self.captures],
            last=None if self.last is None else self.last.to_wire(),
            last_valid_at=wire.optional_timestamp(self.last_valid_at),
            camera=None if self.camera is None else self.camera.to_wire(),
            waiting=[reading.to_wire() for reading in self.waiting],
            covered_from=wire.optional_timestamp(self.covered_from),
            failing_since=wire.optional_timestamp(self.failing_since),
            newest_at=wire.optional_timestamp(self.newest_at),
            newest_complete=self.newest_complete,
            decisions=[decision.to_wire() for decision in self.decisions],
        ).SerializeToString()

    @classmethod
    def decode(cls, value: bytes) -> PointState:
        """Raises InvalidMessage when the bytes are not a point's state."""
        message = wire.parse(pb.PointState, value)
        return cls(
            point=wire.required(message.point, "point"),
            conditions=tuple(Condition.from_wire(condition) for condition in message.conditions),
            captures=tuple(Capture.from_wire(capture) for capture in message.captures),
            last=Reading.from_wire(message.last) if message.HasField("last") else None,
            last_valid_at=wire.optional_moment(message, "last_valid_at"),
            camera=CameraStatus.from_wire(message.camera) if message.HasField("camera") else None,
            waiting=tuple(Reading.from_wire(reading) for reading in message.waiting),
            covered_from=wire.optional_moment(message, "covered_from"),
            failing_since=wire.optional_moment(message, "failing_since"),
            newest_at=wire.optional_moment(message, "newest_at"),
            newest_complete=message.newest_complete,
            decisions=tuple(Decision.from_wire(decision) for decision in message.decisions),
        )
