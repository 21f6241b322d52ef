"""16-bit greyscale PNG with a linear scale: degrees Celsius = count * scale_k + offset_c.

A file is checked from its outside to its inside before a pixel is made: size, signature, header, every chunk's
length and checksum, and how much its image data inflates to. So a bomb is refused by its header, a half-written
file is told from a damaged one, and a decoder never fills in what is missing.

Source of the format: W3C Portable Network Graphics (PNG) Specification, third edition.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import KELVIN, MAX_SIDE

# Two bytes a pixel do not grow by more than this in a deflate stream, and text beside them is short.
MAX_FILE_BYTES: Final = MAX_SIDE * MAX_SIDE * 2 + 4 * 1024 * 1024

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHUNK: Final = struct.Struct(">I4s")
_HEADER: Final = struct.Struct(">IIBBBBB")
_CRC_BYTES: Final = 4
_COLOURS: Final = {0: "grey", 2: "colour", 3: "palette", 4: "grey with transparency", 6: "colour with transparency"}
_CREATION_TIME: Final = b"Creation Time\x00"
_TEXT_BYTES: Final = 4096


class IncompleteFile(UnreadableFile):
    """A file that ends too early: it may still be being written."""


@dataclass(frozen=True, slots=True)
class LinearFrame:
    """uint16 counts (height, width); kelvin = count * scale_k + offset_k. `created_at` is UTC, None when not told."""

    counts: npt.NDArray[np.uint16]
    scale_k: float
    offset_k: float
    created_at: datetime | None = None


def read_linear_png(path: Path, scale_k: float, offset_c: float) -> LinearFrame:
    """Read a file whose counts mean count * scale_k + offset_c degrees Celsius.

    `created_at` is the file's text "Creation Time" (RFC 1123 or ISO 8601, with a zone), which is how PNG embeds the
    time a picture was taken; its tIME chunk is the last change, which is another thing.

    Raises:
        IncompleteFile: empty, or ends before its end chunk.
        UnreadableFile: not PNG, not 16-bit grey, damaged, interlaced, or with a side over 4096 pixels.
    """
    content = _content(path)
    try:
        counts, created_at = decode_linear_png(content)
    except UnreadableFile as error:
        raise type(error)(f"{path.name}: {error}") from error
    return LinearFrame(counts, scale_k, offset_c + KELVIN, created_at)


def decode_linear_png(content: bytes) -> tuple[npt.NDArray[np.uint16], datetime | None]:
    """The counts (height, width) of a file's content and its creation time, checked from its outside to its inside.

    Raises as `read_linear_png` does; the errors name no file.
    """
    header, data, created_at = _parts(content)
    check_inflated(data, header.height * (1 + 2 * header.width))
    return _decoded(content, header), created_at


def creation_time(file: BinaryIO) -> datetime | None:
    """The time an open PNG says it was taken, UTC, without reading its pixels; None when it does not say."""
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        return None
    while len(head := file.read(_CHUNK.size)) == _CHUNK.size:
        length, kind = _CHUNK.unpack(head)
        if kind == b"IEND":
            return None
        if kind == b"tEXt" and length <= _TEXT_BYTES:
            text = file.read(length)
            if _tells_time(text):
                return _moment(text[len(_CREATION_TIME) :])
            length = 0
        file.seek(length + _CRC_BYTES, os.SEEK_CUR)
    return None


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int


def _content(path: Path) -> bytes:
    try:
        if (size := path.stat().st_size) > MAX_FILE_BYTES:
            raise UnreadableFile(f"{path.name}: {size} bytes, a 16-bit frame takes at most {MAX_FILE_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path.name}: {error.strerror or error}") from error


def _parts(content: bytes) -> tuple[_Header, list[memoryview], datetime | None]:
    """Header, image data and creation time of a whole, undamaged file."""
    if not content:
        raise IncompleteFile("empty: 0 bytes")
    if not content.startswith(_SIGNATURE[: len(content)]):
        raise UnreadableFile(f"not a PNG file: it begins with {content[:8].hex(' ')}")
    header: _Header | None = None
    data: list[memoryview] = []
    told: bytes | None = None
    for kind, body in chunks(content):
        if header is None:
            header = _header(kind, body)
        elif kind == b"IDAT":
            data.append(body)
        elif kind == b"tEXt" and told is None and len(body) <= _TEXT_BYTES and _tells_time(body):
            told = bytes(body[len(_CREATION_TIME) :])
    if header is None:
        raise IncompleteFile("truncated: it ends before its header")
    return header, data, None if told is None else _moment(told)


def chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and body of every chunk of a PNG up to its end chunk, each checksum verified.

    Raises IncompleteFile before the end chunk has come, UnreadableFile for a wrong checksum.
    """
    view, at = memoryview(content), len(_SIGNATURE)
    while True:
        if at + _CHUNK.size > len(view):
            raise IncompleteFile(f"truncated: it ends at byte {len(view)}, before its end chunk")
        length, kind = _CHUNK.unpack_from(view, at)
        end = at + _CHUNK.size + length
        if end + _CRC_BYTES > len(view):
            raise IncompleteFile(f"truncated: it ends at byte {len(view)}, inside a chunk of {length} bytes")
        (promised,) = struct.unpack_from(">I", view, end)
        if zlib.crc32(view[at + 4 : end]) != promised:
            raise UnreadableFile(f"damaged: the checksum of chunk {kind!r} at byte {at} is wrong")
        if kind == b"IEND":
            return
        yield kind, view[at + _CHUNK.size : end]
        at = end + _CRC_BYTES


def _header(kind: bytes, body: memoryview) -> _Header:
    if kind != b"IHDR" or len(body) != _HEADER.size:
        raise UnreadableFile("damaged: it does not begin with a PNG header")
    width, height, depth, colour, _, _, interlaced = _HEADER.unpack(body)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise UnreadableFile(f"{width}x{height} pixels: sides must be 1 to {MAX_SIDE}")
    if depth != 16 or colour != 0:
        raise UnreadableFile(f"{depth}-bit {_COLOURS.get(colour, colour)}: temperatures need 16-bit grey")
    if interlaced:
        raise UnreadableFile("interlaced: save it without interlacing")
    return _Header(width, height)


def check_inflated(data: Iterable[memoryview], expected: int) -> None:
    """The image data must inflate to its rows and their filter bytes, no more and no less: `expected` bytes.

    Raises UnreadableFile.
    """
    inflater, found = zlib.decompressobj(), 0
    try:
        for part in data:
            # One byte more than may come is asked for, so that a bomb shows itself without going off.
            found += len(inflater.decompress(part, expected - found + 1))
            if found > expected:
                raise UnreadableFile(f"damaged: its image data inflates to more than {expected} bytes")
    except zlib.error as error:
        raise UnreadableFile(f"damaged: its image data does not inflate ({error})") from error
    if found != expected or not inflater.eof:
        raise UnreadableFile(f"damaged: its image data inflates to {found} bytes, {expected} are needed")


def _decoded(content: bytes, header: _Header) -> npt.NDArray[np.uint16]:
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    # The package's types promise an array; the decoder answers None where it gives up.
    if not isinstance(pixels, np.ndarray) or pixels.shape != (header.height, header.width):
        raise UnreadableFile("damaged: the decoder cannot make a grey picture of it")
    if pixels.dtype != np.uint16:
        raise UnreadableFile(f"the decoder gives {pixels.dtype}, temperatures need uint16")
    return np.asarray(pixels, np.uint16)


def _tells_time(text: bytes | memoryview) -> bool:
    return bytes(text[: len(_CREATION_TIME)]) == _CREATION_TIME


def _moment(text: bytes) -> datetime | None:
    """RFC 1123 or ISO 8601 with a zone; None for anything else, since a time of an unknown zone is no time."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        # A year or zone that no calendar has overflows in the one parser or the other, or in the conversion.
        with suppress(ValueError, OverflowError):
            moment = parse(text.decode("latin-1").strip())
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
    return None
