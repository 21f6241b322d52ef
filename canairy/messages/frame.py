"""thermal.frames: one timestamped frame: calibrated temperatures, or a picture without any."""

from __future__ import annotations

from dataclasses import dataclass

from canairy.errors import InvalidMessage
from canairy.messages import wire
from canairy.messages.header import NO_TEMPERATURES, FrameHeader
from canairy.messages.picture import Image, Picture
from canairy.messages.radiometry import ASSUMED, Radiometry
from canairy.messages.thermogram import Thermogram
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it stands on thermal.frames: a thermogram, or a picture whose header is flagged `no_temperatures`.

    `visible`: a JPEG of what a visible camera beside the thermal one saw; empty where there is none, or none is kept.
    """

    header: FrameHeader
    image: Image
    radiometry: Radiometry = ASSUMED
    visible: bytes = b""

    @property
    def thermogram(self) -> Thermogram:
        """Its temperatures; raises InvalidMessage where it has none, for whoever cannot do without."""
        if isinstance(self.image, Picture):
            raise InvalidMessage(f"{self.header.camera}: a picture without temperatures, where temperatures are needed")
        return self.image

    @property
    def picture(self) -> Picture | None:
        """What it shows where it has no temperatures; None where it has."""
        return self.image if isinstance(self.image, Picture) else None

    @property
    def radiometric(self) -> bool:
        """Whether it has temperatures."""
        return self.picture is None

    def encode(self) -> bytes:
        """Serialized canairy.v1.Frame."""
        return pb.Frame(
            header=self.header.to_wire(),
            thermogram=self.thermogram.to_wire() if self.radiometric else None,
            radiometry=self.radiometry.to_wire() if self.radiometric else None,
            picture=None if self.picture is None else self.picture.to_wire(),
            visible=self.visible,
        ).SerializeToString()

    @classmethod
    def decode(cls, value: bytes) -> Frame:
        """Raises InvalidMessage when the bytes are not a frame, or say something impossible."""
        message = wire.parse(pb.Frame, value)
        header = FrameHeader.from_wire(message.header)
        if message.HasField("picture"):
            _check_one_kind(message, header)
            return cls(header, Picture.from_wire(message.picture))
        thermogram, radiometry = Thermogram.from_wire(message.thermogram), Radiometry.from_wire(message.radiometry)
        return cls(header, thermogram, radiometry, message.visible)


def _check_one_kind(message: pb.Frame, header: FrameHeader) -> None:
    """Who reads only the flags must learn of it too; and of two images nobody knows which one counts."""
    if message.HasField("thermogram"):
        raise InvalidMessage("both a thermogram and a picture: a frame is one of them")
    if header.radiometric:
        raise InvalidMessage(f"a picture whose header is not flagged {NO_TEMPERATURES}")
