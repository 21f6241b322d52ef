"""RTSP 1.0 (RFC 2326) as it lies on the wire: messages of text, and between them packets that begin with "$"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Self

from canairy.errors import InvalidMessage

HEAD_BYTES: Final = 16 * 1024
BODY_BYTES: Final = 256 * 1024
_END: Final = b"\r\n\r\n"
_LENGTH_DIGITS: Final = 20
_DOLLAR: Final = 0x24
_PACKET_HEAD: Final = 4


@dataclass(frozen=True, slots=True)
class Packet:
    """An interleaved packet of RTP or RTCP; `raw` with its head of four bytes."""

    channel: int
    raw: bytes

    @property
    def content(self) -> bytes:
        """The RTP or RTCP packet itself."""
        return self.raw[_PACKET_HEAD:]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line, its headers in their order, its body."""

    first: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def words(self) -> list[str]:
        """The three parts of the first line: method, target, version; or version, status, reason."""
        return [*self.first.split(" ", 2), "", "", ""][:3]

    @property
    def status(self) -> int | None:
        """Of an answer; None for a request."""
        version, status, _ = self.words
        return int(status) if version.startswith("RTSP/") and re.fullmatch(r"[1-9]\d\d", status) else None

    def all(self, name: str) -> list[str]:
        """The values of a header, which may stand several times."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def with_header(self, name: str, value: str | None) -> Self:
        """The same with this header once, or without it."""
        kept = tuple(item for item in self.headers if item[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def encode(self) -> bytes:
        """As it goes on the wire, with the length of its body."""
        whole = self.with_header("Content-Length", str(len(self.body)) if self.body else None)
        lines = [whole.first, *(f"{name}: {value}" for name, value in whole.headers)]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + _END + self.body


@dataclass(slots=True)
class Splitter:
    """Cuts what arrives into messages and packets; `feed` what came and take `items`."""

    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[Message | Packet]:
        """What is whole now; raises InvalidMessage for what is neither, or too long to be."""
        self._rest += data
        while (item := self._next()) is not None:
            yield item

    def _next(self) -> Message | Packet | None:
        if not self._rest:
            return None
        if self._rest[0] == _DOLLAR:
            return self._packet()
        return self._message()

    def _packet(self) -> Packet | None:
        if len(self._rest) < _PACKET_HEAD:
            return None
        end = _PACKET_HEAD + int.from_bytes(self._rest[2:4], "big")
        return Packet(self._rest[1], self._take(end)) if len(self._rest) >= end else None

    def _message(self) -> Message | None:
        end = self._rest.find(_END, 0, HEAD_BYTES)
        if end < 0:
            if len(self._rest) >= HEAD_BYTES or not _may_begin(self._rest):
                raise InvalidMessage(f"no RTSP: {bytes(self._rest[:20])!r}")
            return None
        message = _head(bytes(self._rest[:end]))
        length = _length(message)
        if len(self._rest) < end + len(_END) + length:
            return None
        return replace(message, body=self._take(end + len(_END) + length)[end + len(_END) :])

    def _take(self, count: int) -> bytes:
        taken = bytes(self._rest[:count])
        del self._rest[:count]
        return taken


def _may_begin(data: bytearray) -> bool:
    """A first line is of printable characters."""
    return all(0x20 <= byte < 0x7F for byte in data[:8])


def _head(data: bytes) -> Message:
    # A line that begins with a space goes on with the one before.
    text = re.sub(r"\r\n[ \t]+", " ", data.decode("utf-8", "surrogateescape"))
    first, *lines = text.split("\r\n")
    if not re.search(r"RTSP/\d", first):
        raise InvalidMessage(f"no RTSP: {first[:40]!r}")
    pairs = (line.partition(":") for line in lines)
    return Message(first, tuple((name.strip(), value.strip()) for name, _, value in pairs))


def _length(message: Message) -> int:
    told = message.all("Content-Length")
    if not told:
        return 0
    # Counted before it is read: Python makes no number of thousands of digits.
    if not told[-1].isdecimal() or len(told[-1]) > _LENGTH_DIGITS or int(told[-1]) > BODY_BYTES:
        raise InvalidMessage(f"no RTSP: a body of {told[-1][:20]!r} bytes")
    return int(told[-1])
