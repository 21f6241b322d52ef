"""An acknowledgement on its way: a command written to the judge, and its decision waited for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from canairy.messages.alarm import Alarm, AlarmState
from canairy.messages.command import Action, Command
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Producer
from canairy.topics import COMMANDS
from services.alerting.alarm_view import AlarmView
from services.alerting.follow import utc_now
from services.alerting.outcomes import Outcome

SEND_TIMEOUT_S: Final = 5.0
DECISION_TIMEOUT_S: Final = 5.0
# The decision and the changed alarm are written together, and read by two threads.
VIEW_TIMEOUT_S: Final = 1.0
LONGEST: Final = {"id": 300, "user": 200, "idempotency_key": 200, "comment": 2000}


class InvalidRequest(ValueError):
    """A request that no judge could obey."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`accepted` None: not decided in time. `alarm` as the view knows it, None when it does not."""

    accepted: bool | None
    reason: str
    alarm: Alarm | None


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for; `expected_version` 0: whatever its version is."""

    id: str
    user: str
    idempotency_key: str = ""
    expected_version: int = 0
    comment: str = ""

    def check(self) -> None:
        """Raises InvalidRequest for what is missing, too long, or would garble a log."""
        for name, most in LONGEST.items():
            text = str(getattr(self, name))
            if name in {"id", "user"} and not text.strip():
                raise InvalidRequest(f"{name} is missing: say which alarm and who acknowledges it")
            if len(text) > most:
                raise InvalidRequest(f"{name} has {len(text)} characters, at most {most} are possible")
            if not text.replace("\n", " ").isprintable():
                raise InvalidRequest(f"{name} holds characters that cannot be printed")


class Acknowledger:
    """Writes commands and waits for decisions; safe between threads when `producer` is."""

    def __init__(self, view: AlarmView, producer: Producer, clock: Callable[[], datetime] = utc_now) -> None:
        self._view = view
        self._producer = producer
        self._clock = clock

    def acknowledge(self, request: Request, timeout_s: float = DECISION_TIMEOUT_S) -> Decision:
        """Raises InvalidRequest, and BrokerUnavailable when the command could not be written."""
        request.check()
        command = self._command(request)
        outcome = self._view.outcomes.wait_for(command.id, 0)
        if outcome is None:
            self._send(command)
            outcome = self._view.outcomes.wait_for(command.id, timeout_s)
        elif outcome.alarm != command.alarm:
            raise InvalidRequest(f"idempotency_key {command.id!r} was used for alarm {outcome.alarm!r} already")
        return self._decision(command, outcome)

    def _command(self, request: Request) -> Command:
        return Command(
            id=request.idempotency_key or str(uuid.uuid4()),
            action=Action.ACKNOWLEDGE,
            alarm=request.id,
            user=request.user,
            issued_at=self._clock(),
            expected_version=request.expected_version,
            comment=request.comment,
        )

    def _send(self, command: Command) -> None:
        message = Outgoing(COMMANDS, command.alarm, command.encode(), schema.header("Command"))
        self._producer.send([message], SEND_TIMEOUT_S)

    def _decision(self, command: Command, outcome: Outcome | None) -> Decision:
        if outcome is None:
            reason = f"written down, not decided yet: ask again with idempotency_key {command.id!r}"
            return Decision(None, reason, self._view.get(command.alarm)[0])
        if outcome.accepted:
            self._view.wait_for(lambda view: _shows(view.get(command.alarm)[0]), VIEW_TIMEOUT_S)
        return Decision(outcome.accepted, outcome.reason, self._view.get(command.alarm)[0])


def _shows(alarm: Alarm | None) -> bool:
    return alarm is not None and alarm.state in {AlarmState.ACKNOWLEDGED, AlarmState.NORMAL}
