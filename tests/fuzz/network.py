"""Fuzz targets of what cameras and ffmpeg answer: HTTP with parts, RTSP, who one is, times, lines and raw pictures."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from datetime import UTC
from random import Random
from typing import Final

import numpy as np

from canairy.errors import InvalidMessage, UnreadableFile
from canairy.secrets import Credentials
from canairy.thermal.hikvision import read_hikvision
from services.ingest.digest import challenge_of
from services.ingest.ffmpeg_log import Created, Shown, read_line
from services.ingest.pam import read_pam
from services.ingest.rtp_clock import RtpClock
from services.ingest.rtsp_message import BODY_BYTES, HEAD_BYTES, Message, Splitter
from tests.fuzz.mutation import DATES, bytes_mutated, lines_mutated, some
from tests.fuzz.sealed import counts
from tests.fuzz.targets import Check, Target
from tests.helpers.http_camera import hikvision

HEADERS: Final = (
    "Content-Length: 0", "Content-Length: -1", "Content-Length: 12", "Content-Length: " + "9" * 4200,
    "Content-Length: " + "9" * 5000, "Content-Length: \u0663", "Content-Type: application/json",
    "Content-Type: application/octet-stream", "--boundary", "--boundary--", "\r", "", "RTSP/1.0 200 OK",
    '{"JpegPictureWithAppendData": []}', "RTSP/1.0 99999 x", "CSeq: 1", " folded", "\t", ": no name",
)  # fmt: skip
CHALLENGES: Final = (
    'Digest realm="r", nonce="n", qop="auth"', "Basic", "Digest", 'Digest algorithm=SHA-512-256, nonce="x"',
    'Digest algorithm=md5-sess, nonce="\\"", opaque="\\\\"', "Digest ,,,=,", "Basic Digest Basic",
    'nonce="' + "a" * 9999,
)  # fmt: skip
# A header that http.client takes is no longer.
HEADER_BYTES: Final = 65_536
LOG_LINE: Final = (
    "[Parsed_showinfo_0 @ 0x55d] [info] n:   3 pts: 270000 pts_time:3       duration: 90000 fmt:gray16le cl:left "
    "sar:0/1 s:640x512 i:P iskey:1 type:I"
)
LOG_TOKENS: Final = (
    *(f"[info]     creation_time   : {date}" for date in DATES), LOG_LINE.replace("pts_time:3 ", "pts_time:1e400 "),
    LOG_LINE.replace("640x512", "9" * 5000 + "x1"), "[error] x", "[h264 @ 0x1f] [fatal] y", "pts_time:nan",
)  # fmt: skip


def answers() -> Sequence[bytes]:
    celsius = (counts() / 100 - 273.15).astype(np.float32)
    told = [hikvision(celsius)[0], hikvision(celsius, lengths=False)[0], hikvision(celsius, isFreezedata=True)[0]]
    return [*told, hikvision(celsius, jpegPicWidth=4096, jpegPicHeight=4096)[0]]


def answered() -> Check:
    def check(content: bytes) -> None:
        celsius = read_hikvision(content, "multipart/form-data; boundary=boundary").celsius
        assert celsius.dtype == np.float32
        assert -100 <= celsius.min() <= celsius.max() <= 2000

    return check


def conversations() -> Sequence[bytes]:
    body = b"v=0\r\nm=video 0 x\r\n"
    described = Message("RTSP/1.0 200 OK", (("CSeq", "2"), ("Content-Type", "application/sdp")), body).encode()
    packet = b"$\0" + struct.pack(">H", 16) + bytes(16)
    return [described, packet + described + packet, Message("OPTIONS * RTSP/1.0").encode()]


def split() -> Check:
    """What is not refused in one piece is the same a few bytes at a time, and no longer than a message may be."""

    def check(content: bytes) -> None:
        content = content[: 2 * HEAD_BYTES]
        whole = list(Splitter().feed(content))
        slow, found = Splitter(), list[object]()
        for at in range(0, len(content), 7):
            found += slow.feed(content[at : at + 7])
        assert found == whole
        for item in whole:
            if isinstance(item, Message):
                assert len(item.body) <= BODY_BYTES
                assert item.status is None or 100 <= item.status <= 999
                item.encode()

    return check


def challenges() -> Sequence[bytes]:
    return [b'Digest realm="cam", nonce="abc", qop="auth,auth-int", algorithm=SHA-256, Basic realm="cam"']


def challenged() -> Check:
    who = Credentials("user", "a password of ours")

    def check(content: bytes) -> None:
        asked = challenge_of(content[:HEADER_BYTES].decode("latin-1").split("\n"))
        if asked is None:
            raise InvalidMessage("asks for nothing that is known")
        said = asked.answer(who, "DESCRIBE", "rtsp://cam/1")
        assert who.password not in said
        assert said.startswith(("Basic ", "Digest "))

    return check


def lines() -> Sequence[bytes]:
    return [LOG_LINE.encode(), b"[info]     creation_time   : 2026-03-01T03:00:00.000000Z\n[error] no frame\n"]


def said() -> Check:
    """Every line by itself, and a frame's time by a clock that was told anything."""

    def check(content: bytes) -> None:
        clock = RtpClock()
        clock.rtp(content[:40])
        clock.rtcp(content[-40:])
        clock.rtcp(b"\x80\xc8\0\6" + content[:24].ljust(24, b"\xe0"))
        found = [read_line(line) for line in content.decode("utf-8", "replace").splitlines()]
        for item in found:
            if isinstance(item, Shown):
                clock.time_of(item.pts_s)
            if isinstance(item, Created):
                assert item.at.tzinfo is UTC
        if not any(found):
            raise InvalidMessage("says nothing")

    return check


def pams() -> Sequence[bytes]:
    head = "P7\nWIDTH 32\nHEIGHT 24\nDEPTH {}\nMAXVAL {}\nTUPLTYPE X\nENDHDR\n"
    kinds = ((1, 255, 1), (1, 65535, 2), (3, 255, 3), (3, 65535, 6))
    return [head.format(depth, most).encode() + bytes(24 * 32 * size) for depth, most, size in kinds]


def header_changed(content: bytes, random: Random) -> bytes:
    """Another number in the header of a raw picture."""
    parts = content.split(b"\n", 7)
    at = random.randrange(len(parts))
    key = parts[at].partition(b" ")[0]
    value = random.choice((b"0", b"1", b"3", b"255", b"4096", b"4097", b"65535", b"9" * 150, b"-1"))
    parts[at] = key + b" " + value
    return b"\n".join(parts)


def pictured() -> Check:
    def check(content: bytes) -> None:
        stream = io.BytesIO(content)
        found = 0
        while (pixels := read_pam(stream)) is not None:
            found += 1
            assert pixels.dtype in {np.dtype(np.uint8), np.dtype(np.uint16)}
        if not found:
            raise UnreadableFile("ends before its picture does")

    return check


NETWORK_TARGETS: Final = (
    Target("hikvision", answers, some(bytes_mutated, lines_mutated(HEADERS)), answered, (UnreadableFile,)),
    Target("rtsp", conversations, some(bytes_mutated, lines_mutated(HEADERS)), split),
    Target("challenge", challenges, some(bytes_mutated, lines_mutated(CHALLENGES)), challenged),
    Target("ffmpeg-log", lines, some(bytes_mutated, lines_mutated(LOG_TOKENS)), said),
    Target("pam", pams, some(bytes_mutated, header_changed), pictured, (UnreadableFile,)),
)
