"""A broker that stops answering in the middle of the work, as a machine does whose disk hangs, and comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime

import pytest

from canairy.errors import BrokerUnavailable
from canairy.stream.broker import Outgoing, Partition
from canairy.stream.kafka import reader, writers
from canairy.stream.kafka.reader import read_partition
from canairy.stream.step import Decoded
from canairy.topics import MIB
from deploy.local.jars import ensure_jars
from deploy.local.kafka import Broker
from tests.contract.bench import KafkaBench
from tests.contract.stories import Summing, loop_of, never, run_until, send, turn_until

pytestmark = pytest.mark.kafka
# 1 + … + n of the messages 1 to 40.
SUMS = [str(n * (n + 1) // 2).encode() for n in range(1, 41)]


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that nobody else uses."""
    with Broker(tmp_path_factory.mktemp("frail"), ensure_jars()) as broker:
        yield broker


@contextmanager
def frozen(broker: Broker) -> Iterator[None]:
    """The broker does not answer, and then goes on as if nothing had been: late answers included."""
    assert broker.process.pid is not None
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)


class Freezing(Summing):
    """Calls `now` when it has handled its first batch."""

    froze = False

    def freeze(self) -> None:
        raise NotImplementedError

    def handle(self, batch: Sequence[Decoded[bytes]], now: datetime) -> Iterator[Outgoing]:
        answers: Iterable[Outgoing] = list(super().handle(batch, now))
        if batch and not self.froze:
            self.froze = True
            self.freeze()
        yield from answers


def test_each_message_is_counted_once_though_the_broker_did_not_answer_in_the_middle(
    frail: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "TRANSACTION_TIMEOUT_S", 2.0)
    bench = KafkaBench(frail.bootstrap)
    send(bench, *[str(n).encode() for n in range(1, 41)])
    step = Freezing(bench.sink.name, state=bench.state.name)
    loop = loop_of(bench.channel(transactional=True), step)
    with ExitStack() as ice:
        step.freeze = lambda: ice.enter_context(frozen(frail))  # type: ignore[method-assign]
        # The transaction gets no answer and is dropped, and the next term cannot begin.
        with pytest.raises(BrokerUnavailable):
            turn_until(loop, never)
    run_until(loop, lambda: step.sums == {"cam-1": 820})

    assert step.froze
    assert [record.value for record in bench.records(bench.sink.name)] == SUMS
    bench.close()


def test_reading_a_state_whose_broker_goes_away_ends_in_an_error_not_in_a_state_that_is_too_short(
    frail: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "REQUEST_TIMEOUT_S", 1.0)
    bench = KafkaBench(frail.bootstrap)
    for number in range(4):
        large = Outgoing(bench.state.name, f"point-{number}", b"x" * (6 * MIB), partition=0)
        bench.producer().send([large], timeout_s=10)
    records = read_partition(bench.settings, Partition(bench.state.name, 0))
    assert next(records).key == "point-0"

    with frozen(frail), pytest.raises(BrokerUnavailable, match=r"state/0 ends at 4, nothing comes after \d"):
        list(records)

    bench.close()
