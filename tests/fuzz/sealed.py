"""Formats with checksums, changed inside and right again outside: else every change ends at the checksum."""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Final

import cv2
import numpy as np

from canairy import codec
from canairy.picture_codec import pack_picture
from tests.fuzz.mutation import LONGEST, bytes_mutated

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def counts() -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """24x32 pixels at about 20 degrees Celsius, with a hot spot of 90."""
    noise = np.random.default_rng(3).normal(29_315, 5, (24, 32))
    noise[10:14, 22:26] = 36_315
    return np.round(noise).astype(np.uint16)


def packed_frames() -> Sequence[bytes]:
    return [codec.pack(counts()), codec.pack(counts()[:1, :1]), codec.pack(np.zeros((4, 4096), np.uint16))]


def grey() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The same in 8 bits."""
    return (counts() // 150).astype(np.uint8)


def packed_pictures() -> Sequence[bytes]:
    colour = np.stack([grey(), grey() // 2, 255 - grey()], axis=2)
    return [pack_picture(grey()), pack_picture(colour), pack_picture(np.zeros((4, 4096), np.uint8))]


def packed_mutated(content: bytes, random: Random) -> bytes:
    """A packed frame (canairy.codec) with another size or body, its checksum right."""
    shape, body = bytearray(content[:9].ljust(9, b"\0")), content[13:]
    if random.random() < 0.5:
        side = random.choice((0, 1, 24, 32, 4096, 65_535, 2**31, 2**32 - 1))
        struct.pack_into("<I", shape, random.choice((1, 5)), side)
    body = random.choice((body, bytes_mutated(body, random), _bomb(random)))
    return bytes(shape) + struct.pack("<I", zlib.crc32(body, zlib.crc32(bytes(shape)))) + body


def blob(random: Random) -> bytes:
    """For fields of bytes: a packed frame, whole or not."""
    whole = random.choice(packed_frames())
    return random.choice((b"", whole, packed_mutated(whole, random), bytes_mutated(whole, random)))[:LONGEST]


@cache
def _bombs() -> Sequence[bytes]:
    return [zstd.compress(bytes(size), 1) for size in (0, 1536, 1537, 1 << 20, 1 << 26)]


def _bomb(random: Random) -> bytes:
    return random.choice(_bombs())


def png_mutated(content: bytes, random: Random) -> bytes:
    """A PNG with a chunk that is gone, twice, elsewhere or of other content, the checksums right."""
    chunks = list(_chunks(content))
    at = random.randrange(len(chunks)) if chunks else 0
    if not chunks:
        return bytes_mutated(content, random)
    kind, body = chunks[at]
    match random.randrange(6):
        case 0:
            del chunks[at]
        case 1:
            chunks.insert(random.randint(0, len(chunks)), chunks[at])
        case 2:
            chunks.insert(1, (b"tEXt", b"Creation Time\x00" + random.choice(PNG_TEXTS)))
        case 3 if kind == b"IDAT":
            chunks[at] = kind, random.choice(_deflated())
        case 4:
            chunks.insert(random.randint(0, len(chunks)), (random.choice(PNG_KINDS), random.randbytes(16)))
        case _:
            chunks[at] = kind, bytes_mutated(bytes(body), random)
    return content[:8] + b"".join(_chunk(kind, body) for kind, body in chunks)


@cache
def _deflated() -> Sequence[bytes]:
    return [zlib.compress(bytes(size)) for size in (0, 24 * 65, 1 << 20, 1 << 26)]


PNG_TEXTS: Final = (
    b"2026-03-01T03:00:00Z", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59", b"\xff" * 5000,
    b"Sun, 01 Mar 2026 03:00:00 +9999", b"Fri, 31 Dec 9999 23:59:59 -2359", b"1 Jan 1 1:1:1:1 -0000", b",", b"0 0 0 0",
    b"Mon, 32 Foo 2026 99:99:99 +0000", b"1 Jan 99999999999999999999 00:00:00 +0000",
)  # fmt: skip
PNG_KINDS: Final = (
    b"tRNS",
    b"PLTE",
    b"gAMA",
    b"iCCP",
    b"eXIf",
    b"acTL",
    b"IDAT",
    b"IHDR",
    b"sBIT",
    b"zTXt",
    b"\0\0\0\0",
)


def pngs() -> Sequence[bytes]:
    plain = cv2.imencode(".png", counts())[1].tobytes()
    dated = png_mutated_with(plain, b"Creation Time\x00Sun, 01 Mar 2026 03:00:00 +0900")
    return [plain, dated]


def png_mutated_with(content: bytes, text: bytes) -> bytes:
    """The PNG with a text chunk after its header."""
    first, *rest = _chunks(content)
    return content[:8] + b"".join(_chunk(kind, body) for kind, body in (first, (b"tEXt", text), *rest))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    at = 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return found
