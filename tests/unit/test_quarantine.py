"""How many bad messages are too many: for a camera, and for the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from canairy.errors import TooManyInvalid
from canairy.stream.quarantine import InvalidLimits, Quarantine

START = datetime(2026, 3, 1, 3, 12, 7, tzinfo=UTC)
LIMITS = InvalidLimits(per_key=3, window=timedelta(seconds=60), release=timedelta(seconds=30), watched=10)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def held() -> Quarantine:
    """A quarantine that holds cam-1 until second 32."""
    quarantine = Quarantine(LIMITS)
    for second in (0, 1, 2):
        quarantine.bad("cam-1", at(second))
    return quarantine


def test_a_key_is_held_at_its_third_bad_message_within_the_window() -> None:
    quarantine = Quarantine(LIMITS)

    assert [quarantine.bad("cam-1", at(second)) for second in (0, 30, 60)] == [False, False, True]
    assert quarantine.holds("cam-1", at(61))


def test_bad_messages_further_apart_than_the_window_hold_nobody() -> None:
    quarantine = Quarantine(LIMITS)

    assert [quarantine.bad("cam-1", at(second)) for second in range(0, 400, 31)] == [False] * 13


def test_other_keys_are_not_held() -> None:
    quarantine = held()

    assert not quarantine.holds("cam-2", at(3))
    assert quarantine.held(at(3)) == 1


def test_a_key_is_released_after_its_time_and_well_after_one_good_message() -> None:
    quarantine = held()
    assert quarantine.holds("cam-1", at(31.9))

    assert not quarantine.holds("cam-1", at(32))
    assert quarantine.held(at(32)) == 0
    quarantine.good("cam-1")

    # Well again: it takes three more to hold it.
    assert [quarantine.bad("cam-1", at(second)) for second in (100, 101, 102)] == [False, False, True]


def test_a_released_key_whose_first_message_is_bad_is_held_again_at_once_however_late_it_comes() -> None:
    quarantine = held()

    assert not quarantine.holds("cam-1", at(4000))
    assert quarantine.bad("cam-1", at(4000))
    assert quarantine.holds("cam-1", at(4029))


def test_the_service_stops_when_most_of_its_messages_are_bad_from_two_keys() -> None:
    quarantine = Quarantine(LIMITS)
    for number in range(10):
        quarantine.bad(f"cam-{number % 2}", at(number)) if number % 5 < 3 else quarantine.good("cam-3")

    with pytest.raises(TooManyInvalid, match=r"6 of the last 10 messages were invalid \(from cam-\d, cam-\d\)"):
        quarantine.check()


def test_half_of_the_messages_is_not_most() -> None:
    quarantine = Quarantine(LIMITS)
    for number in range(20):
        quarantine.bad(f"cam-{number % 4}", at(number)) if number % 2 else quarantine.good("cam-0")

    quarantine.check()


def test_one_broken_camera_is_its_own_fault() -> None:
    quarantine = Quarantine(LIMITS)
    for number in range(50):
        quarantine.bad("cam-1", at(number))

    quarantine.check()


def test_too_few_messages_say_nothing() -> None:
    quarantine = Quarantine(LIMITS)
    for number in range(9):
        quarantine.bad(f"cam-{number}", at(number))

    quarantine.check()


def test_messages_put_aside_unseen_count_as_bad_traffic() -> None:
    """Otherwise a site whose every camera is held would go on for ever with nothing to do."""
    quarantine = Quarantine(LIMITS)
    for camera in ("cam-1", "cam-2"):
        for second in (0, 1, 2):
            quarantine.bad(camera, at(second))
    for _ in range(2):
        assert quarantine.holds("cam-1", at(3))
        assert quarantine.holds("cam-2", at(3))

    with pytest.raises(TooManyInvalid, match="10 of the last 10"):
        quarantine.check()


def test_keys_that_come_once_are_forgotten_with_the_window() -> None:
    quarantine = Quarantine(LIMITS)
    for number in range(10_000):
        quarantine.bad(f"nonsense-{number}", at(number))

    # Nothing grows with the number of keys ever seen: a window of 60 s at one message a second.
    assert len(quarantine._count) == len(quarantine._bad) == 61
    assert not quarantine._until
