"""A follower takes changes together, but a backlog in one go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from canairy.errors import BrokerUnavailable
from canairy.stream.broker import Partition, Received
from services.alerting.follow import LIMIT, REST_S, Follower

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Backlog:
    """A topic with so many messages; `away` while its broker does not answer."""

    def __init__(self, messages: int, *, away: bool = False) -> None:
        self.left = messages
        self.away = away

    def poll(self, _timeout_s: float, limit: int) -> Sequence[Received]:
        if self.away:
            raise BrokerUnavailable("nobody answers")
        count = min(limit, self.left)
        self.left -= count
        return [Received("t", 0, number, "k", b"", {}, NOON) for number in range(count)]

    def at_end(self) -> bool:
        return not self.left

    def seek(self, _partition: Partition, _offset: int) -> None:
        raise AssertionError("a follower reads on from where it is")

    def close(self) -> None:
        """Nothing is held."""


def follower(backlog: Backlog, taken: list[Received]) -> Follower:
    return Follower("story", lambda: backlog, taken.extend, lambda _now: None)


def test_while_more_waits_there_is_no_rest() -> None:
    taken: list[Received] = []
    story = follower(Backlog(2 * LIMIT + 1), taken)

    rests = [story._turn() for _ in range(3)]

    assert rests == [0.0, 0.0, REST_S]
    assert len(taken) == 2 * LIMIT + 1


@pytest.mark.parametrize(
    ("backlog", "rest_s"), [(Backlog(0), REST_S), (Backlog(5), REST_S), (Backlog(0, away=True), 1)]
)
def test_otherwise_changes_are_gathered_and_a_broker_that_is_away_is_left_alone(
    backlog: Backlog, rest_s: float
) -> None:
    assert follower(backlog, [])._turn() == rest_s
