"""Starting: topics that are missing or wrong stop a service with their names, a broker that is away does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from canairy.errors import BrokerUnavailable, ConfigurationError
from canairy.settings import KafkaSettings
from canairy.stream.kafka import KafkaChannel
from canairy.stream.loop import LoopOptions
from canairy.topics import Topic
from deploy.local.ports import free_port
from tests.contract.bench import KafkaBench, MemoryBench
from tests.contract.stories import QUICK, Answering, answers, loop_of, never, run_until, send

kafka_only = pytest.mark.kafka


@kafka_only
def test_missing_topics_and_wrong_partitions_are_named_and_nothing_starts(kafka_bench: KafkaBench) -> None:
    bench = kafka_bench
    wrong = Topic(bench.source.name, partitions=3)
    channel = KafkaChannel(bench.settings, bench.name, [wrong, bench.sink, Topic("thermal.nothing")])

    with pytest.raises(ConfigurationError) as error:
        run_until(loop_of(channel, Answering(bench.sink.name)), never)

    assert str(error.value).splitlines() == [
        f"topic {bench.source.name} has 2 partitions where 3 belong: keys would move; make the topic anew",
        "topic thermal.nothing is missing: make the topics (python -m deploy.local.topics)",
    ]


def test_with_the_broker_away_the_loop_keeps_turning_and_works_when_it_comes() -> None:
    bench = MemoryBench()
    send(bench, b"1", b"2")
    step = Answering(bench.sink.name)
    loop = loop_of(bench.channel(), step, options=QUICK)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        bench.broker.available = len(waits) == 6

    loop.sleep = sleep
    bench.broker.available = False

    watch = run_until(loop, lambda: step.handled == [b"1", b"2"])

    # Each turn ends and is seen by the liveness probe; the waits grow and stay bounded.
    assert waits == [0.02, 0.04, 0.08, 0.16, 0.2, 0.2]
    assert watch.turns > len(waits)
    assert answers(bench) == [b"1", b"2"]


@kafka_only
def test_with_nobody_listening_each_turn_says_so_and_leaves_no_thread_behind() -> None:
    channel = KafkaChannel(KafkaSettings(kafka_bootstrap=f"127.0.0.1:{free_port()}"), "group", [Topic("t")])
    threads = set(threading.enumerate())
    loop = loop_of(channel, Answering("t"))

    for _ in range(2):
        with pytest.raises(BrokerUnavailable, match="Kafka does not answer"):
            loop.turn()

    assert set(threading.enumerate()) <= threads


@kafka_only
def test_the_loop_that_started_before_the_broker_works_when_it_comes(kafka_bench: KafkaBench) -> None:
    bench = kafka_bench
    send(bench, b"1", b"2")
    port = free_port()
    early = KafkaSettings(kafka_bootstrap=f"127.0.0.1:{port}", kafka_session_timeout_s=3)
    step = Answering(bench.sink.name)
    options = LoopOptions(poll_s=0.2, first_backoff_s=0.1, longest_backoff_s=0.1)
    loop = loop_of(KafkaChannel(early, bench.name, [bench.source]), step, options=options)
    with pytest.raises(BrokerUnavailable):
        loop.turn()

    with relay(port, bench.settings.kafka_bootstrap):
        run_until(loop, lambda: step.handled == [b"1", b"2"])

    assert answers(bench) == [b"1", b"2"]


@contextmanager
def relay(port: int, bootstrap: str) -> Iterator[None]:
    """Listen on `port` as a broker would that has just come up: what arrives goes to the real one, and back."""
    host, _, real_port = bootstrap.partition(":")
    loop = asyncio.new_event_loop()
    copies: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(real_port))
        copies.update({loop.create_task(_copy(reader, back)), loop.create_task(_copy(there, writer))})

    server = loop.run_until_complete(asyncio.start_server(accept, "127.0.0.1", port))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, copies), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()


async def _end(server: asyncio.Server, copies: set[asyncio.Task[None]]) -> None:
    server.close()
    for task in copies:
        task.cancel()
    await asyncio.gather(*copies, return_exceptions=True)
