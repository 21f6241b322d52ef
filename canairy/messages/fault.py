"""What is wrong with a camera that goes on sending pictures, or with one of its views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from canairy.messages import wire
from protos.canairy.v1 import thermal_pb2 as pb


class FaultKind(Enum):
    """Each is an alarm of its own, of the camera or of the view."""

    MOVED = pb.FAULT_KIND_MOVED
    UNMATCHED = pb.FAULT_KIND_UNMATCHED
    READS_LOW = pb.FAULT_KIND_READS_LOW
    OCCLUDED = pb.FAULT_KIND_OCCLUDED
    DRIFT = pb.FAULT_KIND_DRIFT
    CLOCK_WRONG = pb.FAULT_KIND_CLOCK_WRONG
    DECODING = pb.FAULT_KIND_DECODING


# Kinds of a later version are passed over: what they mean to an alarm is not known here.
KNOWN: Final = frozenset(kind.value for kind in FaultKind)


@dataclass(frozen=True, slots=True)
class CameraFault:
    """`view` is empty for the whole camera; `since`, UTC; `reason` is for people."""

    kind: FaultKind
    view: str
    since: datetime
    reason: str

    def to_wire(self) -> pb.CameraFault:
        """The protobuf message."""
        return pb.CameraFault(
            kind=self.kind.value, view=self.view, since=wire.timestamp(self.since), reason=self.reason
        )

    @classmethod
    def from_wire(cls, message: pb.CameraFault) -> CameraFault:
        """Raises InvalidMessage when its time is missing, ValueError for a kind that is not KNOWN."""
        return cls(FaultKind(message.kind), message.view, wire.moment(message.since, "fault.since"), message.reason)
