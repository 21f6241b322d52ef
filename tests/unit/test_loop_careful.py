"""The loop after a death, message by message, while the broker or the group falters around each one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from canairy.errors import BrokerUnavailable
from canairy.stream.attempts import ATTEMPT, DEATHS
from canairy.stream.broker import Partition, Position
from canairy.stream.memory import MemoryChannel
from tests.contract.bench import MemoryBench, poll_until
from tests.contract.stories import Answering, Summing, answers, loop_of, run_until, send, turn_until
from tests.unit.test_loop import Mishaps

Notes = list[str]


def suspect(bench: MemoryBench) -> None:
    """Leave partition 0 as a process does that died at its first message, outside handle."""
    channel = bench.channel()
    batch = poll_until(channel, lambda b: bool(b.messages))
    channel.note({Partition(bench.source.name, 0): Position(0)}, batch.membership)
    bench.expire(channel)


def falter(channel: MemoryChannel, times: int, mishap: Callable[[], None]) -> Notes:
    """Let something happen, so many times, just when an attempt is to be crossed out; the notes that were made."""
    note, notes = channel.note, Notes()

    def faltering(positions: Mapping[Partition, Position], membership: object) -> None:
        (position,) = positions.values()
        crossed_out = bool(notes) and notes[-1].startswith(ATTEMPT) and not position.note.startswith(ATTEMPT)
        if crossed_out and sum(it.startswith(ATTEMPT) for it in notes) <= times:
            mishap()
        note(positions, membership)
        notes.append(position.note)

    channel.note = faltering  # type: ignore[method-assign]
    return notes


def test_a_message_is_handled_once_though_the_broker_is_away_when_its_attempt_is_crossed_out() -> None:
    bench = MemoryBench()
    send(bench, b"1")
    suspect(bench)
    step = Summing(bench.sink.name, state=bench.state.name)
    channel = bench.channel()
    assert isinstance(channel, MemoryChannel)
    faltered: list[bool] = []

    def away_once() -> None:
        if not faltered:
            faltered.append(True)
            raise BrokerUnavailable("it went away, and the group outlived it")

    falter(channel, 1, away_once)
    run_until(loop_of(channel, step), lambda: bool(answers(bench)))

    assert faltered
    assert answers(bench) == [b"1"]


def test_who_lives_on_has_not_died_of_a_message_however_often_it_lost_its_partitions_there() -> None:
    bench = MemoryBench()
    send(bench, b"a")
    suspect(bench)
    channel = bench.channel()
    assert isinstance(channel, MemoryChannel)
    notes = falter(channel, DEATHS + 1, lambda: bench.broker.rebalance("group"))

    step = Answering(bench.sink.name)
    run_until(loop_of(channel, step), lambda: bool(answers(bench) or bench.records(bench.dead.name)))

    assert bench.records(bench.dead.name) == []
    assert answers(bench) == [b"a"]
    assert len({note for note in notes if note.startswith(ATTEMPT)}) == 1


def test_two_that_take_the_partitions_from_each_other_at_the_same_message_have_not_died_of_it_either() -> None:
    bench = MemoryBench()
    send(bench, b"a")
    suspect(bench)
    loops = []
    for _ in range(2):
        channel = bench.channel()
        assert isinstance(channel, MemoryChannel)
        falter(channel, DEATHS + 1, lambda it=channel: bench.broker.expire(it))  # type: ignore[misc]
        loops.append(loop_of(channel, Answering(bench.sink.name)))

    for _ in range(2 * DEATHS):
        for loop in loops:
            # Takes over, and is shut out as it crosses out its attempt.
            loop.turn()
            loop.turn()
    turn_until(loops[0], lambda: bool(answers(bench) or bench.records(bench.dead.name)))

    assert bench.records(bench.dead.name) == []
    assert answers(bench) == [b"a"]


def test_who_takes_over_from_itself_handles_whole_batches() -> None:
    """As after an outage of the broker in which nobody died: alarms must not wait for messages one at a time."""
    bench = MemoryBench()
    send(bench, b"1", b"2", b"3")
    step = Answering(bench.sink.name)

    run_until(loop_of(Mishaps(bench, ["fenced"]), step), lambda: len(answers(bench)) == 3)

    assert [size for size in step.batches if size] == [3, 3]
