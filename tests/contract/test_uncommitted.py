"""A commit may wait for company: answers do not, and what was not committed is handled again, and known as a repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canairy.stream.broker import Channel, Partition, Position
from canairy.stream.loop import LoopOptions
from tests.contract.bench import Bench
from tests.contract.stories import (
    QUICK,
    Answering,
    answers,
    loop_of,
    repeats,
    run_until,
    send,
    turn_until,
    without_repeats,
)

FOR_EVER = replace(QUICK, commit_every_s=3600)


def committed(bench: Bench, channel: Channel | None = None) -> Position:
    """The position, or the oldest one where there is none yet."""
    return (channel or bench.channel()).committed(Partition(bench.source.name, 0)) or Position(0)


def test_an_answer_goes_at_once_and_its_commit_waits(bench: Bench) -> None:
    send(bench, b"1", b"2", b"3")
    channel = bench.channel()

    turn_until(loop_of(channel, Answering(bench.sink.name), options=FOR_EVER), lambda: len(answers(bench)) == 3)

    assert committed(bench, channel).offset == 0


@pytest.mark.parametrize("options", [replace(QUICK, commit_every_s=0.05), replace(FOR_EVER, limit=3)])
def test_it_waits_no_longer_than_it_may_and_for_no_more_than_a_batch(bench: Bench, options: LoopOptions) -> None:
    send(bench, b"1", b"2", b"3")
    channel = bench.channel()

    turn_until(
        loop_of(channel, Answering(bench.sink.name), options=options), lambda: committed(bench, channel).offset == 3
    )

    assert answers(bench) == [b"1", b"2", b"3"]


def test_a_stop_commits_what_waited(bench: Bench) -> None:
    send(bench, b"1", b"2", b"3")
    step = Answering(bench.sink.name)

    run_until(loop_of(bench.channel(), step, options=FOR_EVER), lambda: len(step.handled) == 3)

    assert (committed(bench).offset, committed(bench).note) == (3, "stopped")


def test_who_is_cut_off_before_the_commit_leaves_repeats_and_no_gap(bench: Bench) -> None:
    send(bench, b"1", b"2", b"3")
    cut_off = bench.channel()
    turn_until(loop_of(cut_off, Answering(bench.sink.name), options=FOR_EVER), lambda: len(answers(bench)) == 3)
    bench.expire(cut_off)
    send(bench, b"4")

    second = Answering(bench.sink.name)
    run_until(loop_of(bench.channel(), second, options=FOR_EVER), lambda: b"4" in second.handled)

    written = bench.records(bench.sink.name)
    assert repeats(written) == {b"1": 2, b"2": 2, b"3": 2, b"4": 1}
    assert without_repeats(written) == [b"1", b"2", b"3", b"4"]
