"""Where the time between a capture and its alert goes: marks from the traces and from the records' own times.

A record's time is when its writer handed it to the client, to the millisecond; a span's times are to the nanosecond.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from benchmarks.latencies import Seen, quantile
from benchmarks.span_sink import Span, SpanSink
from canairy.settings import KafkaSettings
from canairy.stream.kafka import KafkaReader
from canairy.topics import DETECTIONS, FRAMES, READINGS
from canairy.trace import TRACE_HEADER

# Each stage and the mark that ends it; the first begins at the capture.
STAGES: Final = {
    "camera to ingest": "span ingest.frame",
    "ingest": FRAMES,
    "frames topic": "span detect",
    "detection": DETECTIONS,
    "detections topic": "span measure",
    "anomaly": READINGS,
    "readings topic": "span judge",
    "judge": "alert written",
    "transaction and reader": "alert seen",
}
TOPICS: Final = (FRAMES, DETECTIONS, READINGS)
SPANS: Final = ("ingest.frame", "detect", "measure", "judge")
READ_BACK_WITHIN_S: Final = 180.0
SLOW_SHARE: Final = 0.95

Marks = dict[str, float]


def stages_of(seen: Sequence[Seen], sink: SpanSink, settings: KafkaSettings) -> list[dict[str, float]]:
    """The ms of each stage, for every alert of which all marks were found."""
    return [durations(alert.alert.captured_at, marks) for alert, marks in marks_of(seen, sink, settings)]


def marks_of(seen: Sequence[Seen], sink: SpanSink, settings: KafkaSettings) -> list[tuple[Seen, Marks]]:
    """Every alert of which all marks were found, one of each trace, with them."""
    by_trace = {trace_of(alert.record.headers): alert for alert in seen}
    written = written_at(settings, by_trace)
    every = [(alert, _marks(alert, sink.of(trace), written[trace])) for trace, alert in by_trace.items()]
    return [(alert, marks) for alert, marks in every if marks.keys() >= set(STAGES.values())]


def durations(captured_at: datetime, marks: Marks) -> dict[str, float]:
    """The ms from each mark to the next; `marks` are seconds since 1970. Their sum is the whole latency."""
    before, stages = captured_at.timestamp(), {}
    for stage, mark in STAGES.items():
        stages[stage] = (marks[mark] - before) * 1000
        before = marks[mark]
    return stages


def summary(stages: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Of each stage: mean, median and 95th percentile in ms, its mean in the slowest twentieth, and its share."""
    totals = [sum(one.values()) for one in stages]
    limit, whole = quantile(totals, SLOW_SHARE), _mean(totals)
    slow = [one for one, total in zip(stages, totals, strict=True) if total >= limit]
    names = stages[0] if stages else STAGES
    return {name: _of_stage([one[name] for one in stages], [one[name] for one in slow], whole) for name in names}


def written_at(settings: KafkaSettings, traces: Iterable[str]) -> defaultdict[str, Marks]:
    """When the records of these traces were written, by trace and topic; reads the topics from what is left of them."""
    found: defaultdict[str, Marks] = defaultdict(dict)
    wanted = set(traces)
    reader = KafkaReader(settings, TOPICS, from_start=True)
    end = time.monotonic() + READ_BACK_WITHIN_S
    while time.monotonic() < end and sum(len(found[trace]) for trace in wanted) < len(wanted) * len(TOPICS):
        for record in reader.poll(1.0, 500):
            if (trace := trace_of(record.headers)) in wanted:
                found[trace][record.topic] = record.written_at.timestamp()
        if reader.at_end():
            break
    reader.close()
    return found


def _marks(seen: Seen, spans: Mapping[str, Span], written: Marks) -> Marks:
    began = {f"span {name}": spans[name].began_s for name in SPANS if name in spans}
    alert = {"alert written": seen.record.written_at.timestamp(), "alert seen": seen.at.timestamp()}
    return began | written | alert


def trace_of(headers: Mapping[str, bytes]) -> str:
    """The trace's identifier in a W3C traceparent, 00-TRACE-SPAN-FLAGS."""
    parts = headers.get(TRACE_HEADER, b"").split(b"-")
    return parts[1].decode("ascii", "replace") if len(parts) == 4 else ""


def _of_stage(every: Sequence[float], slow: Sequence[float], whole: float) -> dict[str, float]:
    return {
        "mean_ms": round(_mean(every), 1),
        "p50_ms": round(quantile(every, 0.5), 1),
        "p95_ms": round(quantile(every, 0.95), 1),
        "mean_of_slowest_ms": round(_mean(slow), 1),
        "share": round(_mean(every) / whole, 3) if whole else 0.0,
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
