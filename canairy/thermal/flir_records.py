"""FLIR's record file (FFF): an index, and the records it points to, in either byte order.

Source of the layout: ExifTool, lib/Image/ExifTool/FLIR.pm and https://exiftool.org/TagNames/FLIR.html. Only the two
records that temperatures need are looked at; others, such as the visible picture and the place, only by who asks for
one (`read_record`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from canairy.errors import UnreadableFile

RAW_DATA: Final = 0x01
CAMERA_INFO: Final = 0x20

_MAGIC: Final = (b"FFF\0", b"AFF\0")
_HEADER_BYTES: Final = 64
_ENTRY_BYTES: Final = 32
_MOST_RECORDS: Final = 256
# Each record begins with this number, in its own byte order.
_ORDER_MARK: Final = 2


@dataclass(frozen=True, slots=True)
class Record:
    """The bytes of one record, and its own byte order as struct writes it: "<" or ">"."""

    body: bytes
    order: str


@dataclass(frozen=True, slots=True)
class FlirFile:
    """The software that wrote it, and the two records that temperatures need."""

    creator: str
    raw_data: Record
    camera_info: Record


def read_records(content: bytes) -> FlirFile:
    """Raises UnreadableFile for what is no such file, is damaged, or has no raw data or camera's constants."""
    places = _index(content)
    creator = content[4:20].split(b"\0")[0].decode("latin-1")
    return FlirFile(creator, _record(content, places, RAW_DATA), _record(content, places, CAMERA_INFO))


def read_record(content: bytes, kind: int) -> bytes | None:
    """The bytes of a record of this kind, None without one; raises UnreadableFile as `read_records` does."""
    place = _index(content).get(kind)
    if place is not None and sum(place) > len(content):
        raise UnreadableFile(f"damaged: record {kind:#x} of its FLIR data ends behind it")
    return None if place is None else content[place[0] : sum(place)]


def _index(content: bytes) -> dict[int, tuple[int, int]]:
    """Begin and length of the first record of each kind."""
    if content[:4] not in _MAGIC or len(content) < _HEADER_BYTES:
        raise UnreadableFile(f"damaged: its FLIR data begins with {content[:8].hex(' ')} and has {len(content)} bytes")
    order = _order(content)
    at, count = struct.unpack_from(f"{order}II", content, 0x18)
    if count > _MOST_RECORDS or at + count * _ENTRY_BYTES > len(content):
        raise UnreadableFile(f"damaged: {count} records of FLIR data are listed at byte {at} of {len(content)}")
    places: dict[int, tuple[int, int]] = {}
    for entry in range(at, at + count * _ENTRY_BYTES, _ENTRY_BYTES):
        kind, _, _, _, begin, length = struct.unpack_from(f"{order}HHIIII", content, entry)
        places.setdefault(kind, (begin, length))
    return places


def _order(content: bytes) -> str:
    """The index has a byte order of its own; its version, 100 to 199, tells which."""
    for order in "><":
        (version,) = struct.unpack_from(f"{order}I", content, 0x14)
        if 100 <= version < 200:
            return order
    raise UnreadableFile(
        f"damaged: the version of its FLIR data is {content[0x14:0x18].hex(' ')}, known are 100 to 199"
    )


_NAMES: Final = {RAW_DATA: "raw counts", CAMERA_INFO: "constants of the camera"}


def _record(content: bytes, places: dict[int, tuple[int, int]], kind: int) -> Record:
    name = _NAMES[kind]
    if kind not in places:
        raise UnreadableFile(f"not radiometric: its FLIR data has no {name}")
    begin, length = places[kind]
    if length < 2 or begin + length > len(content):
        raise UnreadableFile(
            f"damaged: its {name} should be {length} bytes at byte {begin} of FLIR data, which has {len(content)}"
        )
    body = content[begin : begin + length]
    for order in "<>":
        if struct.unpack_from(f"{order}H", body)[0] == _ORDER_MARK:
            return Record(body, order)
    raise UnreadableFile(f"damaged: its {name} begin with {body[:2].hex(' ')}, which tells no byte order")
