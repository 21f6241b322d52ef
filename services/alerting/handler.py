"""The step of alerting: what the judge reads, and what is written of what it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.camera import CameraStatus
from canairy.messages.command import Command
from canairy.messages.reading import Reading
from canairy.messages.state import PointState
from canairy.site.model import Site
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Partition, Received
from canairy.stream.step import Decoded
from canairy.topics import READINGS, STATE
from canairy.trace import TRACE_HEADER
from services.alerting.alerts import alert
from services.alerting.judge.audit import audit_record
from services.alerting.judge.catching_up import CatchingUp
from services.alerting.judge.events import Heartbeat
from services.alerting.judge.intake import Input, Intake
from services.alerting.judge.judge import Judge
from services.alerting.judge.rules import SiteRules

# Told what was counted: the kind of thing, its label, how many. `__main__` hands in the metrics.
Count = Callable[[str, str, int], None]
LOOK_EVERY: Final = timedelta(seconds=1)


def _uncounted(_kind: str, _label: str, _number: int) -> None:
    """Nobody counts."""


class Alerting:
    """Judges readings, camera states and commands of one site. Implements `Step[Input]`."""

    def __init__(self, site: Site, count: Count = _uncounted, *, know_captures: bool = True) -> None:
        self._rules = SiteRules.of(site)
        self._intake = Intake(self._rules)
        self._count = count
        self._know_captures = know_captures
        self._judge = Judge(self._rules, know_captures=know_captures)
        self._catching_up = CatchingUp(self._rules)
        self._begun = False
        self._looked_at: datetime | None = None

    def decode(self, record: Received, now: datetime) -> Input:
        """Raises InvalidMessage for what is damaged, of another site, unknown to the site file, or from the future."""
        return self._intake.decode(record, now)

    def handle(self, batch: Sequence[Decoded[Input]], now: datetime) -> list[Outgoing]:
        """The alerts and audit records in order of what caused them, then the state of each point that changed."""
        self._begin(now)
        outgoing = list(self._told({}))
        for decoded in batch:
            outgoing += self._judge_one(decoded)
        self._catching_up.saw([decoded.message for decoded in batch], now)
        if self._due(batch, now):
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
        self._judge = Judge(self._rules, know_captures=self._know_captures)
        self._catching_up = CatchingUp(self._rules)
        self._begun = False
        self._looked_at = None

    def restore(self, record: Received) -> None:
        """Take in the state of one point; raises InvalidMessage when it cannot be read."""
        if record.value is None:
            self._judge.restore(record.key, None)
        else:
            self._judge.restore(record.key, PointState.decode(schema.payload(record, "PointState")))

    # --- a batch ----------------------------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        if not self._begun:
            self._judge.begin(now)
            self._begun = True

    def _judge_one(self, decoded: Decoded[Input]) -> Iterator[Outgoing]:
        message = decoded.message
        if isinstance(message, Reading):
            self._judge.reading(message)
        elif isinstance(message, CameraStatus):
            self._judge.status(message)
        elif isinstance(message, Command):
            decision = self._judge.command(message)
            self._count("command", "accepted" if decision.accepted else "rejected", 1)
            yield audit_record(self._rules.site, message, decision)
        else:
            self._count("measurement", message.name, 1)
        yield from self._told(_trace(decoded.record))

    def _due(self, batch: Sequence[Decoded[Input]], now: datetime) -> bool:
        """Whether to look for silence: all is in, and the last look was not just now."""
        recent = self._looked_at is not None and now - self._looked_at < LOOK_EVERY
        return self._catching_up.done and not (batch and recent)

    def _told(self, headers: dict[str, bytes]) -> Iterator[Outgoing]:
        for event in self._judge.told():
            self._count("alert", "heartbeat" if isinstance(event, Heartbeat) else event.happening.name.lower(), 1)
            yield alert(event, headers)

    def _count_readings(self) -> None:
        for how, number in self._judge.readings.items():
            self._count("reading", how, number)
        self._judge.readings.clear()


def _state(name: str, state: PointState | None) -> Outgoing:
    value = None if state is None else state.encode()
    return Outgoing(STATE, name, value, schema.header("PointState"), partition=0)


def _trace(record: Received) -> dict[str, bytes]:
    """What an alert rests on is the trace's way from the camera to it."""
    trace = record.headers.get(TRACE_HEADER)
    return {} if trace is None else {TRACE_HEADER: trace}
