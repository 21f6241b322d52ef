"""State on a topic: another member goes on where the first was cut off; damage is skipped, and said to be."""

from __future__ import annotations

from structlog.testing import capture_logs

from canairy import metrics
from canairy.stream.broker import Outgoing
from canairy.stream.dead_letter import INVALID
from canairy.stream.loop import LoopOptions
from tests.contract.bench import Bench
from tests.contract.stories import Summing, dies, loop_of, run_until, send, turn_until

FEW = LoopOptions(limit=5, poll_s=0.2, first_backoff_s=0.02, longest_backoff_s=0.2)
# Running sums of 1 to 20.
SUMS = [str(n * (n + 1) // 2).encode() for n in range(1, 21)]


def summing(bench: Bench) -> Summing:
    return Summing(bench.sink.name, state=bench.state.name)


def numbers(first: int, last: int) -> list[bytes]:
    return [str(n).encode() for n in range(first, last + 1)]


def running_sums(bench: Bench, key: str) -> list[bytes | None]:
    return [record.value for record in bench.records(bench.sink.name) if record.key == key]


def test_the_second_member_restores_the_state_and_goes_on_where_the_first_was_cut_off(bench: Bench) -> None:
    for key, partition in (("cam-1", 0), ("cam-2", 1)):
        send(bench, *numbers(1, 20), key=key, partition=partition)
    cut_off = bench.channel(transactional=True)
    turn_until(loop_of(cut_off, summing(bench), options=FEW), lambda: len(bench.records(bench.sink.name)) >= 15)
    bench.expire(cut_off)

    second = summing(bench)
    loop = loop_of(bench.channel(transactional=True), second, options=FEW)
    run_until(loop, lambda: second.sums == {"cam-1": 210, "cam-2": 210})

    assert running_sums(bench, "cam-1") == SUMS
    assert running_sums(bench, "cam-2") == SUMS


def test_a_crash_before_the_commit_leaves_no_trace_in_the_state(bench: Bench) -> None:
    send(bench, *numbers(1, 5))
    channel = bench.channel(transactional=True)
    loop = loop_of(channel, summing(bench), options=FEW)
    turn_until(loop, lambda: running_sums(bench, "cam-1") == SUMS[:5])
    bench.die_before_commit(channel)
    send(bench, *numbers(6, 10))
    assert dies(loop)

    second = summing(bench)
    run_until(loop_of(bench.channel(transactional=True), second, options=FEW), lambda: second.sums == {"cam-1": 55})

    assert running_sums(bench, "cam-1") == SUMS[:10]


def test_a_corrupt_record_of_the_state_is_skipped_counted_and_said(bench: Bench) -> None:
    written = [("cam-1", b"100"), ("cam-2", b"\xff\x00 not a sum"), ("cam-3", b"300")]
    bench.producer().send([Outgoing(bench.state.name, key, value, partition=0) for key, value in written], 10)
    for key in ("cam-1", "cam-2", "cam-3"):
        send(bench, b"1", key=key)
    counted = metrics.MESSAGES_INVALID.labels(bench.state.name, INVALID)._value
    before = counted.get()
    step = summing(bench)

    with capture_logs() as said:
        run_until(loop_of(bench.channel(), step), lambda: len(step.sums) == 3)

    assert step.sums == {"cam-1": 101, "cam-2": 1, "cam-3": 301}
    assert counted.get() - before == 1
    assert [(line["topic"], line["key"]) for line in said if line["event"] == "state record skipped"] == [
        (bench.state.name, "cam-2")
    ]
