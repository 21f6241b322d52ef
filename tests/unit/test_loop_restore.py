"""A state topic that takes long to read: who reads it must not be taken for dead, nor work on what it has lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from canairy.stream.broker import Batch, Outgoing, Partition, Received
from canairy.stream.loop import LoopOptions
from canairy.stream.memory import MemoryChannel
from tests.contract.bench import MemoryBench
from tests.contract.stories import QUICK, Summing, answers, loop_of, run_until, send

# Every record of the state takes longer than a member may be silent.
SLOW: LoopOptions = replace(QUICK, longest_backoff_s=0.0)
ALL_OR_LATEST = pytest.mark.parametrize("options", [SLOW, replace(SLOW, latest_state_only=True)], ids=["all", "latest"])


@dataclass
class Restored(Summing):
    """Knows what it was given of its state, in order."""

    given: list[tuple[str, bytes | None]] = field(default_factory=list)

    def restore(self, record: Received) -> None:
        self.given.append((record.key, record.value))
        super().restore(record)


class Reading(MemoryChannel):
    """Knows how often it was polled before its state had been read to the end."""

    polls = 0
    restoring = False
    polls_while_restoring = 0

    def poll(self, timeout_s: float, limit: int) -> Batch:
        self.polls_while_restoring += self.restoring
        return super().poll(timeout_s, limit)

    def read_to_end(self, partition: Partition) -> Iterator[Received]:
        self.restoring = True
        yield from super().read_to_end(partition)
        self.restoring = False


class Joined(Reading):
    """Another member joins while the state is read for the first time."""

    def __init__(self, bench: MemoryBench) -> None:
        super().__init__(bench.broker, "group", [bench.source.name])
        self._other = bench.channel()
        self.records_read: list[int] = []

    def read_to_end(self, partition: Partition) -> Iterator[Received]:
        self.records_read.append(0)
        for record in super().read_to_end(partition):
            self.records_read[-1] += 1
            yield record
            self._other.poll(0, 1)


def remembered(bench: MemoryBench, sums: int) -> None:
    """State of an earlier owner."""
    bench.producer().send([Outgoing(bench.state.name, f"k{it}", b"10", partition=0) for it in range(sums)], 1)


@ALL_OR_LATEST
def test_a_member_that_reads_a_long_state_is_polling_meanwhile_and_loses_no_message(options: LoopOptions) -> None:
    bench = MemoryBench()
    remembered(bench, 20)
    send(bench, b"1", key="k3", partition=0)
    channel = Reading(bench.broker, "group", [bench.source.name])
    step = Summing(bench.sink.name, state=bench.state.name)

    run_until(loop_of(channel, step, options=options), lambda: bool(answers(bench)))

    assert channel.polls_while_restoring == 20
    assert answers(bench) == [b"11"]


@ALL_OR_LATEST
def test_a_member_that_lost_its_partitions_while_it_read_the_state_reads_no_further_and_begins_anew(
    options: LoopOptions,
) -> None:
    bench = MemoryBench()
    remembered(bench, 20)
    channel = Joined(bench)
    step = Summing(bench.sink.name, state=bench.state.name)

    run_until(loop_of(channel, step, options=options), lambda: step.forgotten == 2)

    assert channel.records_read[0] < 20


def test_where_the_latest_state_is_enough_only_that_is_understood_in_the_order_in_which_it_was_written() -> None:
    bench = MemoryBench()
    written = [("k0", b"1"), ("k1", b"damaged"), ("k0", b"2"), ("k2", b"7"), ("k1", b"3"), ("k2", None)]
    bench.producer().send([Outgoing(bench.state.name, key, value, partition=0) for key, value in written], 1)
    step = Restored(bench.sink.name, state=bench.state.name)

    options = replace(QUICK, latest_state_only=True)
    run_until(loop_of(bench.channel(), step, options=options), lambda: bool(step.given))

    assert step.given == [("k0", b"2"), ("k1", b"3"), ("k2", None)]
    assert step.sums == {"k0": 2, "k1": 3}
