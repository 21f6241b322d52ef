"""What fuzzing found, each by hand: a message that broke its reader is refused now (see `tests/fuzz`)."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from canairy.alerts import Alert
from canairy.errors import InvalidMessage
from canairy.messages.alarm import Alarm
from canairy.messages.detections import Detections
from canairy.messages.radiometry import NO_WINDOW_C, Radiometry
from canairy.site.load import check_site
from canairy.stream import schema
from canairy.stream.broker import Received
from canairy.thermal.capture_time import capture_time
from canairy.thermal.linear_png import read_linear_png
from canairy.topics import ALERTS, AUDIT, FRAMES
from cli.connection import UTC_ZONE
from cli.tail import JsonLines
from cli.tail_line import render
from protos.canairy.v1 import thermal_pb2
from services.alerting.outcomes import Outcomes
from services.detection.finds_state import Remembered
from services.ingest.digest import challenge_of
from services.ingest.ffmpeg_log import Shown, read_line
from services.ingest.folder_time import time_in_name
from services.ingest.rtsp_message import Splitter
from tests.fuzz import corpus, sealed

DEEP = b'{"data": ' + b"[" * 200_000


def record(topic: str, value: bytes, headers: Mapping[str, bytes] | None = None) -> Received:
    return Received(topic, 0, 7, "key", value, headers or {}, corpus.NOON)


def alert(old: str, new: str) -> bytes:
    text = corpus.alerts()[0].decode()
    assert old in text
    return text.replace(old, new).encode()


def test_a_major_version_of_5000_digits_is_no_version() -> None:
    with pytest.raises(InvalidMessage, match="belongs"):
        schema.payload(record(FRAMES, b"", {"schema": b"canairy.v" + b"9" * 5000 + b".Frame"}), "Frame")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_an_alert_at_a_time_that_has_no_place_in_utc(moment: str) -> None:
    with pytest.raises(InvalidMessage, match=r"data\.captured_at"):
        Alert.parse(alert('"captured_at":"2026-03-01T12:00:00.000000Z"', f'"captured_at":"{moment}"'))


def test_an_alert_with_a_number_beyond_all_floats() -> None:
    with pytest.raises(InvalidMessage, match=r"data\.limit"):
        Alert.parse(alert('"limit":80.0', '"limit":' + "9" * 400))


def test_an_alert_that_nests_without_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidMessage, match="not JSON"):
        Alert.parse(DEEP)
    JsonLines().show(record(ALERTS, DEEP))

    assert "is not JSON" in capsys.readouterr().err


def test_an_alert_whose_priority_moves_the_cursor_or_is_half_a_character() -> None:
    told = Alert.parse(alert('"priority":"high"', r'"priority":"\u001b[2J\ud800"'))

    line = render(told, UTC_ZONE, corpus.NOON, colour=True)

    assert "\x1b" not in line
    assert line.encode()


@pytest.mark.parametrize("value", [DEEP, b'{"outcome": [], "command": "k"}', b'{"outcome": {"a": 1}, "command": "k"}'])
def test_an_audit_entry_that_is_none(value: bytes) -> None:
    outcomes = Outcomes()

    outcomes.take([record(AUDIT, value)])

    assert outcomes.wait_for("k", 0) is None


@pytest.mark.parametrize(("x", "y"), [(2**31 - 1, 0), (-1, 0), (0, 4096)])
def test_a_region_whose_corner_lies_in_no_frame(x: int, y: int) -> None:
    message = thermal_pb2.Detections.FromString(corpus.detections()[0])
    message.regions[0].corner.x, message.regions[0].corner.y = x, y

    with pytest.raises(InvalidMessage, match=r"region\.corner"):
        Detections.decode(message.SerializeToString())


def test_a_region_whose_outline_lies_in_no_frame() -> None:
    message = thermal_pb2.Detections.FromString(corpus.detections()[0])
    message.regions[0].outline[1].y = -(2**31)

    with pytest.raises(InvalidMessage, match="outline"):
        Detections.decode(message.SerializeToString())


@pytest.mark.parametrize("seconds", [1e19, -1.0, float("nan"), float("inf")])
def test_a_find_that_was_absent_for_longer_than_time_lasts(seconds: float) -> None:
    message = thermal_pb2.ViewFinds.FromString(corpus.finds()[0])
    message.finds[0].absent_s = seconds

    with pytest.raises(InvalidMessage, match="absent_s"):
        Remembered.decode(message.SerializeToString())


def test_a_find_that_lies_in_no_frame() -> None:
    message = thermal_pb2.ViewFinds.FromString(corpus.finds()[0])
    message.finds[0].corner.x = -(2**31)

    with pytest.raises(InvalidMessage, match=r"find\.corner"):
        Remembered.decode(message.SerializeToString())


def test_an_alarm_whose_version_cannot_grow_any_more() -> None:
    message = corpus.ALARM.to_wire()
    message.version = 2**64 - 1

    with pytest.raises(InvalidMessage, match="version"):
        Alarm.from_wire(message)


@pytest.mark.parametrize("tag", ["int", "float", "bool"])
def test_a_site_file_with_a_tagged_number_that_is_empty(tmp_path: Path, tag: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(f'site: {{id: !!{tag} ""}}\n', encoding="utf-8")

    mistakes = check_site(path)

    assert (1, "site.id", f"'' is not a {tag}") in {(it.line, it.path, it.message) for it in mistakes}


# --- pictures ---------------------------------------------------------------------------------------------------------


def dated(folder: Path, *texts: bytes, after_the_end: bytes = b"") -> Path:
    """A PNG with text chunks "Creation Time" after its header."""
    content = sealed.pngs()[0]
    for text in reversed(texts):
        content = sealed.png_mutated_with(content, b"Creation Time\x00" + text)
    if after_the_end:
        body = b"tEXtCreation Time\x00" + after_the_end
        content += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path = folder / "picture.png"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "text",
    [
        b"0001-01-01T00:00:00+23:59",
        b"9999-12-31T23:59:59-23:59",
        b"Fri, 31 Dec 9999 23:59:59 -2359",
        b"1 Jan 99999999999999999999 00:00:00 +0000",
    ],
)
def test_a_picture_of_a_time_that_no_calendar_has_is_a_picture_without_a_time(tmp_path: Path, text: bytes) -> None:
    path = dated(tmp_path, text)

    assert capture_time(path) is None
    assert read_linear_png(path, 0.01, -273.15).created_at is None


def test_the_order_of_files_and_the_times_of_frames_follow_from_the_same_text(tmp_path: Path) -> None:
    """The first one, and none behind the end of the picture."""
    first = datetime(2026, 3, 1, 3, tzinfo=UTC)
    twice = dated(tmp_path, b"2026-03-01T03:00:00Z", b"2026-03-02T03:00:00Z")
    assert capture_time(twice) == read_linear_png(twice, 0.01, -273.15).created_at == first

    behind = dated(tmp_path, after_the_end=b"2026-03-01T03:00:00Z")
    assert capture_time(behind) is read_linear_png(behind, 0.01, -273.15).created_at is None


def test_a_file_named_after_the_first_hour_of_the_calendar_has_no_time_in_its_name() -> None:
    """One such name kept a whole folder from being read."""
    pattern = "%Y-%m-%dT%H%M%S%z"

    assert time_in_name("0001-01-01T000000+2300.png", pattern) is None
    known = time_in_name("2026-03-01T120000+0900.png", pattern)
    assert known == datetime(2026, 3, 1, 12, tzinfo=UTC) - timedelta(hours=9)


def test_a_window_that_lets_everything_through_is_none_whatever_its_temperature() -> None:
    told = Radiometry.from_wire(thermal_pb2.Radiometry(emissivity=0.9, window_transmission=1.0, window_c=3.0))

    assert told.window_c == NO_WINDOW_C
    assert Radiometry.from_wire(told.to_wire()) == told


@pytest.mark.parametrize("share", [-0.1, 1.5, 1e300])
def test_a_window_that_no_housing_has_is_refused(share: float) -> None:
    with pytest.raises(InvalidMessage, match="window_transmission is"):
        Radiometry.from_wire(thermal_pb2.Radiometry(window_transmission=share))


# --- cameras and recordings -------------------------------------------------------------------------------------------

SHOWN = (
    "[Parsed_showinfo_0 @ 0x55d] [info] n:   3 pts: 270000 pts_time:{} duration: 90000 fmt:gray16le cl:left "
    "sar:0/1 s:{} i:P iskey:1 type:I"
)


def test_a_message_of_rtsp_whose_length_has_5000_digits_is_no_rtsp() -> None:
    with pytest.raises(InvalidMessage, match="no RTSP: a body of"):
        list(Splitter().feed(b"RTSP/1.0 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_recording_that_was_made_outside_of_the_calendar_has_no_time(moment: str) -> None:
    assert read_line(f"[info]     creation_time   : {moment}") is None


def test_a_frame_with_a_side_of_5000_digits_is_none() -> None:
    assert isinstance(read_line(SHOWN.format("3", "640x512")), Shown)
    assert read_line(SHOWN.format("3", "9" * 5000 + "x512")) is None


def test_a_frame_at_an_infinite_time_has_no_time() -> None:
    shown = read_line(SHOWN.format("1e400", "640x512"))

    assert isinstance(shown, Shown)
    assert shown.pts_s is None


def test_a_challenge_of_64_kilobytes_of_letters_is_answered_at_once() -> None:
    began = time.process_time()

    challenge_of(["Digest " + "a" * 65_000])

    assert time.process_time() - began < 0.5
