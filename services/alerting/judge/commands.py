"""Decides the commands of users, in the order in which they stand on the topic.

A command that was decided before (the same idempotency key) gets the same answer and changes nothing. The latest
decisions are remembered, and each acknowledged alarm knows the key that it was acknowledged with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from canairy.messages.alarm import Alarm, AlarmState
from canairy.messages.command import Action, Command
from canairy.messages.state import Decision
from services.alerting.judge.desk import Desk
from services.alerting.judge.freshness import Freshness
from services.alerting.judge.memory import COMMANDS_POINT, Memory
from services.alerting.judge.versions import Versions

REMEMBERED: Final = 100
WAITING: Final = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED})


class Commands:
    """Acknowledges alarms and puts site files in force, or says why not."""

    def __init__(self, memory: Memory, desk: Desk, freshness: Freshness, versions: Versions) -> None:
        self._versions = versions
        self._memory = memory
        self._desk = desk
        self._freshness = freshness
        self._decided: dict[str, Decision] = {}

    def learn(self, decisions: Iterable[Decision]) -> None:
        """Take in the decisions that were remembered."""
        self._decided = {decision.command: decision for decision in decisions}

    def decide(self, command: Command) -> Decision:
        """The decision; the events of an accepted command go to the desk."""
        before = self._decided.get(command.id)
        if before is not None:
            return before if before.alarm == command.alarm else _reused(command, before)
        decision = self._decide(command)
        self._remember(decision)
        return decision

    def _decide(self, command: Command) -> Decision:
        if command.action is Action.RELOAD_SITE:
            return self._versions.decide(command)
        point, watch = self._desk.places.get(command.alarm, (None, None))
        alarm = None if watch is None else watch.alarm
        if point is None or watch is None or alarm is None:
            reason = f"no alarm {command.alarm} is known: it never was, or another has followed it since"
            return Decision(command.id, command.alarm, "", accepted=False, reason=reason, version=0)
        if alarm.acknowledged_with == command.id:
            return _decision(command, alarm, "")
        refusal = _refusal(command, alarm)
        if not refusal:
            quality = self._freshness.quality(point, watch, alarm, command.issued_at)
            alarm = self._desk.acknowledge(alarm, command, quality)
        return _decision(command, alarm, refusal)

    def _remember(self, decision: Decision) -> None:
        self._decided[decision.command] = decision
        while len(self._decided) > REMEMBERED:
            del self._decided[next(iter(self._decided))]
        point = self._memory.of(COMMANDS_POINT)
        point.decisions = list(self._decided.values())
        self._memory.touch(point)


def _refusal(command: Command, alarm: Alarm) -> str:
    if alarm.state not in WAITING:
        return f"already acknowledged by {alarm.acknowledged_by}" if alarm.acknowledged_by else "already normal"
    if command.expected_version not in {0, alarm.version}:
        return f"the alarm is at version {alarm.version}, not {command.expected_version}: look at it again"
    return ""


def _decision(command: Command, alarm: Alarm, refusal: str) -> Decision:
    return Decision(command.id, alarm.id, alarm.asset, not refusal, refusal, alarm.version)


def _reused(command: Command, before: Decision) -> Decision:
    reason = f"key {command.id} was used for alarm {before.alarm} already"
    return Decision(command.id, command.alarm, "", accepted=False, reason=reason, version=0)
