"""Who saw a frame and when, and where a message stands: carried by everything that comes from a frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from canairy.messages import wire
from canairy.messages.box import Box
from canairy.messages.shift import Shift
from protos.canairy.v1 import thermal_pb2 as pb

# Site-wide conditions, carried as flags from where they are seen to the canary's heartbeat.
CLOCK_CORRECTED = "clock_corrected"
TIME_ASSIGNED = "time_assigned"
TIME_INVALID = "time_invalid"
SPOOL_IN_USE = "spool_in_use"
DISK_FULL = "disk_full"
OVER_RANGE = "over_range"
# Pixels that reflect more than they send have no temperature under these parameters: they stand at the coldest.
UNDER_RANGE = "under_range"
MODEL_UNAVAILABLE = "model_unavailable"
# The frame is brightness or colours: nobody may read degrees from it.
NO_TEMPERATURES = "no_temperatures"
# The frame's temperatures were read off the colours of a picture.
ESTIMATE = "estimate"
# The asset's memory bank is of another kind than the frame: of temperatures where it has none, or the other way round.
NO_COMPARISON = "no_comparison"

# Edges are lost (rain, fog, a dirty window, a covered lens): the true temperatures are these or higher.
READS_LOW = "reads_low"
# Frames with one of these show no temperatures of the view: they are sent on, and nobody measures in them.
SHUTTER = "shutter"
RANGE_SWITCH = "range_switch"
CAMERA_SATURATED = "camera_saturated"
CAMERA_MOVING = "camera_moving"
CAMERA_UNSETTLED = "camera_unsettled"
VIEW_UNMATCHED = "view_unmatched"
VIEW_MOVED = "view_moved"
UNFIT = frozenset(
    {SHUTTER, RANGE_SWITCH, CAMERA_SATURATED, CAMERA_MOVING, CAMERA_UNSETTLED, VIEW_UNMATCHED, VIEW_MOVED}
)

# The reserved camera, view and asset of the canary; identifiers of a site file never begin with "_".
CANARY = "_canary"


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """Identity of one frame. `captured_at` and `received_at` are UTC; `frame` is the same for a repeated picture.

    `estimate_step_k`: its temperatures are an estimate of steps of so many kelvin; None: they are measured, or absent.
    `estimate_most_c`: the hottest that an estimate can tell, degrees Celsius.
    `shift`: where it lies against its view's reference; None where it lies as the regions were drawn.
    `hidden`: parts of the picture in which something stands before the view.
    """

    site: str
    site_digest: str
    camera: str
    view: str
    frame: str
    captured_at: datetime
    received_at: datetime
    live: bool = True
    flags: tuple[str, ...] = ()
    estimate_step_k: float | None = None
    estimate_most_c: float | None = None
    shift: Shift | None = None
    hidden: tuple[Box, ...] = ()

    @property
    def radiometric(self) -> bool:
        """Whether the frame has temperatures, measured or estimated."""
        return NO_TEMPERATURES not in self.flags

    @property
    def unfit(self) -> bool:
        """Nobody is to measure in this frame."""
        return not UNFIT.isdisjoint(self.flags)

    def flagged(self, *flags: str) -> FrameHeader:
        """With these flags too, each once."""
        return replace(self, flags=tuple(dict.fromkeys((*self.flags, *flags)))) if flags else self

    def to_wire(self) -> pb.FrameHeader:
        """The protobuf message."""
        return pb.FrameHeader(
            site=self.site,
            site_digest=self.site_digest,
            camera=self.camera,
            view=self.view,
            frame=self.frame,
            captured_at=wire.timestamp(self.captured_at),
            received_at=wire.timestamp(self.received_at),
            live=self.live,
            flags=self.flags,
            estimate_step_k=self.estimate_step_k,
            estimate_most_c=self.estimate_most_c,
            shift=None if self.shift is None else self.shift.to_wire(),
            hidden=[box.to_wire() for box in self.hidden],
        )

    @classmethod
    def from_wire(cls, message: pb.FrameHeader) -> FrameHeader:
        """Raises InvalidMessage when an identifier is missing or a time is absent or impossible."""
        return cls(
            site=wire.required(message.site, "header.site"),
            site_digest=message.site_digest,
            camera=wire.required(message.camera, "header.camera"),
            view=wire.required(message.view, "header.view"),
            frame=wire.required(message.frame, "header.frame"),
            captured_at=wire.moment(message.captured_at, "header.captured_at"),
            received_at=wire.moment(message.received_at, "header.received_at"),
            live=message.live,
            flags=tuple(message.flags),
            estimate_step_k=wire.optional_number(message, "estimate_step_k"),
            estimate_most_c=wire.optional_number(message, "estimate_most_c"),
            shift=Shift.from_wire(message.shift) if message.HasField("shift") else None,
            hidden=tuple(Box.from_wire(box) for box in message.hidden),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Topic, partition and offset of a message."""

    topic: str
    partition: int
    offset: int

    def to_wire(self) -> pb.Place:
        """The protobuf message."""
        return pb.Place(topic=self.topic, partition=self.partition, offset=self.offset)

    @classmethod
    def from_wire(cls, message: pb.Place) -> Place:
        """Never raises: a place is only a hint for fetching evidence."""
        return cls(message.topic, message.partition, message.offset)
