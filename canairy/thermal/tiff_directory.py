"""The directory of a TIFF file: what it says of its first picture, read with every length checked.

Source: Adobe, TIFF Revision 6.0 (1992), part 1, section 2. EXIF is written in the same way.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from canairy.errors import UnreadableFile
from canairy.thermal.linear_png import IncompleteFile

LITTLE: Final = b"II*\0"
BIG: Final = b"MM\0*"
_BIG_TIFF: Final = (b"II+\0", b"MM\0+")
BEGINS: Final = (LITTLE, BIG, *_BIG_TIFF)
_ENTRY_BYTES: Final = 12
_MOST_ENTRIES: Final = 512
# More values than a picture with one strip for each of 4,096 rows needs.
_MOST_VALUES: Final = 16_384
_ASCII: Final = 2
# BYTE, SHORT and LONG: bytes of each, and how struct reads them.
_NUMBERS: Final = {1: (1, "B"), 3: (2, "H"), 4: (4, "I")}


@dataclass(frozen=True, slots=True)
class Directory:
    """Whole numbers by tag; `next_at` is where another picture is described, 0 when there is none."""

    order: str
    numbers: Mapping[int, tuple[int, ...]]
    next_at: int

    def one(self, tag: int, otherwise: int | None = None) -> int:
        """The value of a tag that has one; raises UnreadableFile when it is missing and must not be."""
        values = self.numbers.get(tag, ())
        if len(values) == 1:
            return values[0]
        if values or otherwise is None:
            raise UnreadableFile(f"damaged: its tag {tag} has {len(values)} values, 1 is needed")
        return otherwise


def read_directory(content: bytes) -> Directory:
    """Of the first picture.

    Raises:
        IncompleteFile: the file ends before its directory does.
        UnreadableFile: not TIFF, or damaged.
    """
    order, entries, end = _entries(content)
    numbers: dict[int, tuple[int, ...]] = {}
    for at in entries:
        tag, kind, count = struct.unpack_from(f"{order}HHI", content, at)
        if kind not in _NUMBERS:
            continue
        if count > _MOST_VALUES:
            raise UnreadableFile(f"damaged: its tag {tag} has {count} values, {_MOST_VALUES} at most are read")
        size, code = _NUMBERS[kind]
        numbers[tag] = struct.unpack_from(f"{order}{count}{code}", content, _place(content, order, at, count * size))
    (next_at,) = struct.unpack_from(f"{order}I", content, end)
    return Directory(order, numbers, next_at)


def read_texts(content: bytes, *tags: int) -> list[str]:
    """Printable texts of these tags, those that are there; nothing of a directory that cannot be read."""
    found: dict[int, str] = {}
    with suppress(UnreadableFile):
        order, entries, _ = _entries(content)
        for at in entries:
            tag, kind, count = struct.unpack_from(f"{order}HHI", content, at)
            if tag in tags and kind == _ASCII and count <= 100:
                place = _place(content, order, at, count)
                text = content[place : place + count].split(b"\0")[0].decode("latin-1").strip()
                found[tag] = "".join(character for character in text if character.isprintable())
    return [found[tag] for tag in tags if found.get(tag)]


def _entries(content: bytes) -> tuple[str, range, int]:
    """Byte order, where each entry begins, and where they end."""
    if content[:4] in _BIG_TIFF:
        raise UnreadableFile("BigTIFF: a frame fits in a TIFF of the usual kind, save it as such")
    if content[:4] not in {LITTLE, BIG}:
        raise UnreadableFile(f"not a TIFF file: it begins with {content[:8].hex(' ')}")
    order = "<" if content.startswith(LITTLE) else ">"
    if len(content) < 8:
        raise IncompleteFile(f"truncated: it ends at byte {len(content)}, inside of its header")
    (at,) = struct.unpack_from(f"{order}I", content, 4)
    if at < 8:
        raise UnreadableFile(f"damaged: its directory is at byte {at}")
    if at + 2 > len(content):
        raise IncompleteFile(f"truncated: its directory is at byte {at}, it ends at byte {len(content)}")
    (count,) = struct.unpack_from(f"{order}H", content, at)
    if not 0 < count <= _MOST_ENTRIES:
        raise UnreadableFile(f"damaged: its directory has {count} entries")
    end = at + 2 + count * _ENTRY_BYTES
    if end + 4 > len(content):
        raise IncompleteFile(f"truncated: it ends at byte {len(content)}, inside of its directory")
    return order, range(at + 2, end, _ENTRY_BYTES), end


def _place(content: bytes, order: str, at: int, size: int) -> int:
    """Where the value of an entry stands: in the entry if it fits, else where the entry says."""
    place: int = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", content, at + 8)[0]
    if place + size > len(content):
        raise IncompleteFile(f"truncated: a value is at byte {place}, it ends at byte {len(content)}")
    return place
