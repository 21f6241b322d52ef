"""Several things in one answer, as HTTP carries them (multipart, RFC 2046 5.1): each with its own headers and bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from canairy.errors import UnreadableFile
from canairy.thermal.linear_png import IncompleteFile

MAX_PARTS: Final = 20
_HEAD_END: Final = b"\r\n\r\n"
_HEAD_BYTES: Final = 4096
_FIRST_LINE: Final = re.compile(rb"(?:\r\n)?--([^\r\n]{1,70})\r\n")
# Line end, dashes, boundary, line end.
_LONGEST_LINE: Final = 2 + 2 + 70 + 2
_BOUNDARY: Final = re.compile(r'boundary="?([^";\s]{1,70})"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One of them: `kind` is its Content-Type in small letters, without parameters."""

    kind: str
    content: bytes


def read_parts(content: bytes, content_type: str) -> list[Part]:
    """The parts in their order. A part that tells its length may hold anything, the boundary too.

    Raises:
        IncompleteFile: it ends within a part.
        UnreadableFile: no boundary is told, or the parts are not as they should be.
    """
    told = _BOUNDARY.search(content_type)
    if told is None:
        raise UnreadableFile(f"no boundary between its parts is told: {content_type[:60]!r}")
    return _between(content, told[1].encode())


def read_saved_parts(content: bytes) -> list[Part]:
    """The same of an answer that was saved without its header: its first line tells the boundary."""
    told = _FIRST_LINE.match(content)
    if told is None:
        kind = IncompleteFile if len(content) < _LONGEST_LINE and b"\n" not in content[2:] else UnreadableFile
        raise kind("its first line tells no boundary between parts")
    return _between(content, told[1])


def _between(content: bytes, boundary: bytes) -> list[Part]:
    mark = b"--" + boundary
    parts: list[Part] = []
    at = content.find(mark)
    if at < 0:
        raise UnreadableFile(f"its parts should begin with {boundary.decode('latin-1')!r}, and none does")
    while not content.startswith(b"--", at + len(mark)):
        if len(parts) == MAX_PARTS:
            raise UnreadableFile(f"more than {MAX_PARTS} parts")
        part, end = _part(content, at + len(mark), mark)
        parts.append(part)
        at = content.find(mark, end, end + len(mark) + 4)
        if at < 0:
            raise IncompleteFile(f"truncated: nothing follows part {len(parts)}")
    return parts


def _part(content: bytes, begin: int, mark: bytes) -> tuple[Part, int]:
    head_end = content.find(_HEAD_END, begin, begin + _HEAD_BYTES)
    if head_end < 0:
        raise IncompleteFile("truncated: it ends within the headers of a part")
    lines = content[begin:head_end].decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    start = head_end + len(_HEAD_END)
    end = _end(content, start, headers.get("content-length"), mark)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Part(kind, content[start:end]), end


def _end(content: bytes, start: int, length: str | None, mark: bytes) -> int:
    if length is not None and length.isdecimal():
        end = start + int(length)
        if end > len(content):
            raise IncompleteFile(f"truncated: a part has {len(content) - start} of {length} bytes")
        return end
    end = content.find(b"\r\n" + mark, start)
    if end < 0:
        raise IncompleteFile("truncated: it ends within a part")
    return end
