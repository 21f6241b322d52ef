"""Temperatures of a rectangle of pixels, packed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy import codec
from canairy.errors import InvalidMessage
from canairy.messages import wire
from protos.canairy.v1 import thermal_pb2 as pb

KELVIN: Final = 273.15
# What no industrial camera can report and no equipment can have; frames outside are damaged or mis-scaled.
COLDEST_C: Final = -100.0
HOTTEST_C: Final = 2000.0
MAX_SIDE: Final = 4096
# The count at which a 16-bit source says "at least this hot".
SATURATED: Final = 65535


@dataclass(frozen=True, slots=True)
class Thermogram:
    """Packed uint16 counts of height x width pixels: kelvin = count * scale_k + offset_k."""

    width: int
    height: int
    scale_k: float
    offset_k: float
    packed: bytes

    @classmethod
    def of(cls, counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float) -> Thermogram:
        """Pack `counts`, uint16 (height, width)."""
        height, width = counts.shape
        return cls(width, height, scale_k, offset_k, codec.pack(counts))

    def counts(self) -> npt.NDArray[np.uint16]:
        """uint16 (height, width); raises InvalidMessage when the bytes are damaged."""
        return codec.unpack(self.packed, self.height, self.width)

    def celsius(self) -> npt.NDArray[np.float32]:
        """float32 (height, width), degrees Celsius; raises InvalidMessage when damaged or impossible."""
        return to_celsius(self.counts(), self.scale_k, self.offset_k)

    def to_wire(self) -> pb.Thermogram:
        """The protobuf message."""
        return pb.Thermogram(
            width=self.width,
            height=self.height,
            scale_k=self.scale_k,
            offset_k=self.offset_k,
            packed=self.packed,
        )

    @classmethod
    def from_wire(cls, message: pb.Thermogram) -> Thermogram:
        """Raises InvalidMessage for a size, scale or offset that cannot be; pixels are checked when unpacked."""
        if not (0 < message.width <= MAX_SIDE and 0 < message.height <= MAX_SIDE):
            raise InvalidMessage(f"{message.width}x{message.height} pixels: sides must be 1 to {MAX_SIDE}")
        scale_k = wire.finite(message.scale_k, "scale_k")
        if scale_k <= 0:
            raise InvalidMessage(f"scale_k is {scale_k}: must be above 0")
        offset_k = wire.finite(message.offset_k, "offset_k")
        return cls(message.width, message.height, scale_k, offset_k, message.packed)


def to_celsius(counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float) -> npt.NDArray[np.float32]:
    """uint16 counts to float32 degrees Celsius; raises InvalidMessage outside -100 to 2000 degrees Celsius."""
    coldest, hottest = (float(c) * scale_k + offset_k - KELVIN for c in (counts.min(), counts.max()))
    if coldest < COLDEST_C or hottest > HOTTEST_C:
        raise InvalidMessage(
            f"temperatures {coldest:.1f} to {hottest:.1f} degC: outside {COLDEST_C:.0f} to {HOTTEST_C:.0f}"
        )
    # In float32, one multiply-add over the frame; 0.01 K steps at 2000 degC still have 0.0002 K of room.
    celsius = counts.astype(np.float32)
    celsius *= np.float32(scale_k)
    celsius += np.float32(offset_k - KELVIN)
    return celsius
