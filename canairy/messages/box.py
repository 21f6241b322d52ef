"""A rectangle of pixels in a frame, as it travels."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.messages import wire
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class Box:
    """Whole pixels; (x, y) is its top left corner."""

    x: int
    y: int
    width: int
    height: int

    def to_wire(self) -> pb.Box:
        """The protobuf message."""
        return pb.Box(corner=pb.Pixel(x=self.x, y=self.y), width=self.width, height=self.height)

    @classmethod
    def from_wire(cls, message: pb.Box) -> Box:
        """Raises InvalidMessage when it begins outside any frame."""
        return cls(
            wire.pixel(message.corner.x, "box.corner.x"),
            wire.pixel(message.corner.y, "box.corner.y"),
            message.width,
            message.height,
        )
