"""An OpenTelemetry collector of its own: takes in the spans of the services over OTLP and remembers when each ran."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as rpc

from deploy.local.ports import free_port


class Span(NamedTuple):
    """When a span began and ended, seconds since 1970."""

    began_s: float
    ended_s: float


class SpanSink(rpc.TraceServiceServicer):
    """Spans by trace (hex) and name; the latest of a name counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: defaultdict[str, dict[str, Span]] = defaultdict(dict)
        self._named: defaultdict[str, list[Span]] = defaultdict(list)

    def Export(  # noqa: N802 - the name is the protocol's
        self, request: pb.ExportTraceServiceRequest, _context: grpc.ServicerContext
    ) -> pb.ExportTraceServiceResponse:
        """As OTLP asks."""
        spans = (span for of in request.resource_spans for scope in of.scope_spans for span in scope.spans)
        with self._lock:
            for span in spans:
                ran = Span(span.start_time_unix_nano / 1e9, span.end_time_unix_nano / 1e9)
                self._spans[span.trace_id.hex()][span.name] = ran
                self._named[span.name].append(ran)
        return pb.ExportTraceServiceResponse()

    def of(self, trace: str) -> dict[str, Span]:
        """The spans of one trace, by name."""
        with self._lock:
            return dict(self._spans.get(trace, {}))

    def named(self, name: str) -> list[Span]:
        """Every span of this name, of all traces, in the order in which they began."""
        with self._lock:
            return sorted(self._named.get(name, []))


@contextmanager
def span_sink() -> Iterator[tuple[SpanSink, str]]:
    """A collector, and the endpoint that services are told."""
    sink, port = SpanSink(), free_port()
    server = grpc.server(ThreadPoolExecutor(4))
    rpc.add_TraceServiceServicer_to_server(sink, server)  # type: ignore[no-untyped-call] # it ships no types
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield sink, f"http://127.0.0.1:{port}"
    finally:
        server.stop(1).wait()
