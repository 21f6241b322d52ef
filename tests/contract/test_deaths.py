"""Deaths: the message that kills its process again and again is given up, and no other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from canairy.stream.attempts import DEATHS, STOPPED
from canairy.stream.broker import Outgoing, Partition, Position
from canairy.stream.dead_letter import KIND, REASON
from canairy.stream.step import Decoded
from deploy.local.jars import ROOT
from tests.contract.bench import Bench, DeathError, KafkaBench, poll_until
from tests.contract.dying import EXIT_CODE
from tests.contract.stories import (
    Answering,
    Exploding,
    Waiting,
    answers,
    dies,
    loop_of,
    repeats,
    run_until,
    send,
)

NEIGHBOURS = {b"a": 1, b"b": 1}


def starts_until_it_lives(bench: Bench, *neighbours: bytes, limit: int = 10) -> int:
    """How many processes die before one lives to see a dead letter, and its neighbours answered."""

    def lives() -> bool:
        return bool(bench.records(bench.dead.name)) and set(answers(bench)) >= set(neighbours)

    for deaths in range(limit):
        if not dies(loop_of(bench.channel(), Exploding(bench.sink.name)), lives):
            return deaths
    raise AssertionError(f"{limit} processes died of the same message")


def test_a_message_that_kills_three_times_is_given_up_and_its_neighbours_are_handled_once(bench: Bench) -> None:
    send(bench, b"a", b"killer", b"b")

    deaths = starts_until_it_lives(bench, b"a", b"b")

    # The first dies with a batch, which tells nobody which message it was; three more die with the message alone.
    assert deaths == 1 + DEATHS
    (dead,) = bench.records(bench.dead.name)
    assert (dead.value, dead.headers[KIND]) == (b"killer", b"crashed")
    assert dead.headers[REASON] == b"3 processes died while handling it"
    assert repeats(bench.records(bench.sink.name)) == NEIGHBOURS


def test_the_fourth_start_of_a_suspect_partition_gives_the_killer_up(bench: Bench) -> None:
    send(bench, b"killer", b"b")
    suspect(bench)

    assert starts_until_it_lives(bench, b"b") == DEATHS

    assert [r.value for r in bench.records(bench.dead.name)] == [b"killer"]
    assert answers(bench) == [b"b"]


def test_the_other_partition_does_not_suffer(bench: Bench) -> None:
    send(bench, b"killer", key="cam-1", partition=0)
    send(bench, b"a", b"b", key="cam-2", partition=1)

    starts_until_it_lives(bench, b"a", b"b")

    assert repeats(bench.records(bench.sink.name)) == NEIGHBOURS


def test_deaths_outside_handle_never_count(bench: Bench) -> None:
    send(bench, b"a", b"b")
    for _ in range(DEATHS + 2):
        channel = bench.channel()
        bench.die_before_commit(channel)
        assert dies(loop_of(channel, Answering(bench.sink.name)))

    step = Answering(bench.sink.name)
    run_until(loop_of(bench.channel(), step), lambda: step.handled == [b"a", b"b"])

    assert bench.records(bench.dead.name) == []
    assert set(answers(bench)) == {b"a", b"b"}


def test_a_member_that_is_stopped_while_its_dependency_is_away_has_not_died_of_its_message(bench: Bench) -> None:
    send(bench, b"a")
    suspect(bench)
    for _ in range(DEATHS + 1):
        patient = Waiting(bench.sink.name, answers=lambda: False)
        loop = loop_of(bench.channel(), patient)
        run_until(loop, lambda step=patient: step.asked > 1)  # type: ignore[misc]

    step = Answering(bench.sink.name)
    run_until(loop_of(bench.channel(), step), lambda: step.handled == [b"a"])

    assert bench.records(bench.dead.name) == []


def test_waiting_for_a_dependency_keeps_the_count_of_deaths(bench: Bench) -> None:
    """The killer that dies twice, waits, and dies once more is still given up at the fourth start."""
    send(bench, b"killer")
    suspect(bench)
    for _ in range(DEATHS - 1):
        assert dies(loop_of(bench.channel(), Exploding(bench.sink.name)))
    patient = Waiting(bench.sink.name, answers=lambda: False)
    run_until(loop_of(bench.channel(), patient), lambda: patient.asked > 1)

    assert starts_until_it_lives(bench) == 1

    assert [r.value for r in bench.records(bench.dead.name)] == [b"killer"]


def test_a_graceful_stop_leaves_the_word_and_the_next_start_is_not_suspect(bench: Bench) -> None:
    send(bench, b"a")
    first = Answering(bench.sink.name)
    run_until(loop_of(bench.channel(), first), lambda: first.handled == [b"a"])
    assert bench.channel().committed(Partition(bench.source.name, 0)) == Position(1, STOPPED)

    send(bench, b"b", b"c")
    second = Answering(bench.sink.name)
    run_until(loop_of(bench.channel(), second), lambda: second.handled == [b"b", b"c"])

    # One batch: nobody looks at each message alone.
    assert max(second.batches) == 2


def test_after_a_death_each_message_is_handled_alone_until_the_batch_in_hand_is_over(bench: Bench) -> None:
    send(bench, b"a", b"b")
    suspect(bench)
    step = Answering(bench.sink.name)

    run_until(loop_of(bench.channel(), step), lambda: step.handled == [b"a", b"b"])

    assert max(step.batches) == 1


def test_a_new_group_is_marked_before_its_first_message(bench: Bench) -> None:
    send(bench, b"a")
    channel = bench.channel()
    seen: list[Position | None] = []

    class Looking(Answering):
        def answer(self, decoded: Decoded[bytes]) -> Outgoing:
            seen.append(channel.committed(Partition(bench.source.name, 0)))
            raise DeathError(decoded.message)

    assert dies(loop_of(channel, Looking(bench.sink.name)))

    assert [position and position.offset for position in seen] == [0]


@pytest.mark.kafka
def test_a_real_process_that_dies_three_times_of_a_message_leaves_it_to_the_dead_letters(
    kafka_bench: KafkaBench,
) -> None:
    bench = kafka_bench
    send(bench, b"a", b"killer", b"b", b"last")
    command = [sys.executable, "-m", "tests.contract.dying", bench.settings.kafka_bootstrap, bench.name]

    codes: list[int] = []
    while 0 not in codes and len(codes) < 8:
        codes.append(subprocess.run(command, check=False, timeout=60, cwd=ROOT).returncode)
        bench.expire_all()

    assert codes == [EXIT_CODE] * (1 + DEATHS) + [0]
    (dead,) = bench.records(bench.dead.name)
    assert (dead.value, dead.headers[KIND]) == (b"killer", b"crashed")
    assert repeats(bench.records(bench.sink.name)) == {b"a": 1, b"b": 1, b"last": 1}


def suspect(bench: Bench) -> None:
    """Leave partition 0 as a process does that died at its first message, outside handle."""
    channel = bench.channel()
    batch = poll_until(channel, lambda b: bool(b.messages))
    channel.note({Partition(bench.source.name, 0): Position(0)}, batch.membership)
    bench.expire(channel)
