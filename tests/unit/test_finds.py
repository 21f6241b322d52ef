from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.detection.finds import FindRules, ViewFinds
from services.detection.hotspots import HotSpot
from services.detection.naming import Seen, match

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = FindRules(radius_px=24, close_after=timedelta(seconds=60), longest_gap=timedelta(seconds=10))
EMPTY = ViewFinds("bay-3")


def spot(x: int, y: int, max_c: float = 60.0) -> HotSpot:
    return HotSpot(x, y, 9, 9, 1.0, max_c, 20.0, x + 4, y + 4)


def after(frames: Sequence[Sequence[HotSpot]], state: ViewFinds = EMPTY, start: datetime = START) -> ViewFinds:
    for i, spots in enumerate(frames):
        state, _ = match(state, spots, start + i * SECOND, RULES)
    return state


def names(seen: Sequence[Seen]) -> list[str]:
    return [one.find.name for one in seen if one.sight.spot is not None]


def name_of(seen: Sequence[Seen], shown: HotSpot) -> str:
    return next(one.find.name for one in seen if one.sight.spot == shown)


class TestNaming:
    def test_what_is_new_is_numbered_strongest_first(self) -> None:
        state, seen = match(EMPTY, [spot(10, 10), spot(200, 10)], START, RULES)

        assert names(seen) == ["bay-3/find-1", "bay-3/find-2"]
        assert state.opened == 2
        assert [find.first_seen for find in state.finds] == [START, START]

    def test_what_moves_within_the_radius_keeps_its_name_and_takes_the_new_place(self) -> None:
        state = after([[spot(10, 10)], [spot(30, 10)]])

        assert [(find.name, find.x, find.first_seen) for find in state.finds] == [("bay-3/find-1", 30, START)]

    def test_what_appears_beyond_the_radius_is_another_find(self) -> None:
        state = after([[spot(10, 10)], [spot(40, 10)]])

        assert [find.name for find in state.finds] == ["bay-3/find-1", "bay-3/find-2"]

    def test_one_find_takes_one_spot(self) -> None:
        state = after([[spot(10, 10)]])

        _, seen = match(state, [spot(14, 10), spot(12, 10)], START + SECOND, RULES)

        assert name_of(seen, spot(12, 10)) == "bay-3/find-1"
        assert name_of(seen, spot(14, 10)) == "bay-3/find-2"

    def test_the_same_spot_twice_is_two_finds(self) -> None:
        _, seen = match(EMPTY, [spot(10, 10)] * 2, START, RULES)

        assert names(seen) == ["bay-3/find-1", "bay-3/find-2"]

    def test_a_box_that_grows_round_the_same_peak_is_the_same_find(self) -> None:
        state = after([[spot(100, 100)]])
        grown = HotSpot(20, 90, 100, 40, 1.0, 60.0, 20.0, 104, 104)

        _, seen = match(state, [grown], START + SECOND, RULES)

        assert names(seen) == ["bay-3/find-1"]

    def test_a_joint_that_heats_fast_stays_the_same_find(self) -> None:
        state = after([[spot(10, 10, 40.0)], [spot(10, 10, 400.0)]])

        assert [(find.name, find.max_c) for find in state.finds] == [("bay-3/find-1", 400.0)]

    def test_no_more_are_opened_than_allowed_and_open_ones_stay(self) -> None:
        rules = FindRules(most_open=2)
        state, _ = match(EMPTY, [spot(10, 10)], START, rules)

        state, seen = match(state, [spot(100, 10), spot(200, 10), spot(300, 10)], START + SECOND, rules)

        assert [find.name for find in state.finds] == ["bay-3/find-1", "bay-3/find-2"]
        assert [one.sight.spot for one in seen] == [None, spot(100, 10)]


class TestClosing:
    def test_what_is_gone_is_still_listed_at_its_last_place(self) -> None:
        state = after([[spot(10, 10)]])

        state, seen = match(state, [], START + SECOND, RULES)

        assert [(one.sight.spot, one.closed, one.find.x) for one in seen] == [(None, False, 10)]
        assert state.finds[0].last_seen == START
        assert state.finds[0].last_checked == START + SECOND

    def test_what_stays_away_is_closed_once_and_its_name_is_not_given_again(self) -> None:
        state = after([[spot(10, 10)], *[[]] * 59])

        state, closing = match(state, [], START + 60 * SECOND, RULES)
        state, later = match(state, [spot(10, 10)], START + 61 * SECOND, RULES)

        assert [(one.find.name, one.closed) for one in closing] == [("bay-3/find-1", True)]
        assert names(later) == ["bay-3/find-2"]

    def test_absence_is_counted_anew_after_each_sight(self) -> None:
        state = after([[spot(10, 10)], *[[]] * 50, [spot(10, 10)], *[[]] * 50])

        assert [find.absent for find in state.finds] == [50 * SECOND]

    def test_time_spent_on_other_views_does_not_close_a_find(self) -> None:
        state = after([[spot(10, 10)], []])

        state, seen = match(state, [], START + timedelta(hours=2), RULES)

        assert [one.closed for one in seen] == [False]
        assert state.finds[0].absent == SECOND + RULES.longest_gap

    def test_a_camera_that_returns_to_the_preset_finds_the_same_names(self) -> None:
        state = after([[spot(10, 10), spot(200, 10)]])

        _, seen = match(state, [spot(203, 12), spot(8, 9)], START + timedelta(days=1), RULES)

        assert name_of(seen, spot(8, 9)) == "bay-3/find-1"
        assert name_of(seen, spot(203, 12)) == "bay-3/find-2"


class TestOrderOfFrames:
    def test_a_late_frame_names_what_is_known_and_changes_nothing(self) -> None:
        state = after([[spot(10, 10)]] * 3)

        same, seen = match(state, [spot(14, 10), spot(200, 10)], START + SECOND, RULES)

        assert same is state
        assert [(one.find.name, one.sight.spot) for one in seen] == [("bay-3/find-1", spot(14, 10))]

    def test_a_frame_delivered_again_gets_the_same_names(self) -> None:
        spots = [spot(10, 10), spot(200, 10)]
        state, first = match(EMPTY, spots, START, RULES)

        again, second = match(state, spots, START, RULES)

        assert again == state
        assert second == first

    def test_a_late_frame_opens_nothing_even_where_nothing_is_open(self) -> None:
        state = after([[], []])

        assert match(state, [spot(10, 10)], START, RULES) == (state, [])


PLACES = [(80 * i + 40, 60) for i in range(6)]  # further apart than twice the radius
jitters = st.integers(-8, 8)  # at most half the radius, also along the diagonal
shown = st.lists(st.tuples(jitters, jitters, st.booleans()), min_size=6, max_size=6)
anywhere = st.builds(spot, st.integers(0, 120), st.integers(0, 80), st.floats(20, 90))
frames = st.lists(st.lists(anywhere, max_size=5), max_size=12)


@given(st.lists(shown, max_size=20), st.randoms(use_true_random=False))
def test_jitter_within_half_the_radius_and_drop_outs_keep_every_name(
    moves: list[list[tuple[int, int, bool]]], chance: random.Random
) -> None:
    state = after([[spot(x, y) for x, y in PLACES]])
    for i, row in enumerate(moves, start=1):
        there = [(k, spot(PLACES[k][0] + dx, PLACES[k][1] + dy)) for k, (dx, dy, seen) in enumerate(row) if seen]
        chance.shuffle(there)

        state, seen = match(state, [one for _, one in there], START + i * SECOND, RULES)

        assert all(name_of(seen, one) == f"bay-3/find-{k + 1}" for k, one in there)
    assert state.opened == len(PLACES)


@given(frames, st.integers(1, 40))
def test_a_name_is_never_given_to_two_places(history: list[list[HotSpot]], step_s: int) -> None:
    state, closed = EMPTY, set[str]()
    for i, spots in enumerate(history):
        before = {find.name for find in state.finds}
        state, seen = match(state, spots, START + i * step_s * SECOND, RULES)
        listed = [one.find.name for one in seen]

        assert len(set(listed)) == len(listed)
        assert closed.isdisjoint(listed)
        assert before <= set(listed)
        assert sorted(map(repr, (one.sight.spot for one in seen if one.sight.spot))) == sorted(map(repr, spots))
        closed |= {one.find.name for one in seen if one.closed}
    assert state.opened == len(closed) + len(state.finds)


@given(frames, st.lists(st.integers(0, 11), max_size=12))
def test_frames_delivered_late_or_again_leave_the_same_names(history: list[list[HotSpot]], repeats: list[int]) -> None:
    state = EMPTY
    for i, spots in enumerate(history):
        state, _ = match(state, spots, START + i * SECOND, RULES)
        for earlier in (k for k in repeats if k <= i):
            state, _ = match(state, history[earlier], START + earlier * SECOND, RULES)

    assert state == after(history)


@given(st.integers(2, 10), st.integers(-8, 8), st.floats(21, 200))
def test_finds_that_cross_keep_their_names(speed: int, apart: int, hotter_k: float) -> None:
    state = EMPTY
    for i in range(-10, 11):
        cool, hot = spot(200 + i * speed, 100), spot(200 - i * speed, 100 + apart, 40 + hotter_k)
        cool = HotSpot(cool.x, cool.y, 9, 9, 1.0, 40.0, 20.0, cool.peak_x, cool.peak_y)

        state, seen = match(state, [hot, cool], START + (i + 10) * SECOND, RULES)

        assert name_of(seen, hot) == "bay-3/find-1"
        assert name_of(seen, cool) == "bay-3/find-2"
