"""What ingest writes for pictures without temperatures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from canairy.errors import InvalidMessage
from canairy.messages.camera import CameraState
from canairy.messages.header import NO_TEMPERATURES
from services.ingest.grey import examine_grey
from services.ingest.source import RawPicture
from tests.helpers.ingest import NOON, after, camera, dead_letters, frames, handler_of, site_of, statuses

Pixels = npt.NDArray[np.uint8]
SITE = site_of(
    camera("cam-01"),
    camera("folder-1", "folder:/recordings", views=[{"id": "*"}], temperatures="none"),
    camera("push-1", "push:"),
)


def picture(seed: int = 0, shape: tuple[int, ...] = (48, 64), level: float = 90.0, slope: float = 60.0) -> Pixels:
    """A slope with noise of one grey level, or of as much in each colour."""
    across = np.linspace(0, slope, shape[1]).reshape((1, -1) + (1,) * (len(shape) - 2))
    noise = np.random.default_rng(seed).normal(0, 1.0, shape)
    return np.clip(level + across + noise, 0, 255).astype(np.uint8)


def raw(pixels: Pixels | None = None, name: str = "cam-01", **more: Any) -> RawPicture:  # noqa: ANN401 - passed on
    known: dict[str, Any] = {"view": "bay-1"} | more
    return RawPicture(camera=name, pixels=picture() if pixels is None else pixels, **known)


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3)])
def test_a_picture_becomes_a_frame_that_says_that_it_has_no_temperatures(shape: tuple[int, ...]) -> None:
    pixels = picture(shape=shape)

    (frame,) = frames(handler_of(SITE).handle(raw(pixels, taken_at=after(0.2)), after(0.5)))

    header = frame.header
    assert (header.camera, header.view, header.live) == ("cam-01", "bay-1", True)
    assert (header.captured_at, header.received_at, header.flags) == (after(0.2), after(0.5), (NO_TEMPERATURES,))
    assert frame.picture is not None
    assert np.array_equal(frame.picture.pixels(), pixels)


def test_its_name_follows_from_camera_time_and_pixels_alone() -> None:
    first, again = (
        frames(handler_of(SITE).handle(raw(taken_at=after(0.2)), after(arrived)))[0] for arrived in (0.3, 0.9)
    )
    other = frames(handler_of(SITE).handle(raw(picture(1), taken_at=after(0.2)), after(0.3)))[0]

    assert first.header.frame == again.header.frame
    assert first.header.frame.startswith("cam-01:1772712000200000:")
    assert other.header.frame != first.header.frame


def test_times_follow_the_same_rules_as_those_of_temperatures() -> None:
    handler = handler_of(SITE)

    (wrong,) = frames(handler.handle(raw(taken_at=after(-60)), NOON))
    (untold,) = frames(handler.handle(raw(), after(1)))

    assert (wrong.header.captured_at, wrong.header.flags) == (NOON, ("clock_corrected", NO_TEMPERATURES))
    assert (untold.header.captured_at, untold.header.flags) == (after(1), ("time_assigned", NO_TEMPERATURES))


def test_a_frozen_camera_is_known_by_pictures_that_are_the_same_to_the_bit() -> None:
    handler = handler_of(SITE)
    flags = [frames(handler.handle(raw(taken_at=after(s)), after(s)))[0].header.flags for s in range(6)]

    assert flags == [(NO_TEMPERATURES,)] * 4 + [(NO_TEMPERATURES, "camera_frozen")] * 2


def black(seed: int) -> Pixels:
    """A closed lens: noise of one grey level, and the clock and the colour bar that the camera prints over it."""
    pixels = picture(seed, (480, 640), 16.0, slope=0.0)
    pixels[10:20, 10:120] = 255
    pixels[100:380, 615:630] = np.arange(280)[:, None] % 256
    return pixels


def test_a_black_camera_is_known_by_pictures_that_show_less_than_noise() -> None:
    handler = handler_of(SITE)
    for second in range(3):
        parcels = handler.handle(raw(black(second), taken_at=after(second)), after(second))

    (status,) = statuses(parcels)
    assert status.state is CameraState.BLACK
    assert "pixels within 3 grey levels in 3 frames. Is its lens covered" in status.reason


def test_a_dark_scene_is_not_black() -> None:
    assert not examine_grey(picture(level=4.0, slope=12.0)).blank
    assert examine_grey(picture(level=4.0, slope=0.0)).blank


def test_real_pictures_are_not_black(test_data: Any) -> None:  # noqa: ANN401 - a folder
    paths = sorted((test_data / "substation-radiometric/pseudocolor").glob("*.jpg"))[::8]
    looked = [examine_grey(np.asarray(cv2.imread(str(path)), np.uint8)) for path in paths]

    assert len(looked) >= 40
    assert not any(it.blank for it in looked)


def test_a_picture_that_cannot_be_used_is_a_dead_letter_by_name_and_its_neighbour_is_unharmed() -> None:
    handler = handler_of(SITE)

    (letter,) = dead_letters(handler.handle(raw(name="cam-01", view="no-view", taken_at=NOON), NOON))
    after_it = frames(handler.handle(raw(taken_at=after(1)), after(1)))

    assert b"cam-01 has no view 'no-view'" in letter.headers["dlq-reason"]
    assert len(after_it) == 1


def test_a_picture_of_a_file_is_a_dead_letter_with_the_file_s_name() -> None:
    event = raw(name="folder-1", view="a", file="a.jpg", taken_at=after(9e6))

    (letter,) = dead_letters(handler_of(SITE).handle(event, NOON))

    assert letter.headers["dlq-file"] == b"a.jpg"
    assert b"in the future" in letter.headers["dlq-reason"]


def test_one_with_a_side_that_is_too_long_is_refused_with_its_size() -> None:
    (letter,) = dead_letters(handler_of(SITE).handle(raw(np.zeros((2, 5000), np.uint8), taken_at=NOON), NOON))

    assert letter.headers["dlq-reason"] == b"5000x2 pixels: sides must be 1 to 4096"


def test_pictures_that_are_pushed_come_in_order_of_their_own_times() -> None:
    handler = handler_of(SITE)
    handler.pushed(raw(name="push-1", taken_at=after(-5)), NOON)

    with pytest.raises(InvalidMessage, match="older than the newest frame"):
        handler.pushed(raw(name="push-1", taken_at=after(-6)), NOON)
    with pytest.raises(InvalidMessage, match="one picture has one time"):
        handler.pushed(raw(picture(1), name="push-1", taken_at=after(-5)), NOON)
