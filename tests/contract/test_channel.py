"""The broker port, in memory and on the real Kafka: what a channel promises to the loop."""

from __future__ import annotations

import pytest

from canairy.errors import Fenced
from canairy.stream.broker import Outgoing, Partition, Position
from tests.contract.bench import Bench, message, poll_until, settle


def test_messages_of_one_key_come_in_the_order_they_were_sent(bench: Bench) -> None:
    sent = [(f"cam-{n % 3}", f"{n}".encode()) for n in range(60)]
    bench.producer().send([message(bench.source, key, value) for key, value in sent], timeout_s=10)

    batch = poll_until(bench.channel(), lambda b: len(b.messages) == len(sent))

    for key in ("cam-0", "cam-1", "cam-2"):
        assert [m.value for m in batch.messages if m.key == key] == [v for k, v in sent if k == key]


def test_a_new_group_begins_at_the_earliest_message(bench: Bench) -> None:
    bench.producer().send([message(bench.source, "cam-1", b"before anyone listened")], timeout_s=10)

    batch = poll_until(bench.channel(), lambda b: bool(b.messages))

    assert [m.value for m in batch.messages] == [b"before anyone listened"]


def test_a_poll_gives_no_more_than_asked(bench: Bench) -> None:
    channel = bench.channel()
    settle(channel)
    bench.producer().send([message(bench.source, "cam-1", bytes([n])) for n in range(10)], timeout_s=10)

    sizes = [len(channel.poll(0.5, 3).messages) for _ in range(8)]

    assert max(sizes) == 3
    assert sum(sizes) == 10


@pytest.mark.parametrize("transactional", [False, True])
def test_what_is_published_is_there_and_the_offset_is_committed(bench: Bench, transactional: bool) -> None:
    bench.producer().send([message(bench.source, "cam-1", b"frame", 0)], timeout_s=10)
    channel = bench.channel(transactional=transactional)
    batch = poll_until(channel, lambda b: bool(b.messages))

    answer = Outgoing(bench.sink.name, "cam-1", b"answer", {"traceparent": b"00-1"})
    channel.publish([answer], {Partition(bench.source.name, 0): Position(1, "note")}, batch.membership)

    (written,) = bench.records(bench.sink.name)
    assert (written.key, written.value, written.headers["traceparent"]) == ("cam-1", b"answer", b"00-1")
    assert channel.committed(Partition(bench.source.name, 0)) == Position(1, "note")


@pytest.mark.parametrize("transactional", [False, True])
def test_uncommitted_messages_come_again_to_the_next_member(bench: Bench, transactional: bool) -> None:
    bench.producer().send([message(bench.source, "cam-1", b"1", 0), message(bench.source, "cam-1", b"2", 0)], 10)
    first = bench.channel(transactional=transactional)
    batch = poll_until(first, lambda b: len(b.messages) == 2)
    first.publish([], {Partition(bench.source.name, 0): Position(1)}, batch.membership)
    first.close()

    again = poll_until(bench.channel(transactional=transactional), lambda b: bool(b.messages))

    assert [m.value for m in again.messages] == [b"2"]


@pytest.mark.parametrize("transactional", [False, True])
def test_start_over_tells_the_partitions_again_and_begins_at_the_commit(bench: Bench, transactional: bool) -> None:
    bench.producer().send([message(bench.source, "cam-1", bytes([n]), 0) for n in range(4)], timeout_s=10)
    channel = bench.channel(transactional=transactional)
    batch = poll_until(channel, lambda b: len(b.messages) == 4)
    channel.publish([], {Partition(bench.source.name, 0): Position(2)}, batch.membership)

    channel.start_over()
    again = poll_until(channel, lambda b: len(b.messages) == 2)

    assert again.assigned == frozenset(Partition(bench.source.name, number) for number in (0, 1))
    assert [m.offset for m in again.messages] == [2, 3]


@pytest.mark.parametrize("transactional", [False, True])
def test_a_member_whose_session_ended_cannot_write_its_batch(bench: Bench, transactional: bool) -> None:
    bench.producer().send([message(bench.source, "cam-1", b"frame", 0)], timeout_s=10)
    old = bench.channel(transactional=transactional)
    batch = poll_until(old, lambda b: bool(b.messages))
    bench.expire(old)
    new = bench.channel(transactional=transactional)
    taken = poll_until(new, lambda b: bool(b.messages))
    new.publish([Outgoing(bench.sink.name, "cam-1", b"new")], {}, taken.membership)

    with pytest.raises(Fenced):
        old.publish(
            [Outgoing(bench.sink.name, "cam-1", b"old")],
            {Partition(bench.source.name, 0): Position(1)},
            batch.membership,
        )

    if transactional:
        assert [m.value for m in bench.records(bench.sink.name)] == [b"new"]


def test_paused_polls_give_nothing_and_keep_the_membership(bench: Bench) -> None:
    channel = bench.channel()
    settle(channel)
    channel.pause()
    bench.producer().send([message(bench.source, "cam-1", b"frame", 0)], timeout_s=10)

    while_paused = [channel.poll(0.3, 10) for _ in range(3)]
    channel.resume()
    batch = poll_until(channel, lambda b: bool(b.messages))

    assert all(not b.messages and b.assigned is None for b in while_paused)
    channel.publish([], {Partition(bench.source.name, 0): Position(1)}, batch.membership)


def test_the_state_is_read_from_its_start_to_its_end_with_tombstones(bench: Bench) -> None:
    written = [
        Outgoing(bench.state.name, f"point-{n}", None if n % 3 == 0 else b"state", partition=0) for n in range(9)
    ]
    bench.producer().send(written, timeout_s=10)

    read = list(bench.channel().read_to_end(Partition(bench.state.name, 0)))

    assert [(m.key, m.value) for m in read] == [(m.key, m.value) for m in written]
    assert list(bench.channel().read_to_end(Partition(bench.state.name, 1))) == []


def test_a_note_is_kept_beside_the_offset(bench: Bench) -> None:
    channel = bench.channel()
    settle(channel)
    batch = channel.poll(0.1, 1)

    channel.note({Partition(bench.source.name, 1): Position(0, "attempt 2")}, batch.membership)

    assert channel.committed(Partition(bench.source.name, 1)) == Position(0, "attempt 2")
    assert channel.committed(Partition(bench.source.name, 0)) is None
