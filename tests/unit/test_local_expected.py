"""Ticking off what a simulated site must show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from canairy import topics
from canairy.errors import BrokerUnavailable
from canairy.simulator.script import ExpectedAlarm
from canairy.stream.broker import Partition, Received
from deploy.local.expected import ExpectedAlarms

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RAISED = ExpectedAlarm("ds-301-a", "high", "raised")
FIND = ExpectedAlarm("bay-3/find-*", "hot_spot", "raised")


def event(kind: str, asset: str, condition: str, written_at: datetime = BEGAN) -> Received:
    body = {"type": f"io.canairy.alarm.{kind}.v1", "data": {"asset": asset, "condition": condition}}
    return Received(topics.ALERTS, 0, 0, asset, json.dumps(body).encode(), {}, written_at)


class Events:
    """A reader that hands out what it was given, one list a poll; an exception stands for a broker that is away."""

    def __init__(self, *polls: Sequence[Received] | BrokerUnavailable) -> None:
        self._polls = list(polls)

    def poll(self, timeout_s: float, limit: int) -> Sequence[Received]:
        del timeout_s, limit
        given = self._polls.pop(0) if self._polls else ()
        if isinstance(given, BrokerUnavailable):
            raise given
        return given

    def at_end(self) -> bool:
        return not self._polls

    def seek(self, partition: Partition, offset: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


def script(*polls: Sequence[Received] | BrokerUnavailable, clock_s: Sequence[float] = ()) -> ExpectedAlarms:
    times = iter(clock_s)
    return ExpectedAlarms([RAISED, FIND], Events(*polls), BEGAN, 60.0, clock=lambda: next(times, 0.0))


def test_it_is_done_when_everything_was_seen() -> None:
    story = script([event("raised", "ds-301-a", "high")], [event("raised", "bay-3/find-2", "hot_spot")])

    assert not story.turn()
    assert story.missing == (FIND,)
    assert story.turn()
    assert list(story.missing) == []


def test_another_asset_condition_or_kind_does_not_count() -> None:
    others = [event("raised", "ds-301-b", "high"), event("raised", "ds-301-a", "delta"), event("returned", "x", "high")]

    story = script(others)

    assert not story.turn()
    assert story.missing == (RAISED, FIND)


def test_events_of_an_earlier_run_do_not_count() -> None:
    story = script([event("raised", "ds-301-a", "high", BEGAN - timedelta(seconds=1))])

    assert not story.turn()
    assert RAISED in story.missing


def test_a_broker_that_is_away_is_waited_for() -> None:
    story = script(BrokerUnavailable("away"), [event("raised", "ds-301-a", "high")])

    assert not story.turn()
    assert not story.turn()
    assert story.missing == (FIND,)


def test_when_the_time_is_over_it_ends_and_tells_what_is_missing() -> None:
    story = script(clock_s=[0.0, 59.0, 61.0])

    assert not story.turn()
    assert story.turn()
    assert story.missing == (RAISED, FIND)
