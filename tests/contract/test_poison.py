"""Poisonous messages: each to the dead letters with its reason, and a camera that sends too many of them is held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest

from canairy.errors import TooManyInvalid
from canairy.stream.broker import Outgoing, Partition, Received
from canairy.stream.dead_letter import KIND, PLACE, REASON, SERVICE
from canairy.stream.intake import Intake
from canairy.stream.quarantine import InvalidLimits, Quarantine
from tests.contract.bench import Bench
from tests.contract.stories import Answering, Clock, answers, loop_of, run_until, send, turn_until

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def strict(step: Answering, watched: int = 1000) -> Intake[bytes]:
    """An intake that holds a key after three bad messages, and says so on the sink."""
    quarantine = Quarantine(InvalidLimits(per_key=3, watched=watched))

    def tell(record: Received, reason: str, _now: datetime) -> Iterable[Outgoing]:
        yield Outgoing(step.sink, record.key, b"quarantined: " + reason.encode())

    return Intake(step, "test", quarantine, tell)


def test_a_message_that_cannot_be_understood_becomes_a_dead_letter_and_its_neighbours_are_handled(bench: Bench) -> None:
    send(bench, b"before")
    traced = Outgoing(bench.source.name, "cam-1", b"poison", {"traceparent": TRACE, "schema": b"x"}, partition=0)
    bench.producer().send([traced], timeout_s=10)
    send(bench, b"after")
    step = Answering(bench.sink.name)

    run_until(loop_of(bench.channel(), step), lambda: step.handled == [b"before", b"after"])

    (dead,) = bench.records(bench.dead.name)
    assert (dead.key, dead.value) == ("cam-1", b"poison")
    assert dead.headers == {
        "traceparent": TRACE,
        "schema": b"x",
        KIND: b"invalid",
        REASON: b"cannot be understood: b'poison'",
        PLACE: f"{bench.source.name}/0/1".encode(),
        SERVICE: b"test",
    }
    assert answers(bench) == [b"before", b"after"]


def test_a_camera_with_too_many_bad_messages_is_held_and_said_to_be_while_the_others_go_on(bench: Bench) -> None:
    send(bench, *[b"poison"] * 3, b"good but late", key="cam-1")
    send(bench, b"1", b"2", key="cam-2", partition=1)
    step = Answering(bench.sink.name)
    loop = loop_of(bench.channel(), step, intake=strict(step), clock=Clock())

    run_until(loop, lambda: step.handled == [b"1", b"2"] and len(bench.records(bench.dead.name)) == 4)

    said = [r.value for r in bench.records(bench.sink.name) if r.key == "cam-1"]
    assert said == [b"quarantined: cannot be understood: b'poison'"]
    assert [r.headers[KIND] for r in bench.records(bench.dead.name)] == [b"invalid"] * 3 + [b"quarantined"]


def test_a_held_camera_is_released_after_its_time(bench: Bench) -> None:
    clock, step = Clock(), Answering(bench.sink.name)
    loop = loop_of(bench.channel(), step, intake=strict(step), clock=clock)
    send(bench, *[b"poison"] * 3)
    turn_until(loop, lambda: len(bench.records(bench.dead.name)) == 3)

    clock.advance(InvalidLimits().release.total_seconds())
    send(bench, b"well again")
    run_until(loop, lambda: bool(step.handled))

    assert step.handled == [b"well again"]
    assert len(bench.records(bench.dead.name)) == 3


def test_the_service_stops_when_most_of_its_traffic_is_bad_but_commits_first(bench: Bench) -> None:
    for camera, partition in (("cam-1", 0), ("cam-2", 1)):
        send(bench, *[b"poison"] * 6, key=camera, partition=partition)
    step = Answering(bench.sink.name)
    loop = loop_of(bench.channel(), step, intake=strict(step, watched=12))

    with pytest.raises(TooManyInvalid, match=r"12 of the last 12 messages were invalid \(from cam-\d, cam-\d\)"):
        run_until(loop, lambda: False)

    assert len(bench.records(bench.dead.name)) == 12
    next_member = bench.channel()
    done = [next_member.committed(Partition(bench.source.name, number)) for number in (0, 1)]
    assert [position and position.offset for position in done] == [6, 6]


def test_one_broken_camera_alone_stops_nobody(bench: Bench) -> None:
    send(bench, *[b"poison"] * 20, key="cam-1")
    send(bench, b"1", key="cam-2", partition=1)
    step = Answering(bench.sink.name)
    loop = loop_of(bench.channel(), step, intake=strict(step, watched=10))

    run_until(loop, lambda: step.handled == [b"1"] and len(bench.records(bench.dead.name)) == 20)
