"""Memory waits for company: what tells nobody anything is published with what follows, and never lost by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from hypothesis import example, given
from hypothesis import strategies as st

from canairy.stream.broker import Outgoing
from canairy.stream.held import Held
from canairy.stream.loop import Loop, LoopOptions
from canairy.stream.step import Decoded
from tests.contract.bench import MemoryBench
from tests.contract.stories import Answering, Summing, dies, loop_of, run_until, send
from tests.unit.test_loop import MISHAPS, Mishaps

QUIET, LOUD = b"1", b"01"
FOR_EVER = LoopOptions(limit=1, poll_s=0, first_backoff_s=0, hold_s=3600)


class Discreet(Summing):
    """Counts the messages, and tells the count only at the loud ones."""

    def handle(self, batch: Sequence[Decoded[bytes]], now: datetime) -> Iterator[Outgoing]:
        loud = {decoded.record.offset for decoded in batch if decoded.message == LOUD}
        for decoded in batch:
            answer, memory = super().handle([decoded], now)
            yield from (answer, memory) if decoded.record.offset in loud else (memory,)

    @property
    def count(self) -> int:
        return self.sums.get("cam-1", 0)


def discreet(bench: MemoryBench) -> Discreet:
    return Discreet(bench.sink.name, state=bench.state.name)


def written(bench: MemoryBench, topic: str) -> list[bytes | None]:
    return [record.value for record in bench.records(topic)]


def test_what_is_told_goes_at_once_with_the_newest_memory_of_all_that_was_held() -> None:
    bench = MemoryBench()
    send(bench, QUIET, QUIET, LOUD, QUIET)
    step = discreet(bench)

    run_until(loop_of(bench.channel(), step, options=FOR_EVER), lambda: bool(written(bench, bench.sink.name)))

    assert written(bench, bench.sink.name) == [b"3"]
    assert written(bench, bench.state.name) == [b"3"]


def test_what_has_waited_long_enough_goes_although_nobody_was_told() -> None:
    bench = MemoryBench()
    send(bench, QUIET, QUIET)
    step = discreet(bench)

    run_until(
        loop_of(bench.channel(), step, options=replace(FOR_EVER, hold_s=0.05)),
        lambda: written(bench, bench.state.name)[-1:] == [b"2"],
    )

    assert written(bench, bench.sink.name) == []


def test_a_stop_publishes_what_was_held() -> None:
    bench = MemoryBench()
    send(bench, QUIET, QUIET)
    step = discreet(bench)

    run_until(loop_of(bench.channel(), step, options=FOR_EVER), lambda: step.count == 2)
    after = Answering(bench.sink.name)
    send(bench, b"next")
    run_until(loop_of(bench.channel(), after), lambda: bool(after.handled))

    assert written(bench, bench.state.name) == [b"2"]
    assert after.handled == [b"next"]


@example(messages=[LOUD, QUIET], mishaps=["none", "not known"], limit=1)
@given(
    messages=st.lists(st.sampled_from([QUIET, LOUD]), min_size=1, max_size=12),
    mishaps=st.lists(MISHAPS, max_size=8),
    limit=st.integers(1, 4),
)
def test_whatever_happens_each_message_counts_once(messages: list[bytes], mishaps: list[str], limit: int) -> None:
    bench = MemoryBench()
    send(bench, *messages)
    total = str(len(messages)).encode()

    while written(bench, bench.state.name)[-1:] != [total]:
        dies(*life(bench, mishaps, replace(FOR_EVER, limit=limit), len(messages)))
    # Whoever comes next begins where the last one ended.
    send(bench, LOUD)
    dies(*life(bench, [], FOR_EVER, len(messages) + 1))

    told = [str(place + 1).encode() for place, message in enumerate([*messages, LOUD]) if message == LOUD]
    assert written(bench, bench.sink.name) == told
    assert bench.records(bench.dead.name) == []


def life(
    bench: MemoryBench, mishaps: list[str], options: LoopOptions, total: int
) -> tuple[Loop[bytes], Callable[[], bool]]:
    """One process's life, which ends by death or when it has counted all."""
    step = discreet(bench)
    loop = loop_of(Mishaps(bench, mishaps), step, options=options, sleep=lambda _seconds: None)
    return loop, lambda: step.count == total


def test_how_long_it_may_wait() -> None:
    now = [100.0]
    held = Held(clock=lambda: now[0])

    assert held.may_wait_s(5) is None
    held.add([], [Outgoing("state", "a", b"1", state=True)])
    now[0] += 2
    assert held.may_wait_s(5) == 3
    now[0] += 9
    assert held.may_wait_s(5) == 0


def test_what_somebody_reads_may_not_wait() -> None:
    held = Held()

    held.add([], [Outgoing("state", "a", b"1", state=True), Outgoing("alerts", "a", b"!")])

    assert held.may_wait_s(3600) == 0
    assert [message.topic for message in held.outgoing] == ["alerts", "state"]
