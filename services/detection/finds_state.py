"""thermal.finds: what detection remembers of a view between frames, and after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from canairy.errors import InvalidMessage
from canairy.messages import wire
from canairy.messages.header import Place
from canairy.messages.shift import Shift
from protos.canairy.v1 import thermal_pb2 as pb
from services.detection.finds import Find, ViewFinds

LONGEST_ABSENT_S: Final = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """A view's finds, and the last frame they reflect.

    Answers are written before the memory of them, so every frame of the view up to `frame` has been answered.
    """

    finds: ViewFinds
    frame: Place

    def reflects(self, frame: Place, captured_at: datetime) -> bool:
        """Whether this frame was answered before, by the process that wrote this down.

        The time is asked too: in a topic that was made anew, offsets begin at 0 again.
        """
        newest = self.finds.newest
        earlier = frame.partition == self.frame.partition and frame.offset <= self.frame.offset
        return earlier and newest is not None and captured_at <= newest

    def encode(self) -> bytes:
        """Serialized canairy.v1.ViewFinds."""
        return pb.ViewFinds(
            view=self.finds.view,
            opened=self.finds.opened,
            finds=[_to_wire(find) for find in self.finds.finds],
            newest=wire.optional_timestamp(self.finds.newest),
            frame=self.frame.to_wire(),
        ).SerializeToString()

    @classmethod
    def decode(cls, value: bytes) -> Remembered:
        """Raises InvalidMessage when the bytes are not a view's finds."""
        message = wire.parse(pb.ViewFinds, value)
        finds = ViewFinds(
            view=wire.required(message.view, "view"),
            opened=message.opened,
            finds=tuple(_from_wire(find) for find in message.finds),
            newest=wire.optional_moment(message, "newest"),
        )
        return cls(finds, Place.from_wire(message.frame))


def _to_wire(find: Find) -> pb.Find:
    return pb.Find(
        name=find.name,
        corner=pb.Pixel(x=find.x, y=find.y),
        width=find.width,
        height=find.height,
        peak=pb.Pixel(x=find.peak_x, y=find.peak_y),
        max_c=find.max_c or 0.0,
        no_temperature=find.max_c is None,
        first_seen=wire.timestamp(find.first_seen),
        last_seen=wire.timestamp(find.last_seen),
        last_checked=wire.timestamp(find.last_checked),
        absent_s=find.absent.total_seconds(),
        code=find.code,
        shift=None if find.shift is None else find.shift.to_wire(),
    )


def _from_wire(message: pb.Find) -> Find:
    return Find(
        name=wire.required(message.name, "find.name"),
        x=wire.pixel(message.corner.x, "find.corner.x"),
        y=wire.pixel(message.corner.y, "find.corner.y"),
        width=message.width,
        height=message.height,
        first_seen=wire.moment(message.first_seen, "first_seen"),
        last_seen=wire.moment(message.last_seen, "last_seen"),
        last_checked=wire.moment(message.last_checked, "last_checked"),
        peak_x=wire.pixel(message.peak.x, "find.peak.x"),
        peak_y=wire.pixel(message.peak.y, "find.peak.y"),
        max_c=None if message.no_temperature else wire.finite(message.max_c, "max_c"),
        absent=_absent(message.absent_s),
        code=message.code,
        shift=Shift.from_wire(message.shift) if message.HasField("shift") else None,
    )


def _absent(seconds: float) -> timedelta:
    if not 0 <= seconds <= LONGEST_ABSENT_S:
        raise InvalidMessage(f"absent_s is {seconds}: a find is let go long before")
    return timedelta(seconds=seconds)
