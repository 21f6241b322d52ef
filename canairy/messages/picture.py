"""A rectangle of pixels without temperatures: brightness or colours, packed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from canairy import picture_codec
from canairy.errors import InvalidMessage
from canairy.messages.thermogram import MAX_SIDE, Thermogram
from protos.canairy.v1 import thermal_pb2 as pb


@dataclass(frozen=True, slots=True)
class Picture:
    """Packed uint8 pixels of height x width: 1 channel of grey levels, or 3 of colour. Nothing in it is a degree."""

    width: int
    height: int
    channels: int
    packed: bytes

    @classmethod
    def of(cls, pixels: npt.NDArray[np.uint8]) -> Picture:
        """Pack `pixels`, uint8 (height, width), or (height, width, 3) in colour, blue first."""
        height, width = pixels.shape[:2]
        return cls(width, height, picture_codec.channels_of(pixels), picture_codec.pack_picture(pixels))

    def pixels(self) -> npt.NDArray[np.uint8]:
        """uint8 (height, width) or (height, width, 3); raises InvalidMessage when the bytes are damaged."""
        return picture_codec.unpack_picture(self.packed, self.height, self.width, self.channels)

    def to_wire(self) -> pb.Picture:
        """The protobuf message."""
        return pb.Picture(width=self.width, height=self.height, channels=self.channels, packed=self.packed)

    @classmethod
    def from_wire(cls, message: pb.Picture) -> Picture:
        """Raises InvalidMessage for a size or channels that cannot be; pixels are checked when unpacked."""
        if not (0 < message.width <= MAX_SIDE and 0 < message.height <= MAX_SIDE):
            raise InvalidMessage(f"{message.width}x{message.height} pixels: sides must be 1 to {MAX_SIDE}")
        if message.channels not in {picture_codec.GREY, picture_codec.COLOUR}:
            raise InvalidMessage(f"a picture of {message.channels} channels: it has 1, or 3 in colour")
        return cls(message.width, message.height, message.channels, message.packed)


# What a frame or a crop of it shows.
Image = Thermogram | Picture


def image_from_wire(message: pb.Region | pb.Evidence) -> Image | None:
    """The crop that a message holds: temperatures, else a picture, else None; raises InvalidMessage for a bad one."""
    if message.HasField("crop"):
        return Thermogram.from_wire(message.crop)
    return Picture.from_wire(message.picture) if message.HasField("picture") else None
