"""What the stories of the loop are told with: small steps written by hand, a clock, and a loop that stops in time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from canairy.errors import InvalidMessage, Unavailable
from canairy.health import Health
from canairy.stream.broker import Channel, Outgoing, Partition, Received
from canairy.stream.intake import Intake
from canairy.stream.loop import Loop, LoopOptions
from canairy.stream.step import Decoded, Step
from tests.contract.bench import Bench, DeathError

START = datetime(2026, 3, 1, 3, 12, 7, tzinfo=UTC)
QUICK = LoopOptions(limit=64, poll_s=0.2, first_backoff_s=0.02, longest_backoff_s=0.2)
PATIENCE_S = 60.0


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def identity(record: Received) -> str:
    """The deterministic identifier of the answer to a record."""
    return f"{record.topic}/{record.partition}/{record.offset}"


@dataclass
class Answering:
    """Answers each message on `sink` with a deterministic identifier. `poison` cannot be understood."""

    sink: str
    handled: list[bytes] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    forgotten: int = 0

    def decode(self, record: Received, _now: datetime) -> bytes:
        if record.value is None or record.value.startswith(b"poison"):
            raise InvalidMessage(f"cannot be understood: {record.value!r}")
        return record.value

    def handle(self, batch: Sequence[Decoded[bytes]], _now: datetime) -> Iterable[Outgoing]:
        self.batches.append(len(batch))
        return [self.answer(decoded) for decoded in batch]

    def answer(self, decoded: Decoded[bytes]) -> Outgoing:
        self.handled.append(decoded.message)
        return Outgoing(self.sink, decoded.record.key, decoded.message, {"id": identity(decoded.record).encode()})

    def state_of(self, _partition: Partition) -> Partition | None:
        return None

    def forget(self) -> None:
        self.forgotten += 1

    def restore(self, record: Received) -> None:
        raise AssertionError(f"no state was asked for: {record}")


@dataclass
class Exploding(Answering):
    """The process dies whenever it handles `killer`."""

    def answer(self, decoded: Decoded[bytes]) -> Outgoing:
        if decoded.message == b"killer":
            raise DeathError("in handle")
        return super().answer(decoded)


@dataclass
class Waiting(Answering):
    """Its dependency answers when `answers` says so. `asked` counts; `look` is called each time it does not answer."""

    answers: Callable[[], bool] = lambda: True
    look: Callable[[], None] = lambda: None
    asked: int = 0

    def handle(self, batch: Sequence[Decoded[bytes]], now: datetime) -> Iterable[Outgoing]:
        if batch:
            self.asked += 1
            if not self.answers():
                self.look()
                raise Unavailable("the model server does not answer")
        return super().handle(batch, now)


@dataclass
class Summing(Answering):
    """Sums the numbers of each key, and remembers the sums on a state topic: one record a key."""

    state: str = ""
    sums: dict[str, int] = field(default_factory=dict)

    def handle(self, batch: Sequence[Decoded[bytes]], _now: datetime) -> Iterator[Outgoing]:
        for decoded in batch:
            key, partition = decoded.record.key, decoded.record.partition
            self.sums[key] = self.sums.get(key, 0) + int(decoded.message)
            total = str(self.sums[key]).encode()
            yield Outgoing(self.sink, key, total, {"id": identity(decoded.record).encode()})
            yield Outgoing(self.state, key, total, partition=partition, state=True)

    def state_of(self, partition: Partition) -> Partition | None:
        return Partition(self.state, partition.number)

    def forget(self) -> None:
        super().forget()
        self.sums = {}

    def restore(self, record: Received) -> None:
        if record.value is None or not record.value.isdigit():
            raise InvalidMessage(f"not a sum: {record.value!r}")
        self.sums[record.key] = int(record.value)


class Watch(Health):
    """Looks after every turn whether the story has come to its end; fails when it takes too long."""

    def __init__(self, done: Callable[[], bool]) -> None:
        super().__init__()
        self.stop = threading.Event()
        self.turns = 0
        self._done = done
        self._deadline = time.monotonic() + PATIENCE_S

    def turned(self) -> None:
        super().turned()
        self.turns += 1
        if self._done():
            self.stop.set()
        elif time.monotonic() > self._deadline:
            raise AssertionError(f"not seen in {PATIENCE_S:.0f} s and {self.turns} turns")


def loop_of(channel: Channel, step: Step[bytes], **changes: Any) -> Loop[bytes]:  # noqa: ANN401 - Loop's own fields
    """A loop as a service makes it, only quicker."""
    settings: dict[str, Any] = {"intake": Intake(step, "test"), "options": QUICK}
    return Loop(channel, step, **settings | changes)


def run_until(loop: Loop[bytes], done: Callable[[], bool]) -> Watch:
    """Run as a service does, until `done` after a turn; then stop as SIGTERM does."""
    watch = Watch(done)
    loop.health = watch
    loop.run(watch.stop)
    return watch


def turn_until(loop: Loop[bytes], done: Callable[[], bool]) -> None:
    """Turn by hand until `done`: nothing is said and nothing closed afterwards, as when the machine is cut off."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, f"not seen in {PATIENCE_S:.0f} s"
        loop.turn()


def never() -> bool:
    """The story ends otherwise."""
    return False


def dies(loop: Loop[bytes], done: Callable[[], bool] = never) -> bool:
    """Run until the process dies (True) or is done (False)."""
    try:
        run_until(loop, done)
    except DeathError:
        return True
    return False


def send(bench: Bench, *values: bytes, key: str = "cam-1", partition: int | None = 0) -> None:
    """Put messages of one key on the source."""
    messages = [Outgoing(bench.source.name, key, value, partition=partition) for value in values]
    bench.producer().send(messages, timeout_s=10)


def answers(bench: Bench) -> list[bytes | None]:
    """What stands on the sink."""
    return [record.value for record in bench.records(bench.sink.name)]


def without_repeats(records: Iterable[Received]) -> list[bytes | None]:
    """As a reader sees the answers who knows each identifier once."""
    return list({record.headers["id"]: record.value for record in records}.values())


def repeats(records: Iterable[Received]) -> dict[bytes | None, int]:
    """How often each answer stands there."""
    return dict(Counter(record.value for record in records))
