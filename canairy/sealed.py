"""What both codecs share: a version, a shape and a checksum around bytes that zstd has packed.

    version u8 | height u32 | width u32 | crc32 u32 | zstd frame      (little-endian)

The checksum covers the shape and the frame.
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

MAX_PIXELS: Final = 4096 * 4096

_SHAPE: Final = struct.Struct("<BII")
_CHECKSUM: Final = struct.Struct("<I")
_HEADER_BYTES: Final = _SHAPE.size + _CHECKSUM.size
# Sensor noise does not repeat, so higher levels search longer and find nothing.
_LEVEL: Final = 1


def seal(version: int, height: int, width: int, content: npt.NDArray[np.uint8]) -> bytes:
    """Pack bytes, any shape, as the content of a picture of height x width."""
    body = zstd.compress(np.ascontiguousarray(content).data, _LEVEL)
    shape = _SHAPE.pack(version, height, width)
    return b"".join((shape, _CHECKSUM.pack(_crc(shape, body)), body))


def unseal(packed: bytes, version: int, height: int, width: int, bytes_a_pixel: int) -> npt.NDArray[np.uint8]:
    """Undo `seal`: uint8 (height * width * bytes_a_pixel,), not writable.

    Memory stays within a few times that, whatever the bytes claim.

    Raises:
        InvalidMessage: truncated, damaged, of another codec version, of another size than height x width, or of
            more than MAX_PIXELS pixels.
    """
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise InvalidMessage(f"packed frame: {height}x{width} pixels asked for, possible are 1 to {MAX_PIXELS}")
    body = _checked_body(packed, version, height, width)
    return np.frombuffer(_decompressed(body, height * width * bytes_a_pixel), np.uint8)


def _checked_body(packed: bytes, version: int, height: int, width: int) -> memoryview:
    if len(packed) < _HEADER_BYTES:
        raise InvalidMessage(f"packed frame: {len(packed)} bytes, its header alone takes {_HEADER_BYTES}")
    packed_version, packed_height, packed_width = _SHAPE.unpack_from(packed)
    if packed_version != version:
        raise InvalidMessage(f"packed frame: codec version {packed_version}, this build reads {version}")
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
