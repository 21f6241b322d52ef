"""The calls of canairy.v1.AlarmService: what operators' tools and SCADA gateways ask. Every replica answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Final, NoReturn

import grpc

from canairy.errors import BrokerUnavailable
from canairy.messages import wire
from protos.canairy.v1 import alarm_service_pb2 as pb
from protos.canairy.v1 import alarm_service_pb2_grpc as pb_grpc
from services.alerting.acknowledge import DECISION_TIMEOUT_S, Acknowledger, InvalidRequest, Request
from services.alerting.alarm_view import AlarmView
from services.alerting.alert_stream import AlertStream, InvalidToken, OpenAlerts

# Each stream holds a thread and a connection to Kafka; the other threads stay free for single calls.
MAX_STREAMS: Final = 32

OUTCOMES: Final = {True: pb.OUTCOME_ACCEPTED, False: pb.OUTCOME_REJECTED, None: pb.OUTCOME_PENDING}


class AlarmServicer(pb_grpc.AlarmServiceServicer):
    """The four calls. Reads come from the view alone; only Acknowledge and Stream need Kafka."""

    def __init__(
        self, view: AlarmView, acknowledger: Acknowledger, open_alerts: OpenAlerts, stopping: threading.Event
    ) -> None:
        self._view = view
        self._acknowledger = acknowledger
        self._open_alerts = open_alerts
        self._stopping = stopping
        self._streams = threading.BoundedSemaphore(MAX_STREAMS)

    def List(self, request: pb.ListRequest, context: grpc.ServicerContext) -> pb.ListResponse:  # noqa: N802
        """The alarms that stand or wait for someone, high priority first."""
        seen = self._view.snapshot(include_normal=request.include_normal)
        as_of = self._read(seen.as_of, context)
        return pb.ListResponse(alarms=[alarm.to_wire() for alarm in seen.alarms], as_of=wire.timestamp(as_of))

    def Get(self, request: pb.GetRequest, context: grpc.ServicerContext) -> pb.GetResponse:  # noqa: N802
        """One alarm; NOT_FOUND names it."""
        alarm, seen = self._view.get(request.id)
        as_of = self._read(seen, context)
        if not request.id:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "id is missing: say which alarm")
        if alarm is None:
            _abort(context, grpc.StatusCode.NOT_FOUND, f"no alarm {request.id!r} as of {as_of:%Y-%m-%dT%H:%M:%SZ}")
        return pb.GetResponse(alarm=alarm.to_wire(), as_of=wire.timestamp(as_of))

    def Acknowledge(  # noqa: N802
        self, request: pb.AcknowledgeRequest, context: grpc.ServicerContext
    ) -> pb.AcknowledgeResponse:
        """Write the command and wait for the judge; PENDING when it has not decided in time."""
        names = ("id", "user", "idempotency_key", "expected_version", "comment")
        asked = Request(**{name: getattr(request, name) for name in names})
        try:
            decision = self._acknowledger.acknowledge(asked, _patience_s(context))
        except InvalidRequest as error:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except BrokerUnavailable as error:
            text = f"Kafka is away, the acknowledgement may not be written down: try again with the same key ({error})"
            _abort(context, grpc.StatusCode.UNAVAILABLE, text)
        alarm = None if decision.alarm is None else decision.alarm.to_wire()
        return pb.AcknowledgeResponse(outcome=OUTCOMES[decision.accepted], reason=decision.reason, alarm=alarm)

    def Stream(  # noqa: N802
        self, request: pb.StreamRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.StreamResponse]:
        """The alerts as they stand on the topic; ends when the client or this replica does."""
        if not self._streams.acquire(blocking=False):
            _abort(context, grpc.StatusCode.RESOURCE_EXHAUSTED, f"{MAX_STREAMS} streams are open: close one first")
        try:
            yield from self._alerts(request.resume_token, context)
        finally:
            self._streams.release()

    def _alerts(self, token: str, context: grpc.ServicerContext) -> Iterator[pb.StreamResponse]:
        try:
            stream = AlertStream(self._open_alerts, token, self._stopping)
        except InvalidToken as error:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except BrokerUnavailable as error:
            _abort(context, grpc.StatusCode.UNAVAILABLE, f"Kafka is away: try again with the same token ({error})")
        with closing(stream):
            # Tells the client that what is raised from now on will reach it.
            context.send_initial_metadata(())
            for alert in stream.alerts():
                if not context.is_active():
                    return
                if alert is not None:
                    yield pb.StreamResponse(cloud_event=alert.cloud_event, resume_token=alert.token)

    @staticmethod
    def _read(as_of: datetime | None, context: grpc.ServicerContext) -> datetime:
        if as_of is None:
            _abort(context, grpc.StatusCode.UNAVAILABLE, "the alarms have not been read from Kafka yet: try again")
        return as_of


def _patience_s(context: grpc.ServicerContext) -> float:
    """How long to wait for a decision: less than the client does, so that it hears PENDING and not a time-out."""
    left = context.time_remaining()
    # grpc's types promise a number; without a deadline it is None, or so large that it makes no difference.
    return min(DECISION_TIMEOUT_S, max(0.0, left - 1.0)) if left else DECISION_TIMEOUT_S


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> NoReturn:
    context.abort(code, text)
    raise AssertionError("abort has raised already")
