"""The notes beside a committed offset: who is suspect, and who died."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.stream import attempts
from canairy.stream.broker import Position

ME = "p000000ff"
NAMES = st.from_regex(r"p[0-9a-f]{8}", fullmatch=True)


def test_a_new_group_is_not_suspect() -> None:
    assert not attempts.suspect(None, but=ME)
    assert attempts.died(None, but="p00000001") == ()


def test_whoever_said_that_it_stopped_is_not_suspect() -> None:
    assert not attempts.suspect(attempts.stopped(7), but=ME)


@pytest.mark.parametrize("note", ["", "attempt ", "attempt 1", "attempt p00000001", "something else", "stopped "])
def test_whoever_left_without_the_word_is_suspect(note: str) -> None:
    assert attempts.suspect(Position(7, note), but=ME)


def test_whoever_got_through_last_is_suspect_to_others_and_not_to_itself() -> None:
    through = attempts.through(7, ME)

    assert not attempts.suspect(through, but=ME)
    assert attempts.suspect(through, but=attempts.new_name())
    assert attempts.died(through, but=attempts.new_name()) == ()


@given(offset=st.integers(0, 2**62), names=st.lists(NAMES, max_size=5, unique=True))
def test_whoever_began_and_never_said_how_it_ended_has_died(offset: int, names: list[str]) -> None:
    noted = attempts.attempt(offset, names)

    assert noted.offset == offset
    assert attempts.died(noted, but=attempts.new_name()) == tuple(names)


@given(names=st.lists(NAMES, min_size=1, max_size=5, unique=True), place=st.integers(0, 4))
def test_whoever_asks_lives(names: list[str], place: int) -> None:
    alive = names[place % len(names)]

    found = attempts.died(attempts.attempt(0, names), but=alive)

    assert found == tuple(name for name in names if name != alive)


@given(
    note=st.text() | st.text().map(lambda text: f"attempt {text}x") | st.sampled_from(["attempt \u00b2", "attempt 2"])
)
def test_a_note_that_is_not_ours_counts_as_no_death(note: str) -> None:
    assert attempts.died(Position(0, note), but="") == ()


def test_no_two_processes_have_one_name() -> None:
    assert len({attempts.new_name() for _ in range(1000)}) == 1000
