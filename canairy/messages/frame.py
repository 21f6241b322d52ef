"""thermal.frames: one calibrated, timestamped temperature frame."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.messages import wire
from canairy.messages.header import FrameHeader
from canairy.messages.thermogram import Thermogram
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class Radiometry:
    """The object parameters a frame was made with: emissivity 0 to 1, relative humidity 0 to 1."""

    emissivity: float = 0.95
    distance_m: float = 1.0
    reflected_c: float = 20.0
    atmospheric_c: float = 20.0
    humidity: float = 0.5

    def to_wire(self) -> pb.Radiometry:
        """The protobuf message."""
        return pb.Radiometry(
            emissivity=self.emissivity,
            distance_m=self.distance_m,
            reflected_c=self.reflected_c,
            atmospheric_c=self.atmospheric_c,
            humidity=self.humidity,
        )

    @classmethod
    def from_wire(cls, message: pb.Radiometry) -> Radiometry:
        """Raises InvalidMessage for NaN and infinity."""
        return cls(
            wire.finite(message.emissivity, "emissivity"),
            wire.finite(message.distance_m, "distance_m"),
            wire.finite(message.reflected_c, "reflected_c"),
            wire.finite(message.atmospheric_c, "atmospheric_c"),
            wire.finite(message.humidity, "humidity"),
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """A temperature frame as it stands on thermal.frames."""

    header: FrameHeader
    thermogram: Thermogram
    radiometry: Radiometry = Radiometry()

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
