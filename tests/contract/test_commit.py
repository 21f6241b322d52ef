"""Order within a key, and commit comes last: nothing is lost, and what is repeated can be recognised."""

from __future__ import annotations

import pytest

from canairy.stream.broker import Outgoing, Partition
from tests.contract.bench import Bench, DeathError
from tests.contract.stories import Answering, loop_of, repeats, run_until, send, without_repeats


def test_answers_of_one_key_stand_in_the_order_of_its_messages(bench: Bench) -> None:
    sent = [(f"cam-{n % 3}", str(n).encode()) for n in range(60)]
    bench.producer().send([Outgoing(bench.source.name, key, value) for key, value in sent], timeout_s=10)
    step = Answering(bench.sink.name)

    run_until(loop_of(bench.channel(), step), lambda: len(step.handled) == len(sent))

    answered = bench.records(bench.sink.name)
    for camera in ("cam-0", "cam-1", "cam-2"):
        assert [r.value for r in answered if r.key == camera] == [v for k, v in sent if k == camera]


def test_everything_handled_is_committed(bench: Bench) -> None:
    send(bench, b"1", b"2", b"3")
    channel, step = bench.channel(), Answering(bench.sink.name)
    loop = loop_of(channel, step)

    run_until(loop, lambda: len(step.handled) == 3)

    committed = bench.channel().committed(Partition(bench.source.name, 0))
    assert committed is not None
    assert committed.offset == 3


@pytest.mark.parametrize("transactional", [False, True])
def test_a_crash_between_produce_and_commit_repeats_the_answers_recognisably(bench: Bench, transactional: bool) -> None:
    send(bench, b"1", b"2", b"3")
    channel = bench.channel(transactional=transactional)
    bench.die_before_commit(channel)
    with pytest.raises(DeathError):
        run_until(loop_of(channel, Answering(bench.sink.name)), lambda: False)

    second = Answering(bench.sink.name)
    run_until(loop_of(bench.channel(transactional=transactional), second), lambda: len(second.handled) == 3)

    written = bench.records(bench.sink.name)
    assert repeats(written) == dict.fromkeys((b"1", b"2", b"3"), 1 if transactional else 2)
    assert without_repeats(written) == [b"1", b"2", b"3"]
