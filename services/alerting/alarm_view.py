"""The alarms as every replica knows them: read from `alarms.state`, and still answered while Kafka is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from canairy.errors import InvalidMessage
from canairy.log import get_logger
from canairy.messages import wire
from canairy.messages.alarm import Alarm, AlarmState
from canairy.stream import schema
from canairy.stream.broker import Reader, Received
from protos.canairy.v1 import alarms_pb2 as pb
from services.alerting.follow import Follower, utc_now
from services.alerting.outcomes import Outcomes

log = get_logger()

# Identifiers that begin with this are canAIry's own (the canary): no operator answers to them.
RESERVED = "_"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Alarms as of the time at which the view last knew all of them; None: it has never read them yet."""

    alarms: tuple[Alarm, ...]
    as_of: datetime | None


class AlarmView:
    """Follows `alarms.state` from its start and `audit` from now on; safe between threads.

    `open_state` and `open_audit` make the readers; they may raise BrokerUnavailable and are tried again. `died` is
    called when a defect has ended a thread of the view.
    """

    def __init__(
        self,
        open_state: Callable[[], Reader],
        open_audit: Callable[[], Reader],
        clock: Callable[[], datetime] = utc_now,
        died: Callable[[], None] = lambda: None,
    ) -> None:
        self.outcomes = Outcomes()
        self._changed = threading.Condition()
        self._points: dict[str, tuple[Alarm, ...]] = {}
        self._as_of: datetime | None = None
        self._audit_read = False
        self._followers = (
            Follower("alarms", open_state, self._take, self._state_read, clock, died),
            Follower("outcomes", open_audit, self.outcomes.take, self._audit_at_end, clock, died),
        )

    def start(self) -> None:
        """Begin to follow, in threads of its own."""
        for follower in self._followers:
            follower.start()

    def stop(self) -> None:
        """Stop following; the view still answers with what it has."""
        for follower in self._followers:
            follower.close()

    @property
    def failure(self) -> Exception | None:
        """The defect that ended a thread of this view, or None: the view grows old without saying so otherwise."""
        return next((follower.failure for follower in self._followers if follower.failure), None)

    @property
    def ready(self) -> bool:
        """All that stood on the topics has been read once."""
        with self._changed:
            return self._as_of is not None and self._audit_read

    def snapshot(self, *, include_normal: bool = False) -> Snapshot:
        """The alarms that stand or wait for someone, or all that are remembered; high priority first, then newest."""
        with self._changed:
            alarms = [alarm for group in self._points.values() for alarm in group]
            as_of = self._as_of
        shown = [it for it in alarms if include_normal or it.state is not AlarmState.NORMAL]
        shown.sort(key=lambda it: (-it.priority.value, -it.raised_at.timestamp(), it.id))
        return Snapshot(tuple(shown), as_of)

    def get(self, alarm: str) -> tuple[Alarm | None, datetime | None]:
        """The alarm with this identifier, or None; and the time as of which that is so."""
        with self._changed:
            found = (it for group in self._points.values() for it in group if it.id == alarm)
            return next(found, None), self._as_of

    def wait_for(self, condition: Callable[[AlarmView], bool], timeout_s: float) -> bool:
        """Wait until `condition` holds, looking again after every change; False when it did not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), timeout_s)

    def _take(self, messages: Sequence[Received]) -> None:
        latest = {message.key: message for message in messages}
        changed: dict[str, tuple[Alarm, ...]] = {}
        for point, message in latest.items():
            try:
                changed[point] = _alarms(message)
            except (InvalidMessage, ValueError) as error:
                # What was known of the point before is older, and still better than nothing.
                log.warning("unreadable state", point=point, offset=message.offset, reason=str(error))
        with self._changed:
            self._points |= changed
            self._points = {point: alarms for point, alarms in self._points.items() if alarms}
            self._changed.notify_all()

    def _state_read(self, now: datetime) -> None:
        with self._changed:
            self._as_of = now
            self._changed.notify_all()

    def _audit_at_end(self, _now: datetime) -> None:
        with self._changed:
            self._audit_read = True
            self._changed.notify_all()


def _alarms(message: Received) -> tuple[Alarm, ...]:
    """The alarms in one point's state. The rest of it (the captures above all) is the judge's, and is not decoded."""
    if message.value is None or message.key.startswith(RESERVED):
        return ()
    state = wire.parse(pb.PointState, schema.payload(message, "PointState"))
    return tuple(Alarm.from_wire(it.alarm) for it in state.conditions if it.HasField("alarm"))
