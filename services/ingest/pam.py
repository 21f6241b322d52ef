"""Pictures in a row on a pipe, each as PAM: a header of text lines, then the pixels (Netpbm's pam(5)).

Each picture says its own size, so one that changes in mid-stream puts nothing out of step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import MAX_SIDE

BEGINS: Final = b"P7\n"
_KEYS: Final = (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
_LINE_BYTES: Final = 200
_LINES: Final = 20
_GREY, _COLOUR = 1, 3


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    depth: int
    maximum: int


def read_pam(stream: BinaryIO) -> npt.NDArray[Any] | None:
    """The next picture; None at the end, or where it ends within a picture.

    uint8 or uint16 (height, width) when grey, (height, width, 3) blue first in colour. Raises UnreadableFile for what
    is no PAM, is larger than frames are, or is neither grey nor colour.
    """
    begin = stream.read(len(BEGINS))
    if len(begin) < len(BEGINS):
        return None
    if begin != BEGINS:
        raise UnreadableFile(f"no PAM picture: it begins with {begin!r}")
    header = _header(stream)
    if header is None:
        return None
    dtype = np.dtype(np.uint8) if header.maximum == 0xFF else np.dtype(">u2")
    size = header.width * header.height * header.depth * dtype.itemsize
    content = stream.read(size)
    return _pixels(content, dtype, header) if len(content) == size else None


def _header(stream: BinaryIO) -> _Header | None:
    told: dict[bytes, int] = {}
    for _ in range(_LINES):
        line = stream.readline(_LINE_BYTES)
        if not line.endswith(b"\n"):
            return None
        key, _, value = line.strip().partition(b" ")
        if key == b"ENDHDR":
            return _checked(told)
        if key in _KEYS and value.isdigit():
            told[key] = int(value)
    raise UnreadableFile(f"a PAM header of more than {_LINES} lines")


def _checked(told: dict[bytes, int]) -> _Header:
    header = _Header(*(told.get(key, 0) for key in _KEYS))
    if not (0 < header.width <= MAX_SIDE and 0 < header.height <= MAX_SIDE):
        raise UnreadableFile(f"{header.width}x{header.height} pixels: sides must be 1 to {MAX_SIDE}")
    if header.depth not in {_GREY, _COLOUR} or header.maximum not in {0xFF, 0xFFFF}:
        raise UnreadableFile(f"{header.depth} channels up to {header.maximum}: neither grey nor colour of 8 or 16 bits")
    return header


def _pixels(content: bytes, dtype: np.dtype[Any], header: _Header) -> npt.NDArray[Any]:
    pixels = np.frombuffer(content, dtype)
    if header.depth == _GREY:
        return pixels.reshape(header.height, header.width).astype(dtype.newbyteorder("="))
    colours = pixels.reshape(header.height, header.width, _COLOUR)
    # Sixteen bits of a colour hold no temperature: its upper eight are the picture.
    narrow = (colours >> 8).astype(np.uint8) if dtype.itemsize > 1 else colours
    return np.ascontiguousarray(narrow[:, :, ::-1])
