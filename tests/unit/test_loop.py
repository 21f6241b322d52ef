"""The loop on the broker in memory: ticks, standing by, what it says of its health, and any order of mishaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import BrokerUnavailable, Fenced
from canairy.stream.attempts import suspect
from canairy.stream.broker import Batch, Outgoing, Partition, Position
from canairy.stream.intake import Intake
from canairy.stream.memory import MemoryChannel
from canairy.stream.quarantine import InvalidLimits, Quarantine
from canairy.stream.step import Decoded
from tests.contract.bench import DeathError, MemoryBench
from tests.contract.stories import (
    QUICK,
    START,
    Answering,
    Clock,
    Waiting,
    answers,
    dies,
    loop_of,
    never,
    run_until,
    send,
)


class Ticking(Answering):
    """Says on the sink that time passes."""

    def handle(self, batch: Sequence[Decoded[bytes]], now: datetime) -> list[Outgoing]:
        ticks = [] if batch else [Outgoing(self.sink, "clock", now.isoformat().encode())]
        return [*ticks, *super().handle(batch, now)]


def test_time_passes_for_the_step_when_nothing_arrives() -> None:
    bench, clock = MemoryBench(), Clock()
    step = Ticking(bench.sink.name)

    run_until(loop_of(bench.channel(), step, clock=clock), lambda: len(answers(bench)) == 3)

    assert answers(bench) == [START.isoformat().encode()] * 3


def test_who_has_no_partitions_does_nothing() -> None:
    bench = MemoryBench()
    for owner in (bench.channel(), bench.channel()):
        owner.poll(0, 1)
    standing_by = Ticking(bench.sink.name)
    turns = iter(range(5))

    run_until(loop_of(bench.channel(), standing_by), lambda: next(turns, None) is None)

    assert standing_by.batches == []
    assert answers(bench) == []


def test_the_loop_is_ready_when_it_runs_and_live_when_it_turns() -> None:
    bench = MemoryBench()
    watch = run_until(loop_of(bench.channel(), Answering(bench.sink.name)), lambda: True)

    assert watch.ready_report() == (True, "ready")
    assert watch.live_report()[0]


class Stumbling(MemoryChannel):
    """Its next poll finds that another member has taken over."""

    stumbles = 1

    def poll(self, timeout_s: float, limit: int) -> Batch:
        if self.stumbles:
            self.stumbles -= 1
            raise Fenced("a younger producer has begun")
        return super().poll(timeout_s, limit)


def test_losing_the_race_for_the_partitions_is_no_defect() -> None:
    bench = MemoryBench()
    send(bench, b"1")
    step = Answering(bench.sink.name)

    run_until(loop_of(Stumbling(bench.broker, "group", [bench.source.name]), step), lambda: bool(step.handled))

    assert answers(bench) == [b"1"]


def test_a_defect_leaves_the_group_at_once_and_without_the_word_that_all_is_well() -> None:
    bench = MemoryBench()
    send(bench, b"killer")

    class Defective(Answering):
        def answer(self, decoded: Decoded[bytes]) -> Outgoing:
            raise ZeroDivisionError(decoded.message)

    with pytest.raises(ZeroDivisionError):
        run_until(loop_of(bench.channel(), Defective(bench.sink.name)), never)

    # All partitions at once for the next one: nobody waits for the dead member's session to end.
    assert len(bench.channel().poll(0, 1).assigned or ()) == 2
    committed = bench.channel().committed(Partition(bench.source.name, 0))
    assert committed is not None
    assert (committed.offset, suspect(committed, but="somebody else")) == (0, True)


class Mishaps(MemoryChannel):
    """Each publish meets the next mishap of a list, and what it does then is what Kafka's transactions do."""

    def __init__(self, bench: MemoryBench, mishaps: list[str]) -> None:
        super().__init__(bench.broker, "group", [bench.source.name])
        self._mishaps = mishaps

    def publish(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        mishap = self._mishaps.pop(0) if consumed and self._mishaps else "none"
        if mishap == "away":
            raise BrokerUnavailable("away")
        if mishap == "died before":
            raise DeathError("before the commit")
        if mishap in {"none", "died after", "not known"}:
            super().publish(outgoing, consumed, membership)
        if mishap == "died after":
            raise DeathError("after the commit")
        if mishap != "none":
            raise Fenced("the outcome is not known, or another member has taken over")


def test_a_stop_after_a_publish_whose_outcome_is_not_known_takes_nothing_back() -> None:
    """The word `stopped` at the last known position would set the group back before what is written already."""
    bench = MemoryBench()
    send(bench, b"1", b"2")
    stopping = Answering(bench.sink.name)
    run_until(loop_of(Mishaps(bench, ["not known"]), stopping), lambda: bool(stopping.handled))

    send(bench, b"3")
    step = Answering(bench.sink.name)
    run_until(loop_of(bench.channel(), step), lambda: b"3" in step.handled)

    assert answers(bench) == [b"1", b"2", b"3"]


def test_what_could_not_be_published_before_a_stop_is_not_committed_with_what_waited() -> None:
    bench = MemoryBench()
    send(bench, b"1")
    channel, step = bench.channel(), Answering(bench.sink.name)
    loop = loop_of(channel, step, options=replace(QUICK, commit_every_s=3600))

    def publish(outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        if any(message.value == b"2" for message in outgoing):
            loop.health.stop.set()  # type: ignore[attr-defined]
            raise BrokerUnavailable("away")
        type(channel).publish(channel, outgoing, consumed, membership)

    channel.publish = publish  # type: ignore[method-assign]

    def sent_more() -> bool:
        if step.handled == [b"1"]:
            send(bench, b"2")
        return False

    run_until(loop, sent_more)

    committed = bench.channel().committed(Partition(bench.source.name, 0))
    assert committed is not None
    assert (answers(bench), committed.offset) == ([b"1"], 1)


def test_a_batch_whose_partitions_were_lost_during_a_back_off_is_not_handled_any_more() -> None:
    bench = MemoryBench()
    send(bench, b"1")
    channel = bench.channel()
    step = Waiting(bench.sink.name, look=lambda: bench.expire(channel))
    step.answers = lambda: step.asked > 1

    run_until(loop_of(channel, step), lambda: bool(answers(bench)))

    # Asked in vain, then given up, then read and handled anew: never handled with the batch that was lost.
    assert step.handled == [b"1"]


def test_a_bad_message_counts_once_however_often_its_batch_is_tried() -> None:
    bench = MemoryBench()
    send(bench, b"poison", b"good")
    step = Waiting(bench.sink.name)
    step.answers = lambda: step.asked > 3
    intake = Intake(step, "test", Quarantine(InvalidLimits(per_key=2)))

    run_until(loop_of(bench.channel(), step, intake=intake), lambda: bool(step.handled))

    assert intake.quarantine.held(datetime.now(UTC)) == 0
    assert len(bench.records(bench.dead.name)) == 1


MISHAPS = st.sampled_from(["none", "away", "died before", "died after", "not known", "fenced"])


@given(
    keys=st.lists(st.sampled_from(["cam-1", "cam-2", "cam-3"]), min_size=1, max_size=20),
    mishaps=st.lists(MISHAPS, max_size=12),
)
def test_whatever_happens_each_message_is_answered_once_and_in_order(keys: list[str], mishaps: list[str]) -> None:
    bench = MemoryBench()
    sent = [(key, str(number).encode()) for number, key in enumerate(keys)]
    bench.producer().send([Outgoing(bench.source.name, key, value) for key, value in sent], timeout_s=10)

    def done() -> bool:
        return len(bench.records(bench.sink.name)) >= len(sent)

    while dies(loop_of(Mishaps(bench, mishaps), Answering(bench.sink.name), sleep=lambda _seconds: None), done):
        pass

    written = bench.records(bench.sink.name)
    for camera in set(keys):
        assert [r.value for r in written if r.key == camera] == [value for key, value in sent if key == camera]
    assert bench.records(bench.dead.name) == []
