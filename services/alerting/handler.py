"""The step of alerting: what the judge reads, and what is written of what it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from canairy.errors import InvalidMessage
from canairy.log import get_logger
from canairy.messages.camera import CameraStatus
from canairy.messages.command import Command
from canairy.messages.reading import Reading
from canairy.messages.state import PointState
from canairy.messages.wire import EPOCH
from canairy.present import SET_BACK, Present
from canairy.site.model import Site
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Partition, Received
from canairy.stream.step import Decoded
from canairy.stream.troubles import STATE_LOST, Troubles
from canairy.topics import READINGS, STATE
from canairy.trace import TRACE_HEADER, span
from services.alerting.alerts import alert
from services.alerting.judge.arrival import Arrival
from services.alerting.judge.audit import audit_record
from services.alerting.judge.catching_up import CatchingUp
from services.alerting.judge.events import Heartbeat
from services.alerting.judge.intake import Input, Intake
from services.alerting.judge.judge import Judge
from services.alerting.judge.versions import Version

log = get_logger()

# Told what was counted: the kind of thing, its label, how many. `__main__` hands in the metrics.
Count = Callable[[str, str, int], None]
LOOK_EVERY: Final = timedelta(seconds=1)


def _uncounted(_kind: str, _label: str, _number: int) -> None:
    """Nobody counts."""


class Alerting:
    """Judges readings, camera states and commands of one site. Implements `Step[Input]`."""

    def __init__(
        self,
        site: Site,
        count: Count = _uncounted,
        *,
        know_captures: bool = True,
        troubles: Troubles | None = None,
        site_file: bytes = b"",
        started_at: datetime | None = None,
    ) -> None:
        """`site_file`: the bytes that `site` was read from; `started_at`: when, so that newer ones are known."""
        self._started_with = Version.of(EPOCH, site, site_file)
        self._started_at = started_at
        self._rules = self._started_with.rules
        self._troubles = troubles or Troubles()
        self._intake = Intake(self._rules)
        self._count = count
        self._know_captures = know_captures
        self._judge = self._new_judge()
        self._catching_up = CatchingUp(self._rules)
        self._present = Present()
        self._begun = False
        # Nothing was remembered so far in this term; None once it is known whether anything should have been.
        self._blank: bool | None = True
        self._looked_at: datetime | None = None

    def decode(self, record: Received, now: datetime) -> Input:
        """Raises InvalidMessage for what is damaged, of another site, unknown to the site file, or from the future."""
        return self._intake.decode(record, self._present.latest(now))

    def handle(self, batch: Sequence[Decoded[Input]], now: datetime) -> list[Outgoing]:
        """The alerts and audit records in order of what caused them, then the state of each point that changed."""
        self._begin(now)
        self._miss_state(batch)
        self._present.latest(now)
        if self._judge.set_back(now):
            log.warning("the clock was set back: what was seen before counts as seen until now", now=now.isoformat())
        outgoing = list(self._told({}))
        present = [decoded for decoded in batch if not self._ahead(decoded.message, now)]
        for decoded in present:
            outgoing += self._judge_one(decoded)
        self._catching_up.saw([decoded.message for decoded in present], now)
        if self._due(present, now):
            self._looked_at = now
            self._judge.look(now)
            outgoing += self._told({})
        self._count_readings()
        return outgoing + [_state(name, state) for name, state in self._judge.written()]

    def state_of(self, partition: Partition) -> Partition | None:
        """The judge's state belongs to the readings; the other topics come with them."""
        return Partition(STATE, 0) if partition.topic == READINGS else None

    def forget(self) -> None:
        """Drop all state: the partitions have changed."""
        self._judge = self._new_judge()
        self._catching_up = CatchingUp(self._rules)
        self._begun = False
        self._blank = True
        self._looked_at = None

    def restore(self, record: Received) -> None:
        """Take in the state of one point. One that cannot be read is begun afresh, and raises InvalidMessage.

        What an older record of it says must not stand: its alarm might count as acknowledged, and be another one.
        """
        self._blank = False
        try:
            state = None if record.value is None else PointState.decode(schema.payload(record, "PointState"))
        except InvalidMessage:
            self._judge.restore(record.key, None)
            self._troubles.happened(STATE_LOST, "the state of a point cannot be read: it begins afresh")
            raise
        self._judge.restore(record.key, state)

    def _new_judge(self) -> Judge:
        return Judge(self._started_with, know_captures=self._know_captures, started_at=self._started_at)

    # --- a batch ----------------------------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        if not self._begun:
            self._judge.begin(now)
            self._begun = True

    def _miss_state(self, batch: Sequence[Decoded[Input]]) -> None:
        """A judge that begins with nothing, but not with the first reading, has lost what it knew."""
        if self._blank is None:
            return
        first = next((it.record for it in batch if isinstance(it.message, Reading)), None)
        if first is not None:
            if self._blank and first.offset > 0:
                why = f"{STATE} is empty, and readings before {first.offset} were judged: all begins afresh"
                self._troubles.happened(STATE_LOST, why)
            self._blank = None

    def _judge_one(self, decoded: Decoded[Input]) -> Iterator[Outgoing]:
        message = decoded.message
        if isinstance(message, Reading):
            self._judge.reading(self._marked(message))
        elif isinstance(message, CameraStatus):
            self._judge.status(message)
        elif isinstance(message, Command):
            decision = self._judge.command(message)
            self._count("command", "accepted" if decision.accepted else "rejected", 1)
            yield audit_record(self._rules.site, message, decision)
        else:
            self._count("measurement", message.name, 1)
        yield from self._told(_trace(decoded.record))

    def _marked(self, reading: Reading) -> Reading:
        header = self._troubles.onto(reading.header)
        return reading if header is reading.header else replace(reading, header=header)

    def _ahead(self, message: Input, now: datetime) -> bool:
        """Under way when the clock was set back: judged by its time, it would make all that follows late."""
        if isinstance(message, Reading):
            ahead = message.header.captured_at - now > SET_BACK
            self._judge.readings[Arrival.LATE.value] += ahead
            return ahead
        return isinstance(message, CameraStatus) and message.at - now > SET_BACK

    def _due(self, batch: Sequence[Decoded[Input]], now: datetime) -> bool:
        """Whether to look for silence: all is in, and the last look was not just now."""
        recent = self._looked_at is not None and abs(now - self._looked_at) < LOOK_EVERY
        return self._catching_up.done and not (batch and recent)

    def _told(self, headers: dict[str, bytes]) -> Iterator[Outgoing]:
        events = self._judge.told()
        # Few readings are told of, and only those are worth a span.
        with span("judge", headers) if events and headers else nullcontext():
            for event in events:
                self._count("alert", "heartbeat" if isinstance(event, Heartbeat) else event.happening.name.lower(), 1)
                yield alert(event, headers)

    def _count_readings(self) -> None:
        for how, number in self._judge.readings.items():
            self._count("reading", how, number)
        self._judge.readings.clear()
        for condition, number in self._judge.not_judged.items():
            self._count("not judged", condition, number)
        self._judge.not_judged.clear()


def _state(name: str, state: PointState | None) -> Outgoing:
    value = None if state is None else state.encode()
    return Outgoing(STATE, name, value, schema.header("PointState"), partition=0, state=True)


def _trace(record: Received) -> dict[str, bytes]:
    """What an alert rests on is the trace's way from the camera to it."""
    trace = record.headers.get(TRACE_HEADER)
    return {} if trace is None else {TRACE_HEADER: trace}
