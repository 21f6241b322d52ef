"""An alarm desk for tests: the view and the AlarmService over the broker in memory, a judge, and a client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from canairy.messages.alarm import Alarm, AlarmState, Priority
from canairy.messages.command import Command
from canairy.messages.state import Condition, PointState
from canairy.stream.broker import Outgoing, Reader
from canairy.stream.memory import MemoryBroker
from canairy.topics import ALERTS, AUDIT, COMMANDS, DATA_TOPICS, STATE
from protos.canairy.v1 import alarm_service_pb2_grpc as pb_grpc
from services.alerting.alarm_view import AlarmView
from services.alerting.api import Api, start_api

SERVICE = "canairy.v1.AlarmService"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
PATIENCE_S = 10.0


def alarm(
    name: str,
    asset: str = "ds-301-a",
    state: AlarmState = AlarmState.UNACKNOWLEDGED,
    priority: Priority = Priority.MEDIUM,
    raised_at: datetime = NOON,
    version: int = 1,
) -> Alarm:
    return Alarm(
        id=name,
        version=version,
        site="yard",
        asset=asset,
        condition="high",
        state=state,
        priority=priority,
        raised_at=raised_at,
        since=raised_at,
        reason="94.2 degC, limit 80",
    )


def state(point: str, *alarms: Alarm) -> Outgoing:
    conditions = tuple(Condition(it.condition, alarm=it) for it in alarms)
    return Outgoing(STATE, point, PointState(point, conditions).encode())


def site_broker() -> MemoryBroker:
    return MemoryBroker(topic for topic in DATA_TOPICS if topic.name in {STATE, AUDIT, COMMANDS, ALERTS})


@contextmanager
def viewing(
    broker: MemoryBroker,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    open_state: Callable[[], Reader] | None = None,
) -> Iterator[AlarmView]:
    """A running view of the broker's topics."""
    view = AlarmView(
        open_state or (lambda: broker.reader([STATE])), lambda: broker.reader([AUDIT], from_start=False), clock
    )
    view.start()
    try:
        yield view
    finally:
        view.stop()


class Judge:
    """Decides each command as soon as it is written: accepts it when the version fits."""

    def __init__(self, broker: MemoryBroker, alarms: dict[str, Alarm]) -> None:
        self._broker = broker
        self._alarms = alarms
        self.silent = False

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        assert timeout_s > 0
        written = list(messages)
        self._broker.append(written)
        for message in [] if self.silent else written:
            self._decide(Command.decode(message.value or b""))

    def close(self) -> None:
        pass

    def _decide(self, command: Command) -> None:
        known = self._alarms.get(command.alarm)
        reason = "unknown alarm" if known is None else ""
        if known is not None and command.expected_version not in {0, known.version}:
            reason = f"the alarm is at version {known.version}, not {command.expected_version}"
        if known is not None and not reason:
            changed = alarm(known.id, known.asset, AlarmState.ACKNOWLEDGED, version=known.version + 1)
            self._broker.append([state(known.asset, changed)])
        entry = {"command": command.id, "action": "acknowledge", "alarm": command.alarm, "user": command.user}
        entry |= {"outcome": "rejected" if reason else "accepted", "reason": reason}
        self._broker.append([Outgoing(AUDIT, command.alarm, json.dumps(entry).encode())])


class Desk:
    """Everything behind the service, and a client before it."""

    def __init__(self, broker: MemoryBroker, view: AlarmView, judge: Judge) -> None:
        self.broker = broker
        self.view = view
        self.judge = judge
        self.api: Api = start_api(view, judge, lambda from_start: broker.reader([ALERTS], from_start=from_start))
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.api.port}")
        self.stub = pb_grpc.AlarmServiceStub(self.channel)

    def health(self, service: str = SERVICE) -> int:
        request = health_pb2.HealthCheckRequest(service=service)
        stub: Any = health_pb2_grpc.HealthStub(self.channel)
        return int(stub.Check(request, timeout=PATIENCE_S).status)

    def close(self) -> None:
        self.channel.close()
        self.api.stop(grace_s=1.0)


@contextmanager
def open_desk() -> Iterator[Desk]:
    """A desk with one alarm that stands (a-1) and one that is over (a-2)."""
    broker = site_broker()
    known = alarm("a-1")
    broker.append([state(known.asset, known), state("p-2", alarm("a-2", "p-2", AlarmState.NORMAL))])
    with viewing(broker) as view:
        assert view.wait_for(lambda it: it.ready, PATIENCE_S)
        desk = Desk(broker, view, Judge(broker, {known.id: known}))
        try:
            yield desk
        finally:
            desk.close()
