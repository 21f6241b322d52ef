"""A way from readings to alerts on a broker in memory, on which processes die at every place and are started again.

A relay stands for detection and anomaly: at least once, so a death between produce and commit repeats what it wrote.
The judge is the real one (`Loop`, `Alerting`), in transactions: a death before the commit writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeVar

from canairy.messages.reading import Reading
from canairy.site.model import Site
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Partition, Position, Received
from canairy.stream.intake import Intake
from canairy.stream.loop import Loop, LoopOptions
from canairy.stream.memory import MemoryBroker, MemoryChannel
from canairy.stream.step import Decoded, Step
from canairy.topics import (
    ALERTS,
    ALL_TOPICS,
    AUDIT,
    CAMERAS,
    COMMANDS,
    CONSUMED,
    DETECTIONS,
    MEASUREMENTS,
    READINGS,
    dead_letters,
)
from services.alerting.handler import Alerting
from services.alerting.judge.intake import Input
from tests.helpers.judging import TOPIC_OF, at

M = TypeVar("M")
Commits = Literal["once", "last", "first"]

NOW: Final = at(60)
JUDGED: Final = (READINGS, CAMERAS, MEASUREMENTS, COMMANDS)
# Three deaths inside `handle` of one message are the message's fault, so no story has so many.
MOST_IN_HANDLE: Final = 2
# More turns than any story needs: who does not come to the end by then never does.
TURNS: Final = 2000


class DeathError(Exception):
    """Stands for a process that dies: nobody catches it."""


class Death(Enum):
    """Where a process dies."""

    IN_HANDLE = "in handle"
    BEFORE_WRITING = "before anything is written"
    BEFORE_COMMIT = "after it has written, before it commits"
    AFTER_COMMIT = "after the commit, before it knows of it"


@dataclass
class Fate:
    """What will happen to a process next."""

    death: Death | None = None

    def meet(self, *deaths: Death) -> None:
        if self.death in deaths:
            raise DeathError(self.death)


class MortalChannel(MemoryChannel):
    """Commits `once` with what it writes, `last`, or (which no service should) `first`; may die on the way."""

    def __init__(self, broker: MemoryBroker, group: str, topics: Sequence[str], fate: Fate, commits: Commits) -> None:
        super().__init__(broker, group, topics)
        self._fate = fate
        self._commits = commits

    def publish(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        self._fate.meet(Death.BEFORE_WRITING)
        if self._commits == "once":
            self._fate.meet(Death.BEFORE_COMMIT)
            super().publish(outgoing, consumed, membership)
        else:
            halves = [(outgoing, {}), ((), consumed)]
            for number, (written, committed) in enumerate(halves if self._commits == "last" else halves[::-1]):
                super().publish(written, committed, membership)
                if number == 0:
                    self._fate.meet(Death.BEFORE_COMMIT)
        self._fate.meet(Death.AFTER_COMMIT)


class MortalStep(Generic[M]):
    """A step that may die inside `handle`, after all of it was done."""

    def __init__(self, step: Step[M], fate: Fate) -> None:
        self._step = step
        self._fate = fate
        self.decode = step.decode
        self.state_of = step.state_of
        self.forget = step.forget
        self.restore = step.restore

    def handle(self, batch: Sequence[Decoded[M]], now: Any) -> Iterable[Outgoing]:  # noqa: ANN401 - as `Step.handle`
        outgoing = list(self._step.handle(batch, now))
        if batch:
            self._fate.meet(Death.IN_HANDLE)
        return outgoing


class Relay:
    """Hands on what it reads, as detection and anomaly hand on what they made of it."""

    def decode(self, record: Received, now: object) -> Received:
        del now
        return record

    def handle(self, batch: Sequence[Decoded[Received]], now: object) -> Iterable[Outgoing]:
        del now
        return [Outgoing(READINGS, it.message.key, it.message.value, it.message.headers) for it in batch]

    def state_of(self, partition: Partition) -> None:
        del partition

    def forget(self) -> None:
        pass

    def restore(self, record: Received) -> None:
        raise AssertionError(f"no state, and yet {record}")


@dataclass
class Process:
    """One service: its present life, and how often it died inside `handle`."""

    world: World
    group: str
    topics: tuple[str, ...]
    commits: Commits
    limit: int
    fate: Fate = field(default_factory=Fate)
    in_handle: int = 0
    lives: int = 0

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.lives += 1
        step: Step[Any] = MortalStep(self._step(), self.fate)
        self.channel = MortalChannel(self.world.broker, self.group, self.topics, self.fate, self.commits)
        options = LoopOptions(limit=self.limit, poll_s=0, latest_state_only=True)
        self.loop = Loop(self.channel, step, Intake(step, self.group), options, clock=lambda: NOW)

    def _step(self) -> Step[Any]:
        if self.group == "relay":
            return Relay()
        return Alerting(self.world.site, know_captures=self.world.know_captures)

    def turn(self, death: Death | None = None) -> None:
        """One turn; a process that dies in it is started again."""
        self.fate.death = None if death is Death.IN_HANDLE and self.in_handle >= MOST_IN_HANDLE else death
        try:
            self.loop.turn()
        except DeathError:
            self.in_handle += self.fate.death is Death.IN_HANDLE
            self.fate.death = None
            self.world.broker.expire(self.channel)
            self._begin()
        self.fate.death = None

    @property
    def done(self) -> bool:
        """Everything that stands on its topics is committed."""
        partitions = [it for topic in self.topics for it in self.world.broker.partitions(topic)]
        committed = self.world.broker.group(self.group).committed
        return all(len(self.world.broker.log(it)) <= committed.get(it, Position(0)).offset for it in partitions)


class World:
    """A broker with a relay and a judge, of batches of at most `limit` messages."""

    def __init__(
        self, site: Site, limit: int = 64, *, know_captures: bool = True, judge_commits: Commits = "once"
    ) -> None:
        self.site = site
        self.know_captures = know_captures
        self.broker = MemoryBroker(ALL_TOPICS, clock=lambda: NOW)
        self.relay = Process(self, "relay", (DETECTIONS,), "last", limit)
        self.judge = Process(self, "judge", JUDGED, judge_commits, limit)

    def tell(self, readings: Iterable[Reading]) -> None:
        """Readings on their way to the relay, in this order."""
        head = schema.header("Reading")
        self.broker.append([Outgoing(DETECTIONS, it.asset, it.encode(), head, partition=0) for it in readings])

    def command(self, *messages: Input) -> None:
        """What others write straight to the judge."""
        self.broker.append([Outgoing(TOPIC_OF[type(it)], "key", it.encode()) for it in messages])

    def settle(self) -> World:
        """Turn until all is done."""
        for _ in range(TURNS):
            self.relay.turn()
            self.judge.turn()
            if self.relay.done and self.judge.done:
                return self
        raise AssertionError(f"not done after {TURNS} turns")

    @property
    def alerts(self) -> list[str]:
        """All events, in order."""
        return [(it.value or b"").decode() for it in self.broker.records(ALERTS)]

    @property
    def audit(self) -> list[str]:
        """All decisions, in order."""
        return [(it.value or b"").decode() for it in self.broker.records(AUDIT)]

    @property
    def dead(self) -> list[Received]:
        """All dead letters."""
        return [it for topic in CONSUMED for it in self.broker.records(dead_letters(topic))]
