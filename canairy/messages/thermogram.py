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
    """Packed uint16 counts of height x width pixels: kelvin = count * scale_k + offset_k.

    Pixels of the count `missing` have no temperature, because a privacy mask took it; None: every pixel has one.
    """

    width: int
    height: int
    scale_k: float
    offset_k: float
    packed: bytes
    missing: int | None = None

    @classmethod
    def of(
        cls, counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float, missing: int | None = None
    ) -> Thermogram:
        """Pack `counts`, uint16 (height, width)."""
        height, width = counts.shape
        return cls(width, height, scale_k, offset_k, codec.pack(counts), missing)

    def counts(self) -> npt.NDArray[np.uint16]:
        """uint16 (height, width); raises InvalidMessage when the bytes are damaged."""
        return codec.unpack(self.packed, self.height, self.width)

    def celsius(self) -> npt.NDArray[np.float32]:
        """float32 (height, width), degrees Celsius, NaN where one is missing.

        Raises InvalidMessage when damaged or impossible.
        """
        return to_celsius(self.counts(), self.scale_k, self.offset_k, self.missing)

    def to_wire(self) -> pb.Thermogram:
        """The protobuf message."""
        return pb.Thermogram(
            width=self.width,
            height=self.height,
            scale_k=self.scale_k,
            offset_k=self.offset_k,
            packed=self.packed,
            missing=self.missing,
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
        missing = message.missing if message.HasField("missing") else None
        return cls(message.width, message.height, scale_k, offset_k, message.packed, missing)


def to_celsius(
    counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float, missing: int | None = None
) -> npt.NDArray[np.float32]:
    """uint16 counts to float32 degrees Celsius, NaN where a count is `missing`.

    Raises InvalidMessage outside -100 to 2000 degrees Celsius.
    """
    if missing is not None:
        return _known_to_celsius(counts, scale_k, offset_k, counts != missing)
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


def filled(counts: npt.NDArray[np.uint16], missing: int | None) -> npt.NDArray[np.uint16]:
    """Counts for those who need one everywhere, such as a model: what is missing gets the median of the rest."""
    known = None if missing is None else counts != missing
    if known is None or known.all() or not known.any():
        return counts
    return np.where(known, counts, np.uint16(np.median(counts[known])))


def _known_to_celsius(
    counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float, known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    celsius = np.full(counts.shape, np.nan, np.float32)
    if known.any():
        celsius[known] = to_celsius(counts[known], scale_k, offset_k)
    return celsius
