"""Logs: one JSON object a line on standard output, with the service and, inside a span, the trace."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from opentelemetry import trace


def configure_logging(service: str, level: str = "INFO") -> None:
    """Set up structlog and the standard library's logging (kafka, grpc) to the same lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _name(service),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        # Line and line end in one write: threads that print would mix theirs.
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    _route_standard_library(shared, level)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """A logger: `log.info("camera silent", camera="cam-03")`; events are short, facts are keys."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def _route_standard_library(shared: list[Any], level: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    renderer = structlog.processors.JSONRenderer()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # The client tells every attempt to reach a broker that is away as an error, ten a second and more; it raises what
    # matters, and our own lines say it once.
    logging.getLogger("kafka").setLevel(logging.ERROR if level == "DEBUG" else logging.CRITICAL)


def _name(service: str) -> structlog.typing.Processor:
    # Not a context variable: threads begin without those of the thread that started them.
    def name(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["service"] = service
        return event

    return name


def _add_trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event
