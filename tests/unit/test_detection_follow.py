"""Regions follow a view that shifts; what hides them, and frames without temperatures of the view, leave them out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.box import Box
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.frame import Frame
from canairy.messages.header import NO_TEMPERATURES, READS_LOW, UNFIT
from canairy.messages.picture import Picture
from canairy.messages.reading import Reading
from canairy.messages.shift import Shift
from canairy.messages.thermogram import Thermogram
from canairy.stream.broker import Outgoing, Received
from canairy.stream.step import Decoded
from canairy.thermal.view_shift import Move
from canairy.topics import DETECTIONS, FINDS
from services.anomaly.crops import Crops
from services.anomaly.handler import Anomaly
from services.detection.follow import followed
from services.detection.handler import Detection
from tests.helpers.frames import NOON, asset, camera, frame, heated, pictured, record, scene, site

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


def find_in(found: Detections) -> Region:
    (find,) = [it for it in found.regions if it.kind is not RegionKind.REGISTERED]
    return find


def crop_c(region: Region) -> float | None:
    return float(region.crop.celsius().max()) if isinstance(region.crop, Thermogram) else None


def test_a_find_follows_a_shift_that_is_farther_than_its_radius() -> None:
    step = Detection(site(camera()))

    told = found_in(
        frame(heated(scene(), 50, 80, 8, 60)),
        frame(heated(scene(), 50 + 40, 80 - 12, 8, 60), 1, shift=Shift(40.2, -12.1)),
        frame(heated(scene(), 50, 80, 8, 60), 2),
        step=step,
    )

    finds = [find_in(one) for one in told]
    assert [it.asset for it in finds] == ["cam-01-view/find-1"] * 3
    assert not any(it.unseen for it in finds)
    assert finds[1].x - finds[0].x == 40
    assert finds[1].y - finds[0].y == -12


def test_a_find_that_cooled_down_is_measured_where_its_place_went_and_does_not_wander() -> None:
    """A tenth of a kelvin a pixel to the right tells by its temperature where a crop was taken."""
    step = Detection(site(camera()))
    slope = scene() + np.linspace(0, 16, WIDTH, dtype=np.float32)
    (first,) = found_in(frame(heated(slope, 50, 80, 8, 60)), step=step)

    # Shifts that grow by less than half a pixel each: each alone would round to nothing.
    shifts = [Shift(0.4 * number, 0.0) for number in range(1, 51)]
    told = found_in(*(frame(slope, number, shift=it) for number, it in enumerate(shifts, start=1)), step=step)

    last = find_in(told[-1])
    assert (last.asset, last.unseen) == ("cam-01-view/find-1", True)
    assert (last.x - find_in(first).x, last.y) == (20, find_in(first).y)
    assert crop_c(last) == pytest.approx(20 + 0.1 * (last.x + 8), abs=1)


def test_a_restarted_process_knows_how_the_view_lay_when_a_find_was_seen() -> None:
    before, after = Detection(site(camera())), Detection(site(camera()))
    hot = frame(heated(scene(), 90, 68, 8, 60), shift=Shift(40.0, -12.0))
    received = record(hot.encode(), "Frame")
    written = list(before.handle([Decoded(received, before.decode(received, NOON))], hot.header.received_at))
    for out in written:
        if out.topic == FINDS:
            after.restore(Received(FINDS, 0, 0, out.key, out.value, {}, NOON))

    straight = frame(heated(scene(), 50, 80, 8, 60), 1)
    received = record(straight.encode(), "Frame", offset=1)
    answer = list(after.handle([Decoded(received, after.decode(received, NOON))], straight.header.received_at))

    find = find_in(Detections.decode(answer[0].value or b""))
    assert (find.asset, find.unseen) == ("cam-01-view/find-1", False)


def test_a_find_behind_something_is_told_and_not_measured_and_is_not_missing() -> None:
    """A lorry before it is cool, and that is not the find: an alarm by its temperature must stand."""
    step = Detection(site(camera()))
    lorry = (Box(80, 60, 60, 60),)

    (seen,) = found_in(frame(heated(scene(), 100, 80, 8, 60)), step=step)
    away = found_in(*(frame(scene(), 30 * n, hidden=lorry) for n in range(1, 40)), step=step)
    (gone,) = found_in(frame(scene(), 1200), step=step)

    assert find_in(seen).crop is not None
    assert {(find_in(it).unseen, find_in(it).closed, find_in(it).crop) for it in away} == {(True, False, None)}
    assert crop_c(find_in(gone)) == pytest.approx(20, abs=1)


def test_in_fog_no_find_is_missing_however_long() -> None:
    step = Detection(site(camera()))
    found_in(frame(heated(scene(), 100, 80, 8, 60)), step=step)

    foggy = found_in(*(frame(scene(), 30 * n, flags=(READS_LOW,)) for n in range(1, 40)), step=step)
    clear = found_in(*(frame(scene(), 1200 + 30 * n) for n in range(1, 30)), step=step)

    assert not any(find_in(it).closed for it in foggy)
    # Ten minutes without it in clear air, and it is gone.
    assert [it.closed for one in clear for it in one.regions if it.kind is RegionKind.HOT_SPOT].count(True) == 1


def test_a_find_that_left_the_frame_with_the_view_is_told_without_a_crop_and_not_closed() -> None:
    step = Detection(site(camera()))
    found_in(frame(heated(scene(), 10, 100, 8, 60)), step=step)

    away = found_in(*(frame(scene(), 30 * n, shift=Shift(-60.0, 0.0)) for n in range(1, 40)), step=step)

    assert {(find_in(it).closed, find_in(it).crop) for it in away} == {(False, None)}


@given(st.floats(-300, 300), st.floats(-300, 300), st.floats(-5, 5))
def test_there_and_back_a_find_is_where_it_was(dx_px: float, dy_px: float, turn: float) -> None:
    move = Move(dx_px, dy_px, turn, WIDTH, HEIGHT)
    points = np.array([[0.0, 0.0], [159.0, 3.5], [70.0, 127.0]])

    np.testing.assert_allclose(move.moved_back(move.moved(points)), points, atol=1e-9)


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
