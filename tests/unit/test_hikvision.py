"""The answer of Hikvision's thermal cameras: its parts, its temperatures, and what is wrong with one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import UnreadableFile
from canairy.thermal.hikvision import read_hikvision, read_saved_hikvision
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.multipart import Part, read_parts
from tests.helpers.http_camera import hikvision

CELSIUS = (np.arange(48 * 64, dtype=np.float32).reshape(48, 64) / 10 - 40).astype(np.float32)
BODY, TYPE = hikvision(CELSIUS)


@pytest.mark.parametrize("lengths", [True, False])
def test_the_temperatures_are_those_of_the_camera_to_the_bit(lengths: bool) -> None:
    frame = read_hikvision(*hikvision(CELSIUS, lengths))

    assert frame.kind == "hikvision"
    assert np.array_equal(frame.celsius, CELSIUS)
    assert frame.celsius.dtype == np.float32
    assert frame.parameters is None


def test_a_part_that_tells_its_length_may_hold_the_boundary() -> None:
    content = b"--b\r\nContent-Length: 12\r\n\r\n\r\n--b\r\n\r\n--b\r\n--b\r\nContent-Type: X/Y;z=1\r\n\r\nz\r\n--b--"

    assert read_parts(content, 'multipart/mixed; boundary="b"') == [Part("", b"\r\n--b\r\n\r\n--b"), Part("x/y", b"z")]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"isFreezedata": True}, "frozen: these temperatures are not of now"),
        ({"temperatureDataLength": 2}, "temperatures of 2 bytes each: set temperatureDataLength to 4"),
        ({"jpegPicWidth": 63}, "12288 bytes of temperatures, 63x48 pixels need 12096"),
        ({"jpegPicWidth": 65}, "truncated: 12288 bytes of temperatures, 65x48 pixels need 12480"),
        ({"jpegPicWidth": 0}, "jpegPicWidth is 0: sides must be 1 to 4096"),
        ({"jpegPicHeight": 10**9}, "jpegPicHeight is 1000000000"),
        ({"jpegPicHeight": "48"}, "jpegPicHeight is '48'"),
        ({"jpegPicHeight": True}, "jpegPicHeight is True"),
    ],
)
def test_what_its_description_says_is_checked(told: dict[str, Any], why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read_hikvision(*hikvision(CELSIUS, **told))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2001, -101, 1e30])
def test_temperatures_that_cannot_be_are_refused_with_their_place(value: float) -> None:
    wrong = CELSIUS.copy()
    wrong[3, 5] = value

    with pytest.raises(UnreadableFile, match=r"1 of 3072 pixels .* in row 3, column 5"):
        read_hikvision(*hikvision(wrong))


@pytest.mark.parametrize(
    ("content", "content_type", "why"),
    [
        (BODY, "multipart/form-data", "no boundary between its parts is told"),
        (BODY, "multipart/form-data; boundary=other", "should begin with 'other', and none does"),
        (
            BODY.replace(b"JpegPictureWithAppendData", b"ResponseStatus".ljust(25, b"_")),
            TYPE,
            "has no JpegPictureWithAppendData",
        ),
        (BODY.replace(b'{"Jpeg', b'["Jpeg'), TYPE, "its JSON cannot be read"),
        (BODY.replace(b"application/json", b"text/plain"), TYPE, "4 parts, and none of them is the JSON"),
        (BODY.replace(b"application/octet-stream", b"image/x-other"), TYPE, "it has no temperatures: switch them on"),
        (b"--b\r\n\r\n\r\n" * 30 + b"--b--", "multipart/mixed; boundary=b", "more than 20 parts"),
    ],
)
def test_other_answers_are_refused_with_what_they_lack(content: bytes, content_type: str, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read_hikvision(content, content_type)


@pytest.mark.parametrize("cut", [30, 400, 2000, len(BODY) - 200])
def test_an_answer_that_broke_off_is_incomplete(cut: int) -> None:
    with pytest.raises(IncompleteFile, match="truncated"):
        read_hikvision(BODY[:cut], TYPE)


@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_an_answer_saved_without_its_header_is_read_by_its_first_line(before: bytes) -> None:
    frame = read_saved_hikvision(before + BODY.replace(b"--boundary", b"--a (b) c"))

    assert np.array_equal(frame.celsius, CELSIUS)


@pytest.mark.parametrize(
    ("content", "kind", "why"),
    [
        (b"--", IncompleteFile, "its first line tells no boundary"),
        (b"--bound", IncompleteFile, "its first line tells no boundary"),
        (b"--\r\n", UnreadableFile, "its first line tells no boundary"),
        (b"--" + b"b" * 71 + b"\r\n", UnreadableFile, "its first line tells no boundary"),
        (BODY[:2000], IncompleteFile, "truncated"),
        (b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n", UnreadableFile, "1 parts, and none of them"),
    ],
)
def test_what_is_no_saved_answer_is_refused(content: bytes, kind: type[UnreadableFile], why: str) -> None:
    with pytest.raises(UnreadableFile, match=why) as refused:
        read_saved_hikvision(content)
    assert refused.type is kind


@given(st.integers(0, len(BODY)), st.binary(max_size=60))
def test_any_damage_is_temperatures_or_a_reason(at: int, damage: bytes) -> None:
    try:
        frame = read_hikvision(BODY[:at] + damage + BODY[at + len(damage) :], TYPE)
    except UnreadableFile:
        return
    assert frame.celsius.shape == (48, 64) or frame.celsius.size <= CELSIUS.size
