r"""The FLIR record file inside of a JPEG: its APP1 segments, put together in their order.

Source of the layout: ITU-T T.81 (JPEG), annex B, for segments; ExifTool, lib/Image/ExifTool/FLIR.pm and its tag pages,
for what FLIR's hold: "FLIR\0", 1, this segment's number, the last one's, and then its part of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from canairy.errors import UnreadableFile
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.tiff_directory import read_texts

JPEG: Final = b"\xff\xd8\xff"
_APP1: Final = 0xE1
_FLIR: Final = b"FLIR\0"
_EXIF: Final = b"Exif\0\0"
_HEAD_BYTES: Final = 8
# Markers that stand alone: TEM and the restart intervals.
_ALONE: Final = {0x01, *range(0xD0, 0xD8)}
_SCAN, _END = 0xDA, 0xD9
_END_OF_PICTURE: Final = b"\xff\xd9"
_MAKE, _MODEL = 271, 272


def flir_file(content: bytes) -> bytes:
    """The FLIR record file of a radiometric JPEG.

    Raises:
        IncompleteFile: it ends before its picture begins.
        UnreadableFile: no JPEG, a JPEG without FLIR's segments (the text says whose it is), or with some missing.
    """
    if not content.startswith(JPEG):
        raise UnreadableFile(f"not a JPEG file: it begins with {content[:8].hex(' ')}")
    parts: dict[int, memoryview] = {}
    last: int | None = None
    maker = ""
    for marker, body in segments(content):
        if marker == _APP1 and bytes(body[:5]) == _FLIR and len(body) > _HEAD_BYTES:
            number, last = body[6], _agreed(last, body[7])
            if number in parts:
                raise UnreadableFile(f"damaged: segment {number} of its FLIR data is there twice")
            parts[number] = body[_HEAD_BYTES:]
        elif marker == _APP1 and bytes(body[:6]) == _EXIF:
            maker = maker or _maker(body[6:])
    if last is None:
        raise UnreadableFile(f"not radiometric: a JPEG{maker} without FLIR's radiometric data, a picture only")
    if missing := sorted(set(range(last + 1)) - set(parts)):
        raise UnreadableFile(f"damaged: segment {missing[0]} of its FLIR data (0 to {last}) is missing")
    return b"".join(parts[number] for number in range(last + 1))


def _agreed(known: int | None, told: int) -> int:
    if known is not None and known != told:
        raise UnreadableFile(f"damaged: its FLIR data has {known + 1} segments and {told + 1}")
    return told


def segments(content: bytes) -> Iterator[tuple[int, memoryview]]:
    """Marker and body of each segment of a JPEG, up to the picture itself.

    Raises IncompleteFile when it ends before, UnreadableFile where no segment begins.
    """
    view, at = memoryview(content), 2
    while True:
        while content[at : at + 2] == b"\xff\xff":
            at += 1
        if at + 4 > len(view):
            raise IncompleteFile(f"truncated: it ends at byte {len(view)}, before its picture")
        if view[at] != 0xFF:
            raise UnreadableFile(f"damaged: no segment begins at byte {at}")
        marker = view[at + 1]
        if marker in {_SCAN, _END}:
            return
        if marker in _ALONE:
            at += 2
            continue
        end = at + 2 + int.from_bytes(view[at + 2 : at + 4], "big")
        if end > len(view):
            raise IncompleteFile(f"truncated: it ends at byte {len(view)}, inside of a segment")
        yield marker, view[at + 4 : end]
        at = max(end, at + 4)


def check_ended(content: bytes) -> None:
    """Raises IncompleteFile for a JPEG without the marker of its end: its picture may still be being written."""
    # A small picture inside of a segment has an end too, so only one behind the segments counts.
    at = 2 + sum(4 + len(body) for _, body in segments(content))
    if content.rfind(_END_OF_PICTURE) < at:
        raise IncompleteFile(f"truncated: it ends at byte {len(content)}, before its end marker")


def _maker(exif: memoryview) -> str:
    """Whose picture it is, by EXIF (JEITA CP-3451: tags Make and Model), for the error's text."""
    texts = read_texts(bytes(exif[:65_536]), _MAKE, _MODEL)
    return f" of {' '.join(texts)}" if texts else ""
