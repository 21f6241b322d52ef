"""gRPC: canairy.v1.IngestService, with health and reflection.

A stream is held back by not reading its next message while the outbox has no room; gRPC then stops the sender. The
answer comes when broker or spool has everything, so what it counts as accepted is safe.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from canairy import metrics, trace
from canairy.errors import ConfigurationError, InvalidMessage
from canairy.site.model import Site
from protos.canairy.v1 import ingest_service_pb2 as pb
from protos.canairy.v1 import ingest_service_pb2_grpc as rpc
from services.ingest.cameras import hand_over
from services.ingest.handler import IngestHandler
from services.ingest.identity import names_of
from services.ingest.outbox import Outbox
from services.ingest.parcel import Parcel
from services.ingest.push import pushed_frame, pushed_measurement

SERVICE: Final = "canairy.v1.IngestService"
MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
# A stream holds a thread for as long as it lasts; probes need one too.
STREAMS: Final = 60
THREADS: Final = 64
REFUSALS_TOLD: Final = 100
ROOM_WITHIN_S: Final = 0.5
SAFE_WITHIN_S: Final = 15.0
STOP_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where to listen (port 0: any), and the TLS files: with a client CA, clients must show a certificate."""

    host: str = "127.0.0.1"
    port: int = 0
    cert: bytes | None = None
    key: bytes | None = None
    client_ca: bytes | None = None


class IngestService(rpc.IngestServiceServicer):
    """Takes in pushed frames and measurements; a bad one is refused by its index and breaks nothing."""

    def __init__(self, site: Site, handler: IngestHandler, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self._site = site
        self._handler = handler
        self._outbox = outbox
        self._clock = clock
        # What one camera's frames are handed over under, so that two streams do not change their order.
        self._order: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._closing = threading.Event()

    def close(self) -> None:
        """Let streams end at their next message, with what was kept of them."""
        self._closing.set()

    def SubmitFrames(  # noqa: N802 - the name is the protocol's
        self, request_iterator: Iterator[pb.SubmitFramesRequest], context: grpc.ServicerContext
    ) -> pb.SubmitFramesResponse:
        """Client streaming; ends early, with what was kept, when the service stops."""
        answer, receipts, names = pb.SubmitFramesResponse(), _Receipts(), _names(context)
        index = 0
        while self._has_room(context) and (request := next(request_iterator, None)) is not None:
            try:
                self._submit(request, receipts, names)
                answer.accepted += 1
            except InvalidMessage as error:
                answer.refused += 1
                if len(answer.refusals) < REFUSALS_TOLD:
                    answer.refusals.add(index=index, reason=str(error))
            index += 1
        self._confirm(receipts, context)
        return answer

    def PushMeasurements(  # noqa: N802 - the name is the protocol's
        self, request: pb.PushMeasurementsRequest, context: grpc.ServicerContext
    ) -> pb.PushMeasurementsResponse:
        """Each value by itself: the good ones are kept, the others refused by their index."""
        answer, receipts = pb.PushMeasurementsResponse(), _Receipts()
        with trace.span("ingest.measurements"):
            for index, value in enumerate(request.measurements):
                try:
                    measurement = pushed_measurement(value, self._site, self._clock(), context.peer())
                except InvalidMessage as error:
                    answer.refusals.add(index=index, reason=str(error))
                else:
                    receipts.hand_over(self._outbox, [self._handler.measured(measurement, receipts.written)])
                    answer.accepted += 1
        self._confirm(receipts, context)
        return answer

    def _has_room(self, context: grpc.ServicerContext) -> bool:
        """Wait until there is room; False when the stream or the service ends."""
        while context.is_active() and not self._closing.is_set():
            if self._outbox.wait_for_room(ROOM_WITHIN_S):
                return True
        return False

    def _submit(self, request: pb.SubmitFramesRequest, receipts: _Receipts, names: frozenset[str] | None) -> None:
        try:
            raw = pushed_frame(request, self._site, receipts.written, names)
        except InvalidMessage:
            known = self._site.camera(request.camera)
            metrics.INGEST_REFUSED.labels(known.id if known else "unknown").inc()
            raise
        with self._order[raw.camera], trace.span("ingest.frame"):
            receipts.hand_over(self._outbox, self._handler.pushed(raw, self._clock()))

    def _confirm(self, receipts: _Receipts, context: grpc.ServicerContext) -> None:
        if not receipts.all_written(SAFE_WITHIN_S):
            context.abort(
                grpc.StatusCode.UNAVAILABLE,
                f"not all was written within {SAFE_WITHIN_S:.0f} s: send it again, repeats are recognised",
            )


class IngestServer:
    """The gRPC server; `port` is the one it got."""

    def __init__(self, service: IngestService, options: ServerOptions) -> None:
        """Raises ConfigurationError when the address cannot be had."""
        self._service = service
        self._health = health.HealthServicer()
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, "grpc"),
            options=[
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                # Else a second process could listen on the same port, and frames would go to either.
                ("grpc.so_reuseport", 0),
            ],
            maximum_concurrent_rpcs=STREAMS,
        )
        rpc.add_IngestServiceServicer_to_server(service, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self.port = _listen(self._server, options)

    def start(self) -> None:
        """Answer."""
        self._server.start()
        self._say(health_pb2.HealthCheckResponse.SERVING)

    def stop(self) -> None:
        """Say that it ends, let streams end, and stop; lasts at most a few seconds."""
        self._say(health_pb2.HealthCheckResponse.NOT_SERVING)
        self._service.close()
        self._server.stop(STOP_S).wait(2 * STOP_S)

    def _say(self, status: Any) -> None:  # noqa: ANN401 - a protobuf enum's value
        for service in ("", SERVICE):
            self._health.set(service, status)


class _Receipts:
    """Counts what was handed over and what of it broker or spool has."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = 0

    def written(self) -> None:
        """One has been written."""
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def hand_over(self, outbox: Outbox, parcels: Iterable[Parcel]) -> None:
        """Expect that the first of `parcels` is written, and hand over all of them."""
        with self._changed:
            self._open += 1
        for parcel in parcels:
            hand_over(outbox, parcel)

    def all_written(self, timeout_s: float) -> bool:
        """Wait until all that was handed over is safe."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout_s)


def _names(context: grpc.ServicerContext) -> frozenset[str] | None:
    # The package's types promise one value a name; there are several.
    return names_of(cast("Mapping[str, Iterable[bytes]]", context.auth_context()))


def _listen(server: grpc.Server, options: ServerOptions) -> int:
    address = f"{options.host}:{options.port}"
    try:
        if options.cert is None or options.key is None:
            return server.add_insecure_port(address)
        credentials = grpc.ssl_server_credentials(
            [(options.key, options.cert)], options.client_ca, require_client_auth=options.client_ca is not None
        )
        return server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise ConfigurationError(f"CANAIRY_GRPC_HOST and CANAIRY_GRPC_PORT: cannot listen on {address}") from error
