"""OpenTelemetry: the context travels in Kafka headers (W3C traceparent) from camera to alarm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

PROPAGATOR = TraceContextTextMapPropagator()
TRACE_HEADER = "traceparent"


def configure_tracing(service: str, otlp_endpoint: str | None) -> None:
    """Make spans, and export them when there is an endpoint."""
    provider = TracerProvider(resource=Resource.create({"service.name": f"canairy-{service}"}))
    if otlp_endpoint is not None:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


@contextmanager
def span(name: str, headers: Mapping[str, bytes] | None = None) -> Iterator[dict[str, bytes]]:
    """A span that continues the trace in `headers` (or begins one); gives the headers for what it writes."""
    carrier = {key: value.decode("ascii", "replace") for key, value in (headers or {}).items() if key == TRACE_HEADER}
    parent = PROPAGATOR.extract(carrier, context.Context())
    with trace.get_tracer("canairy").start_as_current_span(name, context=parent):
        yield inject_headers()


@contextmanager
def spans(name: str, messages: Iterable[Mapping[str, bytes]]) -> Iterator[None]:
    """What is done for several messages at once, by the headers of each: as long in all of their traces."""
    with ExitStack() as stack:
        for headers in messages:
            stack.enter_context(span(name, headers))
        yield


def inject_headers() -> dict[str, bytes]:
    """The Kafka headers that carry the current span on; empty outside a span."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier)
    return {key: value.encode("ascii") for key, value in carrier.items()}
