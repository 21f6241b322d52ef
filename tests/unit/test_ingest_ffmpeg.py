"""ffmpeg's words and its pictures, as they come on its pipes."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import ConfigurationError, UnreadableFile
from services.ingest import ffmpeg
from services.ingest.ffmpeg_log import Created, Fault, Shown, read_line
from services.ingest.pam import read_pam

GREY = b"P7\nWIDTH 3\nHEIGHT 2\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n" + bytes(range(6))


def test_a_line_of_showinfo_says_when_and_what() -> None:
    line = (
        "[Parsed_showinfo_2 @ 0x55] [info] n:  17 pts:   5120 pts_time:0.5     pos:     1837 fmt:yuv420p sar:1/1 "
        "s:640x512 i:P iskey:0 type:B "
    )
    assert read_line(line) == Shown(2, 0.5, "yuv420p", 640, 512)
    assert read_line(line.replace("pts_time:0.5", "pts_time:NOPTS")) == Shown(2, None, "yuv420p", 640, 512)


def test_errors_are_told_from_what_is_only_said() -> None:
    assert read_line("[h264 @ 0x55d0] [error] error while decoding MB 3 4") == Fault("error while decoding MB 3 4")
    assert read_line("[fatal] out of memory") == Fault("out of memory")
    assert read_line("[info] Stream mapping:") is None
    assert read_line("[swscaler @ 0x55d0] [warning] deprecated pixel format used") is None


def test_the_time_of_a_container_is_read_and_one_that_is_none_is_not() -> None:
    moment = datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert read_line("[info]     creation_time   : 2025-02-03T04:05:06.000000Z") == Created(moment)
    assert read_line("[info]     creation_time   : 2025-02-03T13:05:06+09:00") == Created(moment)
    assert read_line("[info]     creation_time   : yesterday") is None


def test_pictures_in_a_row_each_of_its_own_size_and_depth() -> None:
    counts = b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 65535\nTUPLTYPE GRAYSCALE\nENDHDR\n\x01\x02\xff\xfe"
    colour = b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n\x01\x02\x03"
    stream = io.BytesIO(GREY + counts + colour)

    grey, sixteen, blue_first, end = (read_pam(stream) for _ in range(4))

    assert grey is not None
    assert grey.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert sixteen is not None
    assert sixteen.dtype == np.uint16
    assert sixteen.tolist() == [[0x0102, 0xFFFE]]
    assert blue_first is not None
    assert blue_first.tolist() == [[[3, 2, 1]]]
    assert end is None


@pytest.mark.parametrize("cut", [1, 10, 40, len(GREY) - 1])
def test_a_picture_that_is_cut_off_is_the_end(cut: int) -> None:
    assert read_pam(io.BytesIO(GREY[:cut])) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"P6\n3 2\n255\n......", "no PAM picture: it begins with b'P6"),
        (GREY.replace(b"WIDTH 3", b"WIDTH 99999"), "99999x2 pixels: sides must be 1 to 4096"),
        (GREY.replace(b"HEIGHT 2", b"HEIGHT 0"), "3x0 pixels"),
        (GREY.replace(b"DEPTH 1", b"DEPTH 4"), "4 channels up to 255: neither grey nor colour"),
        (GREY.replace(b"MAXVAL 255", b"MAXVAL 1"), "1 channels up to 1: neither"),
        (b"P7\n" + b"# talk\n" * 50, "a PAM header of more than 20 lines"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read_pam(io.BytesIO(content))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_picture_the_end_or_refused(content: bytes) -> None:
    for start in (b"", b"P7\n", GREY[:20]):
        try:
            pixels = read_pam(io.BytesIO(start + content))
        except UnreadableFile:
            continue
        assert pixels is None or pixels.size


@given(st.text(max_size=300))
def test_any_line_is_something_or_nothing(line: str) -> None:
    for start in ("", "[error] ", "[info]   creation_time   : ", "[Parsed_showinfo_0 @ 0x5] [info] n: 1 pts: 1 "):
        read_line(start + line)


def test_without_ffmpeg_the_camera_is_named_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "PROGRAM", "ffmpeg-that-is-not-here")

    with pytest.raises(ConfigurationError, match=r"cam-07: ffmpeg-that-is-not-here cannot be run: .* Install it"):
        ffmpeg.Decoder("cam-07", ("-i", "file:x"))
