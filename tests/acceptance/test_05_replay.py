"""Replay is exact on the real broker too: one recording, four ways to come, the same alerts to the byte.

The recording is simulated: two cameras, a group in one frame and one across both, a hot spot, canaries. What it must
give is what an undisturbed judge gives for it on the broker in memory; thousands of other ways are told there
(`tests/unit/test_judge_replay_loop.py`). Each way has a fresh Kafka, the real loop and channel, in transactions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, NoReturn

import pytest

from canairy.errors import Unavailable
from canairy.messages.reading import Reading
from canairy.settings import KafkaSettings
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Partition
from canairy.stream.intake import Intake
from canairy.stream.kafka import KafkaChannel, KafkaProducer, KafkaReader
from canairy.stream.kafka.producer import send_all
from canairy.stream.loop import Loop, LoopOptions
from canairy.topics import ALERTS, BY_NAME, CONSUMED, READINGS, dead_letters
from deploy.local.topics import open_admin, prepare_topics
from services.alerting.handler import Alerting
from services.alerting.judge.intake import Input
from tests.conftest import TOPIC_SHARE, NewBroker
from tests.helpers.judging import canary
from tests.helpers.replaying import JUDGED, NOW, DeathError, World
from tests.helpers.scenes import SITE, frame_of

GROUP = "replay.alerting"
# Only bounds a test that would hang.
TURNS = 600
SECONDS = 40


def recording() -> list[list[Reading]]:
    """Frames of both cameras in order of time; always the same ones."""
    random, frames = Random(20260301), list[list[Reading]]()
    kinds = ["cool", "cool", "warm", "hot", "hot", "unmeasured"]
    for second in range(SECONDS):
        names = ("a", "b", "x", "v1/find-1")
        frames.append(frame_of({name: random.choice(kinds) for name in names}, second))
        frames.append(frame_of({"y": random.choice(kinds)}, second + 0.4, "cam-2", "v2"))
        if second % 10 == 5:
            frames.append([canary(second + 0.7)])
    # Long after all others, so that nothing waits any more for a slower camera.
    return [*frames, frame_of({"a": "cool"}, SECONDS + 10), frame_of({"y": "cool"}, SECONDS + 10, "cam-2", "v2")]


def flat(frames: Sequence[Sequence[Reading]]) -> list[Reading]:
    return [reading for frame in frames for reading in frame]


def shifted(frames: Sequence[Sequence[Reading]]) -> list[Reading]:
    """One camera's frames come up to 4 s behind the other's: at first that one's, in the end this one's."""

    def comes(frame: Sequence[Reading]) -> float:
        header = frame[0].header
        second = (header.captured_at - frames[0][0].header.captured_at).total_seconds()
        share = second / SECONDS
        return second + 4 * {"cam-1": share, "cam-2": 1 - share}.get(header.camera, 0.5)

    return flat(sorted(frames, key=comes))


@dataclass
class Judge:
    """A judge in this process that can die; `begin` makes its successor."""

    settings: KafkaSettings
    limit: int
    _loop: Loop[Input] | None = None
    _channel: KafkaChannel | None = None

    def begin(self) -> None:
        """A fresh process joins the group."""
        step = Alerting(SITE)
        self._channel = KafkaChannel(self.settings, GROUP, [BY_NAME[name] for name in JUDGED], transactional_id=GROUP)
        options = LoopOptions(limit=self.limit, poll_s=0.2, latest_state_only=True)
        self._loop = Loop(self._channel, step, Intake(step, "alerting"), options, clock=lambda: NOW)

    def run_to(self, offset: int) -> None:
        """Turn until the readings up to `offset` are committed."""
        assert self._loop is not None
        assert self._channel is not None
        for _ in range(TURNS):
            try:
                self._loop.turn()
            except Unavailable:  # a broker that has just started: `Loop.run` would wait as well
                time.sleep(0.1)
                continue
            position = self._channel.committed(Partition(READINGS, 0))
            if position is not None and position.offset >= offset:
                return
        raise AssertionError(f"readings up to {offset} were not judged in {TURNS} turns")

    def die_in_the_next_transaction(self) -> None:
        """Everything is written, and the process dies before it commits."""
        assert self._channel is not None
        writer: Any = self._channel._writer
        writer._transact = lambda outgoing, *_: _write_and_die(writer, outgoing)
        with pytest.raises(DeathError):
            self.run_to(sys.maxsize)
        self.stop()

    def stop(self) -> None:
        """It goes without a word: whoever comes next handles the first messages one by one."""
        assert self._channel is not None
        self._channel.close()


def _write_and_die(writer: Any, outgoing: Sequence[Outgoing]) -> NoReturn:  # noqa: ANN401 - the channel's own
    writer._client.begin_transaction()
    send_all(writer._client, outgoing, 10)
    raise DeathError("between produce and commit")


@dataclass
class Bench:
    """A fresh Kafka with our topics, and a judge."""

    settings: KafkaSettings
    judge: Judge
    written: int = 0

    def write(self, readings: Sequence[Reading]) -> int:
        """Write readings; the offset behind the last of them."""
        producer = KafkaProducer(self.settings)
        try:
            head = schema.header("Reading")
            producer.send([Outgoing(READINGS, it.asset, it.encode(), head) for it in readings], 30)
        finally:
            producer.close()
        self.written += len(readings)
        return self.written

    def values(self, *topics: str) -> list[str]:
        """Everything committed on topics."""
        reader = KafkaReader(self.settings, topics)
        found: list[str] = []
        try:
            while not reader.at_end():
                found += [(record.value or b"").decode() for record in reader.poll(0.5, 1000)]
        finally:
            reader.close()
        return found


@contextmanager
def bench(new_broker: NewBroker, limit: int) -> Iterator[Bench]:
    settings = KafkaSettings(kafka_bootstrap=new_broker().bootstrap)
    with open_admin(settings) as admin:
        prepare_topics(admin, share=TOPIC_SHARE)
    judge = Judge(settings, limit)
    judge.begin()
    try:
        yield Bench(settings, judge)
    finally:
        judge.stop()


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """What an undisturbed judge says to the recording, in memory."""
    world = World(SITE, limit=10_000)
    world.tell(flat(recording()))
    alerts = world.settle().alerts
    kinds = {kind for kind in ("raised", "returned", "heartbeat") if any(f".{kind}.v1" in it for it in alerts)}
    assert kinds == {"raised", "returned", "heartbeat"}
    assert len(alerts) > 30
    return alerts


def test_all_at_once(new_broker: NewBroker, expected: list[str]) -> None:
    with bench(new_broker, limit=500) as kafka:
        kafka.judge.run_to(kafka.write(flat(recording())))

        assert kafka.values(ALERTS) == expected


def test_in_small_batches_with_the_cameras_shifted_against_each_other(
    new_broker: NewBroker, expected: list[str]
) -> None:
    with bench(new_broker, limit=7) as kafka:
        kafka.judge.run_to(kafka.write(shifted(recording())))

        assert sorted(kafka.values(ALERTS)) == sorted(expected)


def test_with_suffixes_that_come_again(new_broker: NewBroker, expected: list[str]) -> None:
    readings = flat(recording())
    with bench(new_broker, limit=50) as kafka:
        for begin, end, repeats in ((0, 60, 20), (60, 100, 45), (100, 101, 1), (101, len(readings), 80)):
            kafka.write(readings[begin:end])
            kafka.judge.run_to(kafka.write(readings[end - repeats : end]))

        assert kafka.values(ALERTS) == expected


def test_with_deaths_between_produce_and_commit_and_after_it(new_broker: NewBroker, expected: list[str]) -> None:
    readings = flat(recording())
    with bench(new_broker, limit=20) as kafka:
        for place, end in enumerate(range(30, len(readings) + 30, 30)):
            offset = kafka.write(readings[end - 30 : end])
            if place % 2:
                kafka.judge.die_in_the_next_transaction()
            else:
                kafka.judge.run_to(offset)
                kafka.judge.stop()
            kafka.judge.begin()
        kafka.judge.run_to(len(readings))

        assert kafka.values(ALERTS) == expected
        assert kafka.values(*(dead_letters(name) for name in CONSUMED)) == []
