"""The notes beside a committed offset: who is suspect, and how often it died."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.stream import attempts
from canairy.stream.broker import Position


def test_a_new_group_is_not_suspect() -> None:
    assert not attempts.suspect(None)
    assert attempts.deaths(None) == 0


def test_whoever_said_that_it_stopped_is_not_suspect() -> None:
    assert not attempts.suspect(attempts.stopped(7))


@pytest.mark.parametrize("note", ["", "attempt 1", "something else", "stopped "])
def test_whoever_left_without_the_word_is_suspect(note: str) -> None:
    assert attempts.suspect(Position(7, note))


@given(offset=st.integers(0, 2**62), number=st.integers(0, 1000))
def test_an_attempt_that_was_written_down_is_counted(offset: int, number: int) -> None:
    noted = attempts.attempt(offset, number)

    assert noted.offset == offset
    assert attempts.deaths(noted) == number


@given(note=st.text() | st.text().map(lambda text: f"attempt {text}x") | st.just("attempt \u00b2"))
def test_a_note_that_is_not_ours_counts_as_no_death(note: str) -> None:
    assert attempts.deaths(Position(0, note)) == 0
