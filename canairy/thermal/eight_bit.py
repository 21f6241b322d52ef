"""Pictures without temperatures: 8-bit PNG and JPEG, checked from their outside to their inside before they are made.

So a bomb is refused by its header, and a half-written file is told from a damaged one. Of a PNG nothing can be missing;
damage in the middle of a JPEG has no checksum that would tell it, and may show as grey blocks.

Sources: W3C Portable Network Graphics (PNG) Specification, third edition; ITU-T T.81 (JPEG), annex B.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import MAX_SIDE
from canairy.thermal.flir_segments import JPEG, check_ended, segments
from canairy.thermal.formats import read_content
from canairy.thermal.linear_png import IncompleteFile, check_inflated, chunks

PNG: Final = b"\x89PNG\r\n\x1a\n"
# Values a pixel by PNG's colour type: grey, colour, palette, grey and colour with transparency.
_PNG_VALUES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_HEADER: Final = struct.Struct(">IIBBBBB")
# Start of frame, baseline to lossless: those markers from 0xC0 that are not DHT (C4), JPG (C8) or DAC (CC).
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

Pixels = npt.NDArray[np.uint8]


def read_picture(path: Path) -> Pixels:
    """A file, as `read_eight_bit`; the errors name it, and it may be as large as a thermal file."""
    content = read_content(path)
    try:
        return read_eight_bit(content)
    except UnreadableFile as error:
        raise type(error)(f"{path.name}: {error}") from error


def read_eight_bit(content: bytes) -> Pixels:
    """uint8 (height, width), or (height, width, 3) in colour, blue first; transparency is left out.

    Raises:
        IncompleteFile: empty, or it ends before its picture does.
        UnreadableFile: neither PNG nor JPEG, damaged, not of 8 bits, interlaced, or with a side over 4096 pixels.
    """
    if not content:
        raise IncompleteFile("empty: 0 bytes")
    if content.startswith(JPEG):
        _check_jpeg(content)
    elif content.startswith(PNG):
        _check_png(content)
    else:
        raise UnreadableFile(f"not an 8-bit picture (PNG or JPEG): it begins with {content[:8].hex(' ')}")
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    # The package's types promise an array; the decoder answers None where it gives up.
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise UnreadableFile("damaged: the decoder cannot make a picture of it")
    return np.ascontiguousarray(pixels[..., :3] if pixels.ndim == 3 else pixels, np.uint8)


def _check_jpeg(content: bytes) -> None:
    sized = False
    for marker, body in segments(content):
        if marker in _FRAMES:
            if len(body) < 5:
                raise UnreadableFile("damaged: its header is too short")
            bits, height, width = struct.unpack_from(">BHH", body)
            _check_size(width, height, bits)
            sized = True
    if not sized:
        raise UnreadableFile("damaged: a JPEG without a header of its picture")
    check_ended(content)


def _check_png(content: bytes) -> None:
    parts = list(chunks(content))
    if not parts or parts[0][0] != b"IHDR" or len(parts[0][1]) != _PNG_HEADER.size:
        raise UnreadableFile("damaged: it does not begin with a PNG header")
    width, height, bits, colour, _, _, interlaced = _PNG_HEADER.unpack(parts[0][1])
    _check_size(width, height, bits)
    if interlaced:
        raise UnreadableFile("interlaced: save it without interlacing")
    if colour not in _PNG_VALUES:
        raise UnreadableFile(f"damaged: colour type {colour}")
    check_inflated((body for kind, body in parts if kind == b"IDAT"), height * (1 + width * _PNG_VALUES[colour]))


def _check_size(width: int, height: int, bits: int) -> None:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise UnreadableFile(f"{width}x{height} pixels: sides must be 1 to {MAX_SIDE}")
    if bits != 8:
        raise UnreadableFile(f"{bits}-bit: a picture without temperatures has 8 bits a value")
