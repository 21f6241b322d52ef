"""A broker that is killed in the middle of the work, and comes back: a broker of each story's own."""

from __future__ import annotations

import pytest

from canairy.errors import BrokerUnavailable
from canairy.stream.broker import Outgoing, Partition
from canairy.stream.kafka import reader, writers
from canairy.stream.kafka.reader import read_partition
from canairy.topics import MIB
from deploy.local.kafka import Broker
from tests.conftest import NewBroker
from tests.contract.bench import KafkaBench
from tests.contract.stories import Summing, loop_of, run_until, send, turn_until

# 1 + … + n of the messages 1 to 40.
SUMS = [str(n * (n + 1) // 2).encode() for n in range(1, 41)]


def kill(broker: Broker) -> None:
    broker.stop(grace_s=0)


def test_each_message_is_counted_once_though_the_broker_was_killed_in_the_middle(
    new_broker: NewBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "TRANSACTION_TIMEOUT_S", 3.0)
    broker = new_broker()
    bench = KafkaBench(broker.bootstrap)
    send(bench, *[str(n).encode() for n in range(1, 21)])
    step = Summing(bench.sink.name, state=bench.state.name)
    loop = loop_of(bench.channel(transactional=True), step)
    turn_until(loop, lambda: step.sums == {"cam-1": 210})
    send(bench, *[str(n).encode() for n in range(21, 41)])
    handle = step.handle
    killed: list[bool] = []

    def handle_and_lose_the_broker(batch: object, now: object) -> object:
        answers = list(handle(batch, now))  # type: ignore[arg-type]
        if batch and not killed:
            killed.append(True)
            kill(broker)
        return answers

    step.handle = handle_and_lose_the_broker  # type: ignore[method-assign, assignment]
    # The transaction finds nobody, then the next term finds nobody: every turn ends all the same.
    turn_until_unavailable(loop)
    broker.start()

    run_until(loop, lambda: step.sums == {"cam-1": 820})

    assert killed
    assert [record.value for record in bench.records(bench.sink.name)] == SUMS
    bench.close()


def test_reading_a_state_whose_broker_goes_away_ends_in_an_error_not_in_a_state_that_is_too_short(
    new_broker: NewBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "REQUEST_TIMEOUT_S", 1.0)
    broker = new_broker()
    bench = KafkaBench(broker.bootstrap)
    for number in range(4):
        large = Outgoing(bench.state.name, f"point-{number}", b"x" * (6 * MIB), partition=0)
        bench.producer().send([large], timeout_s=10)
    records = read_partition(bench.settings, Partition(bench.state.name, 0))
    assert next(records).key == "point-0"

    kill(broker)

    with pytest.raises(BrokerUnavailable, match=r"state/0 ends at 4, nothing comes after \d"):
        list(records)
    bench.close()


def turn_until_unavailable(loop: object) -> None:
    with pytest.raises(BrokerUnavailable):
        turn_until(loop, lambda: False)  # type: ignore[arg-type]
