"""A judge as a real process that can be frozen: python -m tests.contract.frozen_judge KAFKA NAME CHANNEL HOLD.

It says what happens to it on standard output: `judge: holding`, `judge: published` (for each answer), `judge: fenced`.
Where HOLD says so it holds, once, and goes on when a line comes on standard input. SIGTERM ends it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kafka.structs import MemberState

from canairy.errors import Fenced
from canairy.settings import KafkaSettings
from canairy.stream.broker import Outgoing, Partition, Position
from canairy.stream.kafka import KafkaChannel
from canairy.stream.kafka.channel import Membership
from canairy.stream.kafka.writers import TransactionalWriter, kafka_offsets
from canairy.stream.step import Decoded
from canairy.topics import Topic
from tests.contract.bench import SESSION_S
from tests.contract.stories import Answering, loop_of

WAIT_S = 30.0
# The draft does not give up at once: its replacement joins anew as well, and may shut it out once more.
ATTEMPTS = 8


class Hold(StrEnum):
    """Where the judge holds, so that it can be frozen there."""

    NEVER = "never"
    # Between poll and publish.
    HANDLED = "handled"
    # The same, and woken it goes on only when its client has learned that the session is over.
    LEARNED = "learned"
    # Inside the transaction: answers written, offsets sent, not committed.
    OPEN = "open"


def say(word: str) -> None:
    print(f"judge: {word}", flush=True)


def hold() -> None:
    say("holding")
    sys.stdin.readline()


def wait_until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not seen():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not seen in {WAIT_S:.0f} s")
        time.sleep(0.02)


class SoundChannel(KafkaChannel):
    """The channel as it is shipped; it only says how its publishes end."""

    def publish(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        if not consumed:
            return
        try:
            self.write(outgoing, consumed, membership)
        except Fenced:
            say("fenced")
            raise
        for _ in outgoing:
            say("published")

    def write(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        super().publish(outgoing, consumed, membership)

    def stable(self) -> bool:
        return self._consumer is not None and self._consumer.group_metadata().state is MemberState.STABLE


class MetadataAtPoll(SoundChannel):
    """A draft that checks no term, and when it is shut out joins anew, makes a new producer and writes again.

    All that holds it back is the group metadata, which it read when it polled.
    """

    def write(self, outgoing: Sequence[Outgoing], consumed: Mapping[Partition, Position], membership: object) -> None:
        assert isinstance(membership, Membership)
        for _ in range(ATTEMPTS):
            try:
                self._writer.publish(outgoing, kafka_offsets(consumed), self.metadata(membership))
            except Fenced:
                self.join_anew(membership)
            else:
                return
        raise Fenced(f"shut out {ATTEMPTS} times")

    def metadata(self, membership: Membership) -> object:
        return membership.metadata

    def join_anew(self, old: Membership) -> None:
        self.pause()

        def joined() -> bool:
            self._fetch(self._consumer, 0.1, 1)
            return self.stable() and self._consumer.group_metadata().generation_id != old.metadata.generation_id

        wait_until(joined)
        self._writer.begin_term()


class MetadataAtCommit(MetadataAtPoll):
    """The same draft, but with the group metadata as it is when it writes."""

    def metadata(self, membership: Membership) -> object:
        del membership
        return self._consumer.group_metadata()


class HoldingWriter(TransactionalWriter):
    """Holds in its first transaction before the commit."""

    held = False

    def begin_term(self) -> None:
        super().begin_term()
        commit = self._client.commit_transaction

        def hold_and_commit() -> None:
            if not self.held:
                self.held = True
                hold()
            commit()

        self._client.commit_transaction = hold_and_commit


@dataclass
class HoldingStep(Answering):
    """Holds when it has handled its first batch."""

    then: Callable[[], None] = field(default=lambda: None)
    held: bool = False

    def handle(self, batch: Sequence[Decoded[bytes]], now: datetime) -> Iterable[Outgoing]:
        answers = super().handle(batch, now)
        if batch and not self.held:
            self.held = True
            self.then()
        return answers


CHANNELS: dict[str, type[SoundChannel]] = {
    kind.__name__: kind for kind in (SoundChannel, MetadataAtPoll, MetadataAtCommit)
}


def main(bootstrap: str, name: str, kind: str, where: str) -> None:
    """Judge the source of the bench `name` until told to stop."""
    settings = KafkaSettings(kafka_bootstrap=bootstrap, kafka_session_timeout_s=SESSION_S)
    transactional_id = f"{name}-judge"
    channel = CHANNELS[kind](settings, name, [Topic(f"{name}.in", 2)], transactional_id)
    if where == Hold.OPEN:
        channel._writer = HoldingWriter(settings, transactional_id)

    def hold_until_learned() -> None:
        hold()
        wait_until(lambda: not channel.stable())

    then = {Hold.HANDLED: hold, Hold.LEARNED: hold_until_learned}.get(Hold(where), lambda: None)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    loop_of(channel, HoldingStep(f"{name}.out", then=then)).run(stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
