"""A dependency that is away: the batch is kept, the membership too, nothing is committed, and then all is handled."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import pytest

from canairy.errors import BrokerUnavailable
from canairy.stream.attempts import STOPPED
from canairy.stream.broker import Channel, Outgoing, Partition, Position
from canairy.stream.loop import LoopOptions
from tests.contract.bench import SESSION_S, Bench, KafkaBench
from tests.contract.stories import (
    PATIENCE_S,
    QUICK,
    Answering,
    Waiting,
    answers,
    loop_of,
    never,
    run_until,
    send,
)

SENT = [str(n).encode() for n in range(12)]


@pytest.mark.parametrize("transactional", [False, True])
def test_while_a_dependency_is_away_nothing_is_committed_and_then_all_is_handled_once(
    bench: Bench, transactional: bool
) -> None:
    send(bench, *SENT)
    channel = bench.channel(transactional=transactional)
    meanwhile: list[Position | None] = []
    step = Waiting(bench.sink.name)
    step.answers = lambda: step.asked > 4
    step.look = lambda: meanwhile.append(channel.committed(Partition(bench.source.name, 0)))
    loop = loop_of(channel, step, options=LoopOptions(limit=5, poll_s=0.2, first_backoff_s=0.02, longest_backoff_s=0.1))

    run_until(loop, lambda: step.handled == SENT)

    assert [position and position.offset for position in meanwhile] == [0] * 4
    assert answers(bench) == SENT


@pytest.mark.kafka
def test_the_group_is_not_left_when_a_dependency_is_away_for_longer_than_the_session(kafka_bench: KafkaBench) -> None:
    bench = kafka_bench
    send(bench, *SENT)
    channel = bench.channel()
    step = Waiting(bench.sink.name, answers=threading.Event().is_set)
    members: set[str] = set()
    terms: set[int] = set()

    def look() -> None:
        metadata = channel._consumer.group_metadata()  # type: ignore[attr-defined]
        members.add(metadata.member_id)
        terms.add(metadata.generation_id)

    step.look = look
    away_for = SESSION_S * 1.5
    waits = [0.3] * int(away_for / 0.3)
    step.answers = lambda: step.asked > len(waits)
    loop = loop_of(channel, step, options=LoopOptions(limit=5, poll_s=0.2, first_backoff_s=0.3, longest_backoff_s=0.3))

    run_until(loop, lambda: step.handled == SENT)

    assert (len(members), len(terms)) == (1, 1)
    assert step.forgotten == 1
    assert answers(bench) == SENT


class Unreachable:
    """A channel whose first publishes do not reach the broker."""

    def __init__(self, channel: Channel, failures: int) -> None:
        self._publish = channel.publish
        self._failures = failures
        channel.publish = self.publish  # type: ignore[method-assign]

    def publish(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        if consumed and self._failures:
            self._failures -= 1
            raise BrokerUnavailable("the disk of the broker is slow")
        self._publish(outgoing, consumed, membership)


@pytest.mark.parametrize("transactional", [False, True])
def test_a_batch_that_cannot_be_written_yet_is_kept_and_written_once(bench: Bench, transactional: bool) -> None:
    send(bench, *SENT)
    channel = bench.channel(transactional=transactional)
    Unreachable(channel, failures=4)
    step = Answering(bench.sink.name)

    options = LoopOptions(limit=5, poll_s=0.2, first_backoff_s=0.02, longest_backoff_s=0.1)
    run_until(loop_of(channel, step, options=options), lambda: len(answers(bench)) == len(SENT))

    # Handled once, though it was published more often: the batch was in hand all the time.
    assert step.handled == SENT
    assert answers(bench) == SENT


def test_sigterm_while_a_dependency_is_away_ends_the_loop_without_a_commit(bench: Bench) -> None:
    send(bench, *SENT)
    waiting, stop = threading.Event(), threading.Event()
    step = Waiting(bench.sink.name, answers=never, look=waiting.set)
    # A back-off longer than the test's patience: only a wait that listens to the stop can end in time.
    options = LoopOptions(poll_s=0.2, first_backoff_s=10 * PATIENCE_S, longest_backoff_s=10 * PATIENCE_S)
    loop = loop_of(bench.channel(), step, options=options)
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    assert waiting.wait(PATIENCE_S), "the step was never asked"

    stop.set()
    thread.join(PATIENCE_S)

    assert not thread.is_alive()
    assert bench.channel().committed(Partition(bench.source.name, 0)) == Position(0, STOPPED)
    assert answers(bench) == []


def test_partitions_that_are_shared_out_anew_during_a_back_off_drop_the_batch(bench: Bench) -> None:
    send(bench, b"1", partition=0)
    send(bench, b"2", partition=1)
    first = bench.channel(transactional=True)
    step = Waiting(bench.sink.name)

    def lose() -> None:
        bench.expire(first)
        step.answers = lambda: True

    step.answers = never
    step.look = lose

    run_until(loop_of(first, step, options=QUICK), lambda: set(answers(bench)) == {b"1", b"2"})

    assert step.forgotten >= 2
    assert sorted(value or b"" for value in answers(bench)) == [b"1", b"2"]
