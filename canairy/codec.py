"""Lossless packing of a frame's counts: rows are differenced, bytes are split into planes, zstd takes the rest.

    version u8 | height u32 | width u32 | crc32 u32 | zstd frame: low bytes, then high bytes      (little-endian)

Why this and not another: benchmarks/codec.md. The difference runs down the columns because noisy frames, simulated
and real, come out a little smaller than along the rows; noise-free ones come out larger, and have room to.
"""

from __future__ import annotations

import struct
import sys
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import InvalidMessage

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

VERSION: Final = 1
MAX_PIXELS: Final = 4096 * 4096

_SHAPE: Final = struct.Struct("<BII")
_CHECKSUM: Final = struct.Struct("<I")
_HEADER_BYTES: Final = _SHAPE.size + _CHECKSUM.size
# Sensor noise does not repeat, so higher levels search longer and find nothing.
_LEVEL: Final = 1
# Centred here, any difference of -128 to 127 counts leaves the high byte at zero: one addition does what zigzag
# coding needs three operations for, and the low byte's entropy is the same.
_CENTRE: Final = np.uint16(128)


def pack(counts: npt.NDArray[np.uint16]) -> bytes:
    """Pack a frame losslessly, with its shape and a checksum.

    Args:
        counts: uint16 (height, width), 1x1 to MAX_PIXELS pixels, any memory layout and byte order.

    Raises:
        ValueError: not two-dimensional, not uint16, empty, or more than MAX_PIXELS pixels.
    """
    _refuse_what_is_no_frame(counts)
    body = zstd.compress(_planes(_differences(counts)).data, _LEVEL)
    shape = _SHAPE.pack(VERSION, *counts.shape)
    return b"".join((shape, _CHECKSUM.pack(_crc(shape, body)), body))


def unpack(packed: bytes, height: int, width: int) -> npt.NDArray[np.uint16]:
    """Undo `pack`: a writable, C-contiguous uint16 (height, width).

    Memory stays within a few times height x width x 2 bytes, whatever the bytes claim.

    Raises:
        InvalidMessage: truncated, damaged, of another codec version, of another size than height x width, or of
            more than MAX_PIXELS pixels.
    """
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise InvalidMessage(f"packed frame: {height}x{width} pixels asked for, possible are 1 to {MAX_PIXELS}")
    body = _checked_body(packed, height, width)
    planes = np.frombuffer(_decompressed(body, height * width * 2), np.uint8).reshape(2, height, width)
    return _accumulated(_joined(planes))


def _refuse_what_is_no_frame(counts: npt.NDArray[np.uint16]) -> None:
    # By type and not by dtype: a big-endian uint16 array is welcome.
    if counts.ndim != 2 or counts.dtype.type is not np.uint16:
        raise ValueError(f"a frame is uint16 (height, width), not {counts.dtype} {counts.shape}")
    if not 0 < counts.size <= MAX_PIXELS:
        raise ValueError(f"a frame of {counts.shape[0]}x{counts.shape[1]} pixels: possible are 1 to {MAX_PIXELS}")


def _differences(counts: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    differences = np.empty(counts.shape, np.uint16)
    differences[0] = counts[0]
    # Wraps around modulo 65536, and wraps back in _accumulated: no count is out of reach.
    np.subtract(counts[1:], counts[:-1], out=differences[1:])
    differences += _CENTRE
    return differences


def _accumulated(differences: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    differences -= _CENTRE
    np.add.accumulate(differences, axis=0, out=differences)
    return differences


def _planes(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    # By arithmetic, not by viewing the bytes: strided bytes cost several times as much, and byte order cannot matter.
    planes = np.empty((2, *values.shape), np.uint8)
    np.copyto(planes[0], values, casting="unsafe")
    np.right_shift(values, 8, out=planes[1], casting="unsafe")
    return planes


def _joined(planes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    values: npt.NDArray[np.uint16] = planes[1].astype(np.uint16)
    values <<= 8
    values |= planes[0]
    return values


def _checked_body(packed: bytes, height: int, width: int) -> memoryview:
    if len(packed) < _HEADER_BYTES:
        raise InvalidMessage(f"packed frame: {len(packed)} bytes, its header alone takes {_HEADER_BYTES}")
    version, packed_height, packed_width = _SHAPE.unpack_from(packed)
    if version != VERSION:
        raise InvalidMessage(f"packed frame: codec version {version}, this build reads {VERSION}")
    shape, body = packed[: _SHAPE.size], memoryview(packed)[_HEADER_BYTES:]
    (promised,) = _CHECKSUM.unpack_from(packed, _SHAPE.size)
    if (found := _crc(shape, body)) != promised:
        raise InvalidMessage(
            f"packed frame: truncated or damaged, crc32 of its {len(packed)} bytes is {found:08x}, not {promised:08x}"
        )
    if (packed_height, packed_width) != (height, width):
        raise InvalidMessage(f"packed frame: {packed_height}x{packed_width} pixels, expected {height}x{width}")
    return body


def _crc(shape: bytes, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(shape))


def _decompressed(body: memoryview, size: int) -> bytes:
    try:
        # Asked of the frame's header before a byte is allocated: the checksum stops accidents, not a forger's bomb.
        claimed = zstd.get_frame_info(body).decompressed_size
        if claimed != size:
            raise InvalidMessage(f"packed frame: unpacks to {claimed} bytes, expected {size}")
        content = zstd.ZstdDecompressor().decompress(body, max_length=size)
    except zstd.ZstdError as error:
        raise InvalidMessage(f"packed frame: {len(body)} bytes that zstd cannot read ({error})") from error
    if len(content) != size:
        raise InvalidMessage(f"packed frame: {len(content)} bytes unpacked, expected {size}")
    return content
