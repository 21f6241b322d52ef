"""thermal.cameras: the state of each camera and its heartbeat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from canairy.messages import wire
from canairy.messages.fault import KNOWN, CameraFault
from protos.canairy.v1 import thermal_pb2 as pb


class CameraState(Enum):
    """What ingest (or the loop that reads a camera's frames) knows of a camera."""

    UNKNOWN = pb.CAMERA_STATE_UNSPECIFIED
    LIVE = pb.CAMERA_STATE_LIVE
    SILENT = pb.CAMERA_STATE_SILENT
    FROZEN = pb.CAMERA_STATE_FROZEN
    BLACK = pb.CAMERA_STATE_BLACK
    FAILED = pb.CAMERA_STATE_FAILED
    QUARANTINED = pb.CAMERA_STATE_QUARANTINED
    FINISHED = pb.CAMERA_STATE_FINISHED
    SATURATED = pb.CAMERA_STATE_SATURATED
    MOVING = pb.CAMERA_STATE_MOVING
    UNSETTLED = pb.CAMERA_STATE_UNSETTLED
    UNMATCHED = pb.CAMERA_STATE_UNMATCHED

    @property
    def healthy(self) -> bool:
        """No alarm is owed for a camera in this state."""
        return self in {CameraState.LIVE, CameraState.FINISHED}

    @property
    def under_way(self) -> bool:
        """A camera on its tour is in these for a moment each time: not healthy, and no failure unless it lasts."""
        return self in {CameraState.MOVING, CameraState.UNSETTLED}

    @classmethod
    def from_wire(cls, value: int) -> CameraState:
        """A state that this version does not know is UNKNOWN, which is not healthy."""
        return cls(value) if value in cls._value2member_map_ else cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """State of one camera at `at`; `since` when it began, `live` whether its source runs in real time.

    `faults`: what else is wrong with it and its views. What is absent is over where `faults_known`.
    """

    site: str
    camera: str
    state: CameraState
    since: datetime
    at: datetime
    live: bool
    reason: str = ""
    frames: int = 0
    last_frame_at: datetime | None = None
    flags: tuple[str, ...] = ()
    faults: tuple[CameraFault, ...] = ()
    faults_known: bool = False

    def to_wire(self) -> pb.CameraStatus:
        """The protobuf message."""
        return pb.CameraStatus(
            site=self.site,
            camera=self.camera,
            state=self.state.value,
            since=wire.timestamp(self.since),
            at=wire.timestamp(self.at),
            live=self.live,
            reason=self.reason,
            frames=self.frames,
            last_frame_at=wire.optional_timestamp(self.last_frame_at),
            flags=self.flags,
            faults=[fault.to_wire() for fault in self.faults],
            faults_known=self.faults_known,
        )

    def encode(self) -> bytes:
        """Serialized canairy.v1.CameraStatus."""
        return self.to_wire().SerializeToString()

    @classmethod
    def from_wire(cls, message: pb.CameraStatus) -> CameraStatus:
        """Raises InvalidMessage when the camera has no name or a time is missing."""
        return cls(
            site=wire.required(message.site, "site"),
            camera=wire.required(message.camera, "camera"),
            state=CameraState.from_wire(message.state),
            since=wire.moment(message.since, "since"),
            at=wire.moment(message.at, "at"),
            live=message.live,
            reason=message.reason,
            frames=message.frames,
            last_frame_at=wire.optional_moment(message, "last_frame_at"),
            flags=tuple(message.flags),
            faults=tuple(CameraFault.from_wire(fault) for fault in message.faults if fault.kind in KNOWN),
            faults_known=message.faults_known,
        )

    @classmethod
    def decode(cls, value: bytes) -> CameraStatus:
        """Raises InvalidMessage when the bytes are not a camera's status."""
        return cls.from_wire(wire.parse(pb.CameraStatus, value))
