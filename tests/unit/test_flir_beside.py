"""Visible picture and place of a FLIR file: read right, kept only where the site file says so, and never in the way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from canairy.errors import InvalidMessage, UnreadableFile
from canairy.messages.frame import Frame
from canairy.messages.location import Location
from canairy.thermal.flir_beside import read_place, read_visible
from protos.canairy.v1 import ingest_service_pb2 as pb
from protos.canairy.v1 import thermal_pb2
from services.ingest import feed
from services.ingest.push import pushed_frame
from services.ingest.source import nothing
from tests.helpers.ingest import NOON, after, camera, frames, handler_of, site_of
from tests.helpers.thermal_files import FlirPicture, dated, flir_place, flir_visible, png

# Blue, green, red in three stripes, wide enough for a JPEG to leave them alone.
SEEN = np.zeros((96, 144, 3), np.uint8)
for _at in range(3):
    SEEN[:, 48 * _at : 48 * _at + 48, _at] = 200
JPEG = cv2.imencode(".jpg", SEEN, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
Y_CB_CR = np.asarray(cv2.cvtColor(SEEN, cv2.COLOR_BGR2YCrCb)[..., (0, 2, 1)], np.uint8)
FULL = FlirPicture(place=flir_place(37.5, 127.25), visible=flir_visible(JPEG))


def near(picture: object) -> bool:
    return bool(np.median(np.abs(np.asarray(picture, np.int16) - SEEN)) <= 6)


# --- read -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [JPEG, png(Y_CB_CR[..., ::-1])], ids=["jpeg", "png of Y, Cb, Cr"])
def test_the_visible_picture_has_its_colours(content: bytes) -> None:
    seen = read_visible(FULL.with_(visible=flir_visible(content)).jpeg())

    assert seen is not None
    assert seen.shape == SEEN.shape
    assert near(seen)


@pytest.mark.parametrize(
    ("refs", "expected"),
    [((b"N", b"E"), (37.5, 127.25)), ((b"S", b"E"), (-37.5, 127.25)), ((b"N\0", b"W\0"), (37.5, -127.25))],
)
def test_the_place_is_north_and_east(refs: tuple[bytes, bytes], expected: tuple[float, float]) -> None:
    assert read_place(FULL.with_(place=flir_place(37.5, 127.25, refs)).jpeg()) == Location(*expected)


@pytest.mark.parametrize("place", [flir_place(-1, -1, valid=0), flir_place(37.5, 127.25)[:20], b""])
def test_a_place_that_the_camera_did_not_know_is_none(place: bytes) -> None:
    assert read_place(FULL.with_(place=place).jpeg()) is None


@pytest.mark.parametrize("latitude", [91.0, float("nan"), float("inf")])
def test_a_place_that_is_none_on_earth_is_damage(latitude: float) -> None:
    with pytest.raises(UnreadableFile, match="damaged: its place is"):
        read_place(FULL.with_(place=flir_place(latitude, 0)).jpeg())
    with pytest.raises(InvalidMessage, match="there is no such place"):
        Location.from_wire(thermal_pb2.Location(latitude_deg=latitude))


# --- kept -----------------------------------------------------------------------------------------------------------


def framed(content: bytes, **privacy: bool) -> Frame:
    """The message that is made of a pushed file."""
    site = site_of(camera("cam-01", "push:", privacy=privacy))
    request = pb.SubmitFramesRequest(camera="cam-01", file=content)
    request.captured_at.FromDatetime(NOON)
    (frame,) = frames(handler_of(site).pushed(pushed_frame(request, site, nothing), after(1)))
    return frame


def test_neither_is_in_a_frame_unless_the_site_file_says_so() -> None:
    frame = framed(FULL.jpeg())

    assert (frame.visible, frame.header.location) == (b"", None)


def test_each_is_kept_where_the_site_file_says_so() -> None:
    visible, place = framed(FULL.jpeg(), keep_visible_image=True), framed(FULL.jpeg(), keep_location=True)

    assert near(cv2.imdecode(np.frombuffer(visible.visible, np.uint8), cv2.IMREAD_COLOR))
    assert (visible.header.location, place.visible) == (None, b"")
    assert place.header.location == Location(37.5, 127.25)
    assert visible.image == place.image == framed(FULL.jpeg()).image


def test_what_the_visible_picture_s_own_file_holds_stays_behind_and_a_large_one_is_made_smaller() -> None:
    large = dated(png(np.zeros((1000, 2560), np.uint8)), NOON)
    frame = framed(FULL.with_(visible=flir_visible(large)).jpeg(), keep_visible_image=True)

    kept = cv2.imdecode(np.frombuffer(frame.visible, np.uint8), cv2.IMREAD_UNCHANGED)
    assert kept is not None
    assert kept.shape == (500, 1280)
    assert b"2026" not in frame.visible


@pytest.mark.parametrize("visible", [b"", b"a visible one", flir_visible(JPEG[:900]), flir_visible(b"GIF89a")])
def test_one_that_cannot_be_read_takes_nothing_from_the_temperatures(visible: bytes) -> None:
    frame = framed(
        FULL.with_(visible=visible, place=flir_place(95, 0)).jpeg(), keep_visible_image=True, keep_location=True
    )

    assert (frame.visible, frame.header.location) == (b"", None)
    assert frame.image == framed(FULL.jpeg()).image


def test_other_files_have_none() -> None:
    frame = framed(png(FULL.counts // 2 + 20_000), keep_visible_image=True, keep_location=True)

    assert (frame.visible, frame.header.location) == (b"", None)


def test_where_a_message_has_no_room_the_temperatures_go_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = framed(FULL.jpeg(), keep_visible_image=True)
    packed = len(frame.thermogram.packed)
    monkeypatch.setattr(feed, "_MOST_BYTES", packed + len(frame.visible) - 1)

    assert framed(FULL.jpeg(), keep_visible_image=True).visible == b""
