"""When was a frame captured?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import InvalidMessage
from canairy.site.model import Camera
from services.ingest.folder_time import file_time
from services.ingest.times import FUTURE, SET_BACK, Stamp, live_stamp, pushed_stamp, recorded_stamp
from tests.helpers.ingest import NOON, after, camera

CORRECTED = ("clock_corrected",)


@pytest.mark.parametrize("seconds", [-2.0, -0.4, 0.0, 1.9, 2.0])
def test_a_live_cameras_own_time_counts_while_it_is_within_two_seconds_of_ours(seconds: float) -> None:
    assert live_stamp(after(seconds), NOON, None) == Stamp(after(seconds))


@pytest.mark.parametrize("seconds", [-2.1, 2.1, -86400.0, 3e8])
def test_a_live_cameras_wrong_clock_gives_way_to_the_time_of_arrival(seconds: float) -> None:
    assert live_stamp(after(seconds), NOON, None) == Stamp(NOON, CORRECTED)


def test_a_live_camera_without_a_clock_has_the_time_of_arrival_assigned() -> None:
    assert live_stamp(None, NOON, None) == Stamp(NOON, ("time_assigned",))


@pytest.mark.parametrize("back_s", [0.0, 0.5, 2.0])
def test_a_repeated_or_backward_time_is_moved_just_past_the_newest(back_s: float) -> None:
    stamp = live_stamp(after(-back_s), NOON, newest=NOON)

    assert stamp == Stamp(NOON + timedelta(milliseconds=1), CORRECTED)


def test_after_our_own_clock_was_set_back_the_time_of_arrival_counts() -> None:
    an_hour_ahead = after(3600)

    assert live_stamp(after(-1), NOON, newest=an_hour_ahead) == Stamp(NOON, CORRECTED)


@given(st.lists(st.tuples(st.floats(-4, 4), st.floats(0, 3)), min_size=1, max_size=30))
def test_the_times_of_a_live_camera_only_go_forward_while_our_clock_does(
    steps: list[tuple[float, float]],
) -> None:
    newest, arrived = None, NOON
    for off_s, passed_s in steps:
        arrived += timedelta(seconds=passed_s)
        stamp = live_stamp(arrived + timedelta(seconds=off_s), arrived, newest)
        assert newest is None or stamp.captured_at > newest
        assert abs(stamp.captured_at - arrived) < SET_BACK
        newest = stamp.captured_at


def test_a_recording_keeps_its_time_and_says_when_it_was_counted() -> None:
    assert recorded_stamp(after(-9e6), False, NOON) == Stamp(after(-9e6))
    assert recorded_stamp(after(-9e6), True, NOON) == Stamp(after(-9e6), ("time_assigned",))


@pytest.mark.parametrize(
    ("taken_at", "why"),
    [
        (None, "no time"),
        (after(5.1), r"captured at 2026-03-05 12:00:05Z, in the future: here it is 2026-03-05 12:00:00Z"),
        (datetime(1970, 1, 1, tzinfo=UTC), "absent or impossible"),
    ],
)
def test_a_recorded_or_pushed_time_that_cannot_be_is_refused(taken_at: datetime | None, why: str) -> None:
    with pytest.raises(InvalidMessage, match=why):
        recorded_stamp(taken_at, False, NOON)
    with pytest.raises(InvalidMessage, match=why):
        pushed_stamp(taken_at, NOON, None)


def test_pushed_frames_keep_their_own_times_and_come_in_order() -> None:
    assert pushed_stamp(NOON + FUTURE, NOON, None) == Stamp(NOON + FUTURE)
    assert pushed_stamp(after(-600), NOON, after(-601)) == Stamp(after(-600))
    with pytest.raises(InvalidMessage, match=r"11:50:00Z, older than the newest frame \(2026-03-05 11:50:01Z\)"):
        pushed_stamp(after(-600), NOON, after(-599))


def folder_camera(**more: str) -> Camera:
    return Camera.model_validate(camera(source="folder:/recordings", rate_hz=2.0, **more))


def test_a_files_time_is_the_one_in_it_before_the_one_in_its_name_before_a_counted_one() -> None:
    dated = folder_camera(time_pattern="bay_%Y%m%d-%H%M%S", starts_at="2024-01-01T09:00:00+09:00")

    in_file = file_time(dated, after(-5), "bay_20240305-140211.png", 7)
    in_name = file_time(dated, None, "bay_20240305-140211.png", 7)
    counted = file_time(dated, None, "another name.png", 7)

    assert (in_file.taken_at, in_file.assigned) == (after(-5), False)
    assert (in_name.taken_at, in_name.assigned) == (datetime(2024, 3, 5, 14, 2, 11, tzinfo=UTC), False)
    assert (counted.taken_at, counted.assigned) == (datetime(2024, 1, 1, 0, 0, 3, 500_000, tzinfo=UTC), True)


def test_a_zone_in_a_files_name_is_believed() -> None:
    dated = folder_camera(time_pattern="%Y%m%dT%H%M%S%z")

    assert file_time(dated, None, "20240305T140211+0900.png", 0).taken_at == datetime(2024, 3, 5, 5, 2, 11, tzinfo=UTC)


def test_without_any_time_counting_begins_in_the_year_2000_on_every_machine() -> None:
    counted = file_time(folder_camera(), None, "sub_437.png", 3)

    assert (counted.taken_at, counted.assigned) == (datetime(2000, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC), True)
