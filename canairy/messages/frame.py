"""thermal.frames: one calibrated, timestamped temperature frame."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.messages import wire
from canairy.messages.header import FrameHeader
from canairy.messages.radiometry import ASSUMED, Radiometry
from canairy.messages.thermogram import Thermogram
from protos.canairy.v1 import thermal_pb2 as pb

__all__ = ["Frame", "Radiometry"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A temperature frame as it stands on thermal.frames."""

    header: FrameHeader
    thermogram: Thermogram
    radiometry: Radiometry = ASSUMED

    def encode(self) -> bytes:
        """Serialized canairy.v1.Frame."""
        return pb.Frame(
            header=self.header.to_wire(),
            thermogram=self.thermogram.to_wire(),
            radiometry=self.radiometry.to_wire(),
        ).SerializeToString()

    @classmethod
    def decode(cls, value: bytes) -> Frame:
        """Raises InvalidMessage when the bytes are not a frame, or say something impossible."""
        message = wire.parse(pb.Frame, value)
        return cls(
            FrameHeader.from_wire(message.header),
            Thermogram.from_wire(message.thermogram),
            Radiometry.from_wire(message.radiometry),
        )
