"""What lies in the future, when the clock may have been set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from canairy.present import UNDER_WAY, Present

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_the_present_is_now_while_time_goes_on() -> None:
    present = Present()

    assert [present.latest(NOON + n * SECOND) for n in range(3)] == [NOON + n * SECOND for n in range(3)]


def test_for_a_minute_after_a_set_back_what_was_present_is_no_future() -> None:
    present, back = Present(), NOON - timedelta(hours=1)
    present.latest(NOON)

    answers = [present.latest(back + n * SECOND) for n in (0, 1, 60, 61, 62)]

    assert answers == [NOON, NOON, NOON, back + 61 * SECOND, back + 62 * SECOND]


def test_two_set_backs_in_a_row_are_the_later_one() -> None:
    present = Present()
    present.latest(NOON)
    present.latest(NOON - timedelta(hours=1))

    second = NOON - timedelta(hours=2)

    assert present.latest(second) == present.latest(second + UNDER_WAY) == NOON
    assert present.latest(second + UNDER_WAY + SECOND) == second + UNDER_WAY + SECOND


def test_when_the_clock_comes_back_to_where_it_was_it_counts_at_once() -> None:
    present = Present()
    present.latest(NOON)
    present.latest(NOON - 30 * SECOND)

    assert present.latest(NOON + SECOND) == NOON + SECOND
    assert present.latest(NOON - SECOND) == NOON + SECOND
