"""The one loop of every service that reads from Kafka: poll, handle, produce, flush, commit. Commit comes last.

It turns at least once a second even when nothing arrives, because silence is information. What may go wrong and
what is done about it stands in `canairy.errors`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Generic, TypeVar

from canairy import metrics
from canairy.errors import ConfigurationError, Fenced, Unavailable
from canairy.health import Health
from canairy.log import get_logger
from canairy.stream import attempts
from canairy.stream.broker import Channel, Outgoing, Partition, Received
from canairy.stream.dead_letter import CRASHED, dead_letter
from canairy.stream.held import Held
from canairy.stream.intake import Intake
from canairy.stream.restoring import Alive, restore
from canairy.stream.step import Step
from canairy.stream.suspicion import Suspicion, place
from canairy.stream.uncommitted import Uncommitted

M = TypeVar("M")
T = TypeVar("T")
log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOptions:
    """`limit`: messages a batch. Times in seconds; the longest back-off stays under the liveness limit.

    `hold_s`: how long what only the step must remember may wait to be published with what follows. Anything that
    somebody else reads is published at once. `commit_every_s`: how long the commit of what is published may wait; 0
    where the channel has transactions. `latest_state_only`: of the state, the last record of each key is all that the
    step needs. So where all that is written is fenced, and who was replaced cannot write an old one late.
    """

    limit: int = 64
    hold_s: float = 0.0
    commit_every_s: float = 0.0
    latest_state_only: bool = False
    poll_s: float = 0.5
    first_backoff_s: float = 0.1
    longest_backoff_s: float = 5.0


@dataclass(slots=True)
class Loop(Generic[M]):
    """Drives one `Step` with the messages of one `Channel`."""

    channel: Channel
    step: Step[M]
    intake: Intake[M]
    options: LoopOptions = field(default_factory=LoopOptions)
    health: Health = field(default_factory=Health)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    # Waits that long, or until it is told to stop; replaced in tests.
    sleep: Callable[[float], None] | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _owned: frozenset[Partition] = frozenset()
    _membership: object = None
    # How far each partition is done in this term: where the word `stopped` goes.
    _handled: dict[Partition, int] = field(default_factory=dict)
    _suspicion: Suspicion = field(default_factory=Suspicion)
    # Handled and not published yet.
    _held: Held = field(default_factory=Held)
    # Published and not committed yet.
    _uncommitted: Uncommitted = field(default_factory=Uncommitted)

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop` is set, then leave the group with a word that all is well; without it after a defect."""
        self._stop = stop
        self.health.ready()
        backoff_s = self.options.first_backoff_s
        try:
            while not stop.is_set():
                try:
                    self.turn()
                    backoff_s = self.options.first_backoff_s
                except Unavailable as error:
                    self._wait(error, backoff_s)
                    backoff_s = min(2 * backoff_s, self.options.longest_backoff_s)
                self.health.turned()
            self._leave()
        finally:
            self.channel.close()

    def turn(self) -> None:
        """One turn: raises Unavailable when the broker does not answer, and whatever is a defect."""
        metrics.LOOP_TURNS.inc()
        try:
            batch = self.channel.poll(self._patience_s(), self.options.limit)
            self._membership = batch.membership
            if batch.assigned is not None:
                self._take_over(batch.assigned)
            if self._owned:
                self._work(batch.messages, batch.membership)
        except _StoppedError as reason:
            log.warning("batch left uncommitted", reason=str(reason))
        except Fenced as error:
            metrics.LOOP_FENCED.inc()
            log.warning("batch dropped", reason=str(error))
            self._start_over()
        except Unavailable:
            # What was polled is read again: nothing of it has been committed.
            self._start_over()
            raise

    def _patience_s(self) -> float:
        """How long to wait for messages: not longer than what is held, or not committed, may."""
        waits_s = self._held.may_wait_s(self.options.hold_s), self._commit_may_wait_s()
        return min([self.options.poll_s, *(wait_s for wait_s in waits_s if wait_s is not None)])

    def _commit_may_wait_s(self) -> float | None:
        return self._uncommitted.may_wait_s(self.options.commit_every_s, self.options.limit)

    def _start_over(self) -> None:
        # How far the batch in hand came is not known here, only by the broker.
        self._let_go()
        self.channel.start_over()

    def _let_go(self) -> None:
        self._handled, self._held, self._uncommitted = {}, Held(), Uncommitted()

    # --- taking over ------------------------------------------------------------------------------------------

    def _take_over(self, assigned: frozenset[Partition]) -> None:
        if not assigned and not self._owned:
            return  # still without partitions: standing by, or the group has not come to rest
        self._owned = assigned
        self._let_go()
        self._suspicion = Suspicion(self._suspicion.name)
        self.step.forget()
        for partition in sorted(assigned, key=lambda p: (p.topic, p.number)):
            self._suspicion.look_back(partition, self.channel.committed(partition), self.options.limit)
            state = self.step.state_of(partition)
            if state is not None:
                self._restore(state)
        log.info("partitions taken over", partitions=len(assigned), suspect=self._suspicion.partitions)

    def _restore(self, state: Partition) -> None:
        records = self.channel.read_to_end(state)
        alive = Alive(self.health.turned, self._keep_membership, self.options.longest_backoff_s)
        restore(self.step, records, alive, latest_only=self.options.latest_state_only)
        # Keeping the membership has paused them.
        self.channel.resume()

    # --- working ----------------------------------------------------------------------------------------------

    def _work(self, messages: Sequence[Received], membership: object) -> None:
        rest: list[Received] = []
        for message in messages:
            if self._suspicion.falls_on(place(message)):
                self._work_carefully(message, membership)
                self.health.turned()
            else:
                rest.append(message)
        if rest or not messages:
            self._mark(rest, membership)
            self._held.add(rest, self._handle(rest))
            if self._held.may_wait_s(self.options.hold_s) == 0 or self._commit_may_wait_s() == 0:
                self._release(membership)

    def _mark(self, messages: Sequence[Received], membership: object) -> None:
        """Take back the word `stopped` before the first message: whoever dies from now on is suspect."""
        begun = self._suspicion.begun(messages)
        if begun:
            self.channel.note(begun, membership)
            self._suspicion.marked(begun)
            self._handled |= {partition: position.offset for partition, position in begun.items()}

    def _work_carefully(self, message: Received, membership: object) -> None:
        """One message alone, its attempt written down before and crossed out after."""
        died = self._suspicion.died_of_next(place(message))
        if len(died) >= attempts.DEATHS:
            self._give_up(message, membership)
            return
        self._held.add([message], self._handle([message], lambda: self._attempt(message, died, membership)))
        self._release(membership, commit=True)

    @contextmanager
    def _attempt(self, message: Received, died: tuple[str, ...], membership: object) -> Iterator[None]:
        """A death in here is the message's fault; waiting, a wrong configuration, and whatever comes after, are not."""
        partition = place(message)
        self.channel.note({partition: attempts.attempt(message.offset, (*died, self._suspicion.name))}, membership)
        try:
            yield
        except (Unavailable, ConfigurationError):
            self.channel.note({partition: attempts.attempt(message.offset, died)}, membership)
            raise
        self.channel.note({partition: attempts.through(message.offset, self._suspicion.name)}, membership)

    def _give_up(self, message: Received, membership: object) -> None:
        reason = f"{attempts.DEATHS} processes died while handling it"
        log.error("message given up", topic=message.topic, key=message.key, offset=message.offset, reason=reason)
        metrics.MESSAGES_INVALID.labels(message.topic, CRASHED).inc()
        self._held.add([message], [dead_letter(message, CRASHED, reason, self.intake.service)])
        self._release(membership, commit=True)

    def _handle(
        self, messages: Sequence[Received], attempt: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> list[Outgoing]:
        now = self.clock()
        # Sorted once, however often the rest is tried: what is bad is counted. And handled once, though the broker
        # may be away when the attempt is crossed out: the step would take the message for a repeat.
        sort = cache(lambda: self.intake.sort(messages, now))
        answer = cache(lambda: [*sort()[1], *self.step.handle(sort()[0], now)])

        def work() -> list[Outgoing]:
            with attempt():
                return answer()

        with metrics.HANDLE_SECONDS.time():
            return self._until_available(work)

    def _release(self, membership: object, *, commit: bool = False) -> None:
        """Publish all that is held, in one step; what fails is not held any more, and is read again."""
        held, self._held = self._held, Held()
        messages, outgoing = held.messages, held.outgoing
        consumed = {place(it): attempts.through(it.offset + 1, self._suspicion.name) for it in messages}
        # What was not published must not be committed later either: it is added to when it is.
        done = self._uncommitted.and_then(consumed, len(messages))
        if commit or done.may_wait_s(self.options.commit_every_s, self.options.limit) == 0:
            positions, done = done.positions, Uncommitted()
        else:
            positions = {}
        if positions or outgoing:
            with metrics.PUBLISH_SECONDS.time():
                self._until_available(lambda: self.channel.publish(outgoing, positions, membership))
        self._uncommitted = done
        self._handled.update({partition: position.offset for partition, position in consumed.items()})
        for message in messages:
            metrics.MESSAGES_HANDLED.labels(message.topic).inc()
        self.intake.quarantine.check()

    # --- waiting ----------------------------------------------------------------------------------------------

    def _until_available(self, attempt: Callable[[], T]) -> T:
        """Try until the dependency answers. The batch is kept, partitions are paused, and polling goes on."""
        backoff_s = self.options.first_backoff_s
        while True:
            try:
                answer = attempt()
            except Unavailable as error:
                self._wait(error, backoff_s)
                if self._stop.is_set():
                    raise _StoppedError("told to stop while a dependency is away") from error
                self._keep_membership()
                backoff_s = min(2 * backoff_s, self.options.longest_backoff_s)
            else:
                self.channel.resume()
                return answer

    def _keep_membership(self) -> None:
        self.channel.pause()
        try:
            batch = self.channel.poll(0, self.options.limit)
        except Unavailable:
            return
        if batch.assigned is not None:
            self.channel.resume()
            raise Fenced("the partitions were shared out anew while a dependency was away")

    def _wait(self, error: Unavailable, backoff_s: float) -> None:
        metrics.LOOP_BACKOFFS.inc()
        pause_s = min(backoff_s, error.patience_s)
        log.warning("unavailable", reason=str(error), retry_in_s=pause_s)
        (self.sleep or self._stop.wait)(pause_s)
        self.health.turned()

    def _leave(self) -> None:
        try:
            self._release(self._membership, commit=True)
        except _StoppedError as reason:
            log.warning("batch left uncommitted", reason=str(reason))
        except (Unavailable, Fenced) as error:
            log.warning("batch dropped", reason=str(error))
            self._start_over()
        self._say_stopped()

    def _say_stopped(self) -> None:
        if not self._handled:
            return
        try:
            words = {partition: attempts.stopped(offset) for partition, offset in self._handled.items()}
            self.channel.note(words, self._membership)
        except (Unavailable, Fenced) as error:
            log.warning("left without a word", reason=str(error))


class _StoppedError(Exception):
    """The loop was told to stop while it waited with a batch in hand."""
