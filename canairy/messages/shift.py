"""How far a frame lies from its view's reference, as it travels."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.messages import wire
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class Shift:
    """From the reference to the frame: turned about the picture's middle, then shifted.

    dx_px, dy_px: to the right and down. rotation_deg: clockwise as one sees it.
    """

    dx_px: float
    dy_px: float
    rotation_deg: float = 0.0

    def to_wire(self) -> pb.Shift:
        """The protobuf message."""
        return pb.Shift(dx_px=self.dx_px, dy_px=self.dy_px, rotation_deg=self.rotation_deg)

    @classmethod
    def from_wire(cls, message: pb.Shift) -> Shift:
        """Raises InvalidMessage for NaN and infinity."""
        return cls(
            wire.finite(message.dx_px, "shift.dx_px"),
            wire.finite(message.dy_px, "shift.dy_px"),
            wire.finite(message.rotation_deg, "shift.rotation_deg"),
        )
