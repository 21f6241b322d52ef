"""Models that come and go: waited for a little, then done without, and found again."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from canairy.availability import Availability
from canairy.errors import Unavailable


@dataclass
class Models:
    """A server of models in a time of its own; `takes_s`: how long it takes not to answer."""

    now_s: float = 0.0
    ready: bool = True
    answers: bool = True
    takes_s: float = 0.0
    asked: int = 0
    probed: int = 0
    availability: Availability = field(init=False)

    def __post_init__(self) -> None:
        self.availability = Availability(self.why_not_ready, lambda: self.now_s)

    def why_not_ready(self) -> str | None:
        self.probed += 1
        return None if self.ready else "connection refused"

    def call(self) -> str:
        self.asked += 1
        if not self.answers:
            self.now_s += self.takes_s
            raise Unavailable("no answer")
        return "answer"

    def ask(self, at_s: float) -> str | None:
        self.now_s = max(self.now_s, at_s)
        return self.availability.ask(self.call)

    def go(self) -> None:
        self.ready = self.answers = False

    def come_back(self) -> None:
        self.ready = self.answers = True


@pytest.fixture
def gone() -> Models:
    """Away, as it is known after 2 s."""
    models = Models()
    models.go()
    with pytest.raises(Unavailable):
        models.ask(0)
    assert models.ask(2) is None
    return models


def test_while_it_is_worth_waiting_the_caller_backs_off_for_no_longer_than_that() -> None:
    models = Models()
    models.go()

    with pytest.raises(Unavailable) as first:
        models.ask(0)
    with pytest.raises(Unavailable) as later:
        models.ask(1.5)

    assert (first.value.patience_s, later.value.patience_s) == (2.0, 0.5)


def test_after_two_seconds_it_goes_on_without_them(gone: Models) -> None:
    assert gone.availability.away


def test_a_server_that_took_two_seconds_not_to_answer_is_away_at_once() -> None:
    models = Models(takes_s=2.0)
    models.answers = False

    assert models.ask(0) is None


def test_a_short_hiccup_costs_nothing() -> None:
    models = Models()
    models.go()
    with pytest.raises(Unavailable):
        models.ask(0)
    models.come_back()

    assert models.ask(1) == "answer"
    models.go()
    # The patience is whole again.
    with pytest.raises(Unavailable) as error:
        models.ask(100)
    assert error.value.patience_s == 2.0


def test_while_they_are_away_they_are_probed_once_a_second_and_nothing_is_asked_of_them(gone: Models) -> None:
    asked = gone.asked

    for tenth in range(100):
        assert gone.ask(2 + tenth / 10) is None

    assert gone.asked == asked
    assert 9 <= gone.probed <= 11


def test_they_are_back_with_the_first_probe_after_their_return(gone: Models) -> None:
    gone.ask(5)
    gone.come_back()

    assert gone.ask(5.9) is None
    assert gone.ask(6.0) == "answer"
    assert gone.ask(6.1) == "answer"


def test_a_server_that_is_ready_and_cannot_work_is_tried_ever_less_often_and_still_within_ten_seconds(
    gone: Models,
) -> None:
    gone.ready, gone.takes_s = True, 0.5
    before = gone.asked

    for tenth in range(20, 400):
        gone.ask(tenth / 10)
    tries = gone.asked - before
    gone.come_back()
    back_at = next(tenth / 10 for tenth in range(400, 600) if gone.ask(tenth / 10) is not None)

    assert tries <= 7
    assert back_at <= 40 + 10


def test_where_nothing_is_to_be_asked_they_are_looked_for_all_the_same(gone: Models) -> None:
    asked = gone.asked

    gone.now_s = 4
    assert not gone.availability.look()
    gone.come_back()
    gone.now_s = 5
    assert gone.availability.look()

    assert gone.asked == asked
