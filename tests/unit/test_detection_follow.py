"""Regions follow a view that shifts; what hides them, and frames without temperatures of the view, leave them out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.box import Box
from canairy.messages.detections import Detections
from canairy.messages.frame import Frame
from canairy.messages.header import NO_TEMPERATURES, UNFIT
from canairy.messages.picture import Picture
from canairy.messages.reading import Reading
from canairy.messages.shift import Shift
from canairy.stream.broker import Outgoing
from canairy.stream.step import Decoded
from canairy.topics import DETECTIONS
from services.anomaly.crops import Crops
from services.anomaly.handler import Anomaly
from services.detection.follow import followed
from services.detection.handler import Detection
from tests.helpers.frames import asset, camera, frame, heated, pictured, record, scene, site

WIDTH, HEIGHT = 160, 128


def found_in(*frames: Frame, step: Detection | None = None) -> list[Detections]:
    detection = step or Detection(site(camera()))
    written: list[Outgoing] = []
    for number, one in enumerate(frames):
        received, now = record(one.encode(), "Frame", offset=number), one.header.received_at
        written += detection.handle([Decoded(received, detection.decode(received, now))], now)
    return [Detections.decode(out.value or b"") for out in written if out.topic == DETECTIONS]


def hottest_c(found: Detections) -> float | None:
    """What anomaly measures in the first region."""
    (out,) = list(Anomaly(site(camera()))._readings(Crops.of(found), {}, {}))[:1]
    measured = Reading.decode(out.value or b"").temperatures
    return None if measured is None else measured.max_c


def test_a_joint_is_measured_where_it_went() -> None:
    """The region is 20..40; its joint sits in its corner, and the view shifts by (12, -9)."""
    joint = heated(scene(), 36 + 12, 36 - 9, 4, 50)

    (left,) = found_in(frame(joint))
    (gone_along,) = found_in(frame(joint, shift=Shift(12.2, -9.1, 0.0)))

    assert hottest_c(left) == pytest.approx(20, abs=1)
    assert hottest_c(gone_along) == pytest.approx(70, abs=1)
    assert [it.asset for it in gone_along.regions] == ["joint-a"]
    assert (gone_along.regions[0].x, gone_along.regions[0].y) == (32, 11)


def test_a_turn_moves_what_is_far_from_the_middle() -> None:
    asset_ = site(camera()).assets[0]

    (turned,) = followed((asset_,), Shift(0, 0, 2.0), WIDTH, HEIGHT)

    # (20, 20) is 60 px left of and 44 px above the middle: 2 degrees clockwise are 1.5 px right and 2.1 px up.
    assert turned.region[0] == (22, 18)
    assert turned.id == asset_.id


@pytest.mark.parametrize("flag", sorted(UNFIT))
def test_a_frame_in_which_nobody_is_to_measure_has_no_regions_and_no_finds(flag: str) -> None:
    hot = heated(scene(), 100, 80, 8, 60)

    (found,) = found_in(frame(hot, flags=(flag,)))

    assert found.regions == ()
    assert found.header.flags == (flag,)


def test_a_find_goes_on_after_such_frames_with_its_name() -> None:
    hot, step = heated(scene(), 100, 80, 8, 60), Detection(site(camera()))

    told = found_in(frame(hot), frame(scene(), 1, flags=("shutter",)), frame(hot, 2), step=step)

    assert [[it.asset for it in one.regions] for one in told] == [
        ["joint-a", "cam-01-view/find-1"],
        [],
        ["joint-a", "cam-01-view/find-1"],
    ]
    assert not any(it.unseen or it.closed for one in told for it in one.regions)


def test_a_region_behind_something_is_told_and_not_measured_and_its_neighbour_is() -> None:
    two = camera(views=[{"id": "cam-01-view", "assets": [asset("hidden", 20, 20), asset("free", 100, 20)]}])

    (found,) = found_in(frame(scene(), hidden=(Box(0, 0, 32, 128),)), step=Detection(site(two)))

    assert [(it.asset, it.crop is None) for it in found.regions] == [("hidden", True), ("free", False)]


def test_a_rim_that_is_hidden_hides_no_region() -> None:
    (found,) = found_in(frame(scene(), hidden=(Box(0, 0, 24, 128),)))

    assert found.regions[0].crop is not None


def test_a_hot_thing_that_stands_before_the_view_is_no_find() -> None:
    lorry = heated(scene(), 100, 80, 8, 60)

    (found,) = found_in(frame(lorry, hidden=(Box(90, 60, 60, 60),)))

    assert [it.asset for it in found.regions] == ["joint-a"]


def test_a_region_that_left_the_frame_is_told_without_a_crop() -> None:
    (found,) = found_in(frame(scene(), shift=Shift(-60.0, 0.0)))

    assert found.regions[0].crop is None
    assert hottest_c(found) is None


@given(
    st.floats(-300, 300),
    st.floats(-300, 300),
    st.floats(-5, 5),
    st.tuples(st.integers(0, 150), st.integers(0, 120), st.integers(1, 60)),
)
def test_no_shift_makes_a_message_that_cannot_be_read(
    dx_px: float, dy_px: float, turn: float, square: tuple[int, int, int]
) -> None:
    one = camera(views=[{"id": "cam-01-view", "assets": [asset("joint-a", *square)]}])

    (found,) = found_in(frame(scene(), shift=Shift(dx_px, dy_px, turn)), step=Detection(site(one)))

    crop = found.regions[0].crop
    assert crop is None or 0 < crop.width * crop.height <= WIDTH * HEIGHT


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_a_plain_shift_moves_every_corner_by_it_to_the_pixel(dx_px: float, dy_px: float) -> None:
    asset_ = site(camera(views=[{"id": "cam-01-view", "assets": [asset("joint-a", 60, 50)]}])).assets[0]

    (moved,) = followed((asset_,), Shift(dx_px, dy_px), WIDTH, HEIGHT)

    off = np.array(moved.region) - np.array(asset_.region) - (dx_px, dy_px)
    assert np.abs(off).max() <= 0.5 + 1e-6


def test_regions_of_a_frame_without_temperatures_follow_and_hide_like_any_others() -> None:
    levels = np.zeros((HEIGHT, WIDTH), np.uint8)
    levels[20 - 9 : 41 - 9, 20 + 12 : 41 + 12] = 200

    (gone_along,) = found_in(pictured(levels, shift=Shift(12.0, -9.0)))
    (behind,) = found_in(pictured(levels, hidden=(Box(0, 0, 64, 64),)))
    (unfit,) = found_in(pictured(levels, flags=(NO_TEMPERATURES, "view_moved")))

    crop = gone_along.regions[0].crop
    assert isinstance(crop, Picture)
    assert (crop.pixels() == 200).all()
    assert [it.crop for it in behind.regions] == [None]
    assert unfit.regions == ()
