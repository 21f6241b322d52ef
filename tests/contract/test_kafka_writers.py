"""What only the real Kafka can show of writing: sizes, topics that are not there, what a failure leaves behind."""

from __future__ import annotations

import kafka.errors
import pytest

from canairy.stream.broker import Outgoing, Partition, Position
from canairy.stream.dead_letter import REASON
from canairy.topics import MAX_MESSAGE_BYTES, MIB
from tests.contract.bench import KafkaBench, poll_until
from tests.contract.stories import Answering, loop_of, run_until, send

pytestmark = pytest.mark.kafka
# Refused by the client, and by the broker.
TOO_LARGE = b"x" * (MAX_MESSAGE_BYTES + 2 * MIB)
REFUSED = b"x" * (MAX_MESSAGE_BYTES + MIB // 2)


@pytest.mark.parametrize("transactional", [False, True])
def test_an_answer_that_is_too_large_is_a_defect_and_leaves_no_memory_of_its_message(
    kafka_bench: KafkaBench, transactional: bool
) -> None:
    bench = kafka_bench
    send(bench, b"frame")
    channel = bench.channel(transactional=transactional)
    batch = poll_until(channel, lambda b: bool(b.messages))
    remembered = Outgoing(bench.state.name, "cam-1", b"seen", partition=0, state=True)
    answer = Outgoing(bench.sink.name, "cam-1", TOO_LARGE)

    with pytest.raises(kafka.errors.MessageSizeTooLargeError):
        channel.publish([remembered, answer], {Partition(bench.source.name, 0): Position(1)}, batch.membership)

    assert bench.records(bench.state.name) == []
    assert channel.committed(Partition(bench.source.name, 0)) is None


def test_an_answer_that_the_broker_refuses_takes_its_transaction_with_it(kafka_bench: KafkaBench) -> None:
    """In a transaction nobody asks for each answer's fate, and to commit without it would lose the message."""
    bench = kafka_bench
    send(bench, b"frame")
    channel = bench.channel(transactional=True)
    batch = poll_until(channel, lambda b: bool(b.messages))
    answers = [Outgoing(bench.sink.name, "cam-1", b"small"), Outgoing(bench.sink.name, "cam-1", REFUSED)]

    with pytest.raises(kafka.errors.MessageSizeTooLargeError):
        channel.publish(answers, {Partition(bench.source.name, 0): Position(1)}, batch.membership)

    assert channel.committed(Partition(bench.source.name, 0)) is None
    assert bench.records(bench.sink.name) == []


def test_the_largest_message_fits_among_the_dead_letters_with_its_reason(kafka_bench: KafkaBench) -> None:
    """Otherwise the process would die of it for ever."""
    bench = kafka_bench
    largest = b"poison" + b"x" * (MAX_MESSAGE_BYTES - 100)
    send(bench, largest, b"next")
    step = Answering(bench.sink.name)

    run_until(loop_of(bench.channel(), step), lambda: step.handled == [b"next"])

    (dead,) = bench.records(bench.dead.name)
    assert dead.value == largest
    assert dead.headers[REASON].startswith(b"cannot be understood")
