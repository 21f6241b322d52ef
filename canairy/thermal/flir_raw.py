"""The raw counts of a FLIR file: plain, or a PNG whose bytes stand as the camera's memory had them.

Source of the layout: ExifTool's tag page of FLIR's RawData, which notes that most cameras write their PNG "in the wrong
byte order". It is the order of the record itself: cameras with a little-endian processor hand their memory to the PNG
writer as it is. All 13 recorded pictures with a PNG and a little-endian record are so, and the one with a big-endian
record is a PNG as the standard has it. A camera that does otherwise is found by its picture: neighbours differ little,
and with their bytes the wrong way round by thousands.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import MAX_SIDE
from canairy.thermal.flir_records import Record
from canairy.thermal.linear_png import decode_linear_png

Counts = npt.NDArray[np.uint16]

_HEAD_BYTES: Final = 32
_PNG: Final = b"\x89PNG"
# In the wrong order the recorded pictures are 50 to 2,000 times rougher.
_ROUGHER: Final = 4.0
_STEP_PX: Final = 4


def read_counts(record: Record) -> Counts:
    """uint16 (height, width). Raises UnreadableFile: truncated, a side over 4096, or a PNG of another size or kind."""
    body = record.body
    if len(body) < _HEAD_BYTES:
        raise UnreadableFile(f"damaged: its raw counts have {len(body)} bytes")
    width, height = struct.unpack_from(f"{record.order}HH", body, 2)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise UnreadableFile(f"{width}x{height} pixels: sides must be 1 to {MAX_SIDE}")
    content = body[_HEAD_BYTES:]
    if content.startswith(_PNG):
        return _in_order(_from_png(content, width, height, record.order))
    return _in_order(_plain(content, width, height, record.order))


def _plain(content: bytes, width: int, height: int, order: str) -> Counts:
    needed = 2 * width * height
    if len(content) < needed:
        raise UnreadableFile(f"damaged: {len(content)} bytes of raw counts, {width}x{height} pixels need {needed}")
    counts = np.frombuffer(content, f"{order}u2", width * height).reshape(height, width)
    return counts.astype(np.uint16)


def _from_png(content: bytes, width: int, height: int, order: str) -> Counts:
    try:
        counts, _ = decode_linear_png(content)
    except UnreadableFile as error:
        # A record's length is known, so what ends early inside of it is damaged and will not be finished.
        raise UnreadableFile(f"its raw counts, a PNG: {error}") from error
    if counts.shape != (height, width):
        raise UnreadableFile(f"damaged: its PNG has {counts.shape[1]}x{counts.shape[0]} pixels, not {width}x{height}")
    return counts.byteswap() if order == "<" else counts


def _in_order(counts: Counts) -> Counts:
    """As they are, unless the picture itself says that their bytes are the wrong way round."""
    turned = counts.byteswap()
    return turned if _roughness(counts) > _ROUGHER * (_roughness(turned) + 1) else counts


def _roughness(counts: Counts) -> float:
    """Mean difference of neighbours in a row, in every fourth row."""
    if counts.shape[1] < 2:
        return 0.0
    rows = counts[::_STEP_PX].astype(np.int32)
    return float(np.abs(np.diff(rows, axis=1)).mean())
