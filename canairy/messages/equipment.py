"""What a detector takes a part of a frame for."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.errors import InvalidMessage
from canairy.messages import wire
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class Equipment:
    """A kind of equipment by its code, in a box of frame pixels from the top left, at least one pixel each way.

    `danger`: it looks like equipment in danger to the detector, which is no grade: nothing is judged by it. `score` is
    how sure the detector is, 0 to 1, without unit.
    """

    code: str
    danger: bool
    score: float
    x: int
    y: int
    width: int
    height: int

    def to_wire(self) -> pb.Equipment:
        """The protobuf message."""
        return pb.Equipment(
            code=self.code,
            danger=self.danger,
            score=self.score,
            corner=pb.Pixel(x=self.x, y=self.y),
            width=self.width,
            height=self.height,
        )

    @classmethod
    def from_wire(cls, message: pb.Equipment) -> Equipment:
        """Raises InvalidMessage for a kind without a code, a box outside any frame, or a score that is none."""
        score = wire.finite(message.score, "equipment.score")
        if not 0 <= score <= 1:
            raise InvalidMessage(f"equipment.score is {score}: it is 0 to 1")
        return cls(
            code=wire.required(message.code, "equipment.code"),
            danger=message.danger,
            score=score,
            x=wire.pixel(message.corner.x, "equipment.corner.x"),
            y=wire.pixel(message.corner.y, "equipment.corner.y"),
            width=wire.pixel(message.width, "equipment.width"),
            height=wire.pixel(message.height, "equipment.height"),
        )
