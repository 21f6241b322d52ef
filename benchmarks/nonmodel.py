"""How long from a frame's capture to its alert, less the time in the models: `nonmodel_p95_ms`.

`benchmarks.alerts` with the models asked. What is taken off an alert is the time in which the batch with its frame was
at the models: the spans `ask detector` and `ask patchcore` of its own trace, which last from the first request of a
batch to its last answer. Triton's own statistics would not do: they are sums over all requests, and say nothing of one
alert. Waiting while an earlier batch is at the models is not taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.alert_stages import Marks, durations, marks_of, summary, trace_of
from benchmarks.alerts import SPANS_WITHIN_S, latency_figures
from benchmarks.latencies import AlertReader, Seen, quantile
from benchmarks.live_stack import LiveStack, live_stack
from benchmarks.machine import cpu_seconds, difference
from benchmarks.model_sites import alerting_model_site
from benchmarks.pushed_cameras import pushing
from benchmarks.span_sink import Span, SpanSink, span_sink
from benchmarks.triton_cpu import told_apart
from canairy.topics import DETECTIONS, FRAMES

SECONDS: Final = 45.0
WARM_UP_S: Final = 15.0
PUSHED_HZ: Final = 4.0
# The spans around asking a model, in the trace of each frame that was in the batch, and the topic on which it waited.
ASKING: Final = {"ask detector": FRAMES, "ask patchcore": DETECTIONS}
# A frame that was shed or a model that was away for a moment is no reason to throw the run away.
LEAST_ASKED: Final = 0.9


@dataclass(frozen=True, slots=True)
class Timed:
    """An alert with its marks, when the models were asked about its frame, and the ms that it waited for each before.

    It waits on a topic while an earlier batch is at the model.
    """

    seen: Seen
    marks: Marks
    asked: Mapping[str, Span]
    waited_ms: Mapping[str, float]

    @property
    def latency_ms(self) -> float:
        """From the capture to its being seen."""
        return self.seen.latency_ms

    @property
    def models_ms(self) -> float:
        """In which its frame was at the models."""
        return sum(map(_ms, self.asked.values()))


def measure(frames_per_s: float, repository: Path) -> dict[str, Any]:
    """The figures; see benchmarks/README.md."""
    site = alerting_model_site(frames_per_s, PUSHED_HZ)
    with (
        span_sink() as (sink, endpoint),
        live_stack(site, repository, CANAIRY_OTLP_ENDPOINT=endpoint) as stack,
        pushing(stack.file.ingest_address, PUSHED_HZ),
    ):
        # The whole run is read back.
        stack.keep([FRAMES, DETECTIONS])
        return _figures(stack, sink, frames_per_s)


def _figures(stack: LiveStack, sink: SpanSink, frames_per_s: float) -> dict[str, Any]:
    reader, pids = AlertReader(stack.kafka), told_apart(stack.file.pids)
    reader.collect(WARM_UP_S)
    before = cpu_seconds(pids)
    seen = reader.collect(SECONDS)
    used = difference(cpu_seconds(pids), before)
    reader.collect(SPANS_WITHIN_S)
    found = marks_of(seen, sink, stack.kafka)
    reader.close()
    asks = {name: sink.named(name) for name in ASKING}
    every = [timed(alert, marks, sink.of(trace_of(alert.record.headers)), asks) for alert, marks in found]
    told = {"at_frames_per_s": frames_per_s, "seconds": SECONDS, "cpu_s": used}
    return figures_of(every, latency_figures(seen) | told)


def timed(seen: Seen, marks: Marks, spans: Mapping[str, Span], asks: Mapping[str, Sequence[Span]]) -> Timed:
    """From the spans of an alert's own trace, and all spans around asking the models."""
    asked = {name: spans[name] for name in ASKING if name in spans}
    waited = {}
    for name, span in asked.items():
        came_s = marks[ASKING[name]]
        waited[name] = 1000 * covered_s([one for one in asks[name] if one.began_s < span.began_s], came_s, span.began_s)
    return Timed(seen, marks, asked, waited)


def covered_s(spans: Sequence[Span], began_s: float, ended_s: float) -> float:
    """The seconds from `began_s` to `ended_s` that some of these spans, in the order of their beginnings, cover."""
    covered, at = 0.0, began_s
    for span in spans:
        until = min(span.ended_s, ended_s)
        if until > max(at, span.began_s):
            covered += until - max(at, span.began_s)
            at = until
    return covered


def figures_of(every: Sequence[Timed], told: Mapping[str, Any]) -> dict[str, Any]:
    """From alerts; raises RuntimeError when hardly any of them had both models asked: that is another stack."""
    both = sum(len(one.asked) == len(ASKING) for one in every)
    if both < LEAST_ASKED * len(every) or not every:
        raise RuntimeError(f"of {len(every)} alerts only {both} have the spans {' and '.join(ASKING)}: models away?")
    nonmodel = [one.latency_ms - one.models_ms for one in every]
    nonwaiting = [one.latency_ms - one.models_ms - sum(one.waited_ms.values()) for one in every]
    models = [one.models_ms for one in every]
    return {
        "nonmodel_p95_ms": round(quantile(nonmodel, 0.95), 1),
        "nonmodel": {
            **told,
            "nonmodel_p50_ms": round(quantile(nonmodel, 0.5), 1),
            "models_p50_ms": round(quantile(models, 0.5), 1),
            "models_p95_ms": round(quantile(models, 0.95), 1),
            "without_waiting_p95_ms": round(quantile(nonwaiting, 0.95), 1),
            "stages_found": len(every),
            "both_models_asked": both,
            "stages": summary([stages(one) for one in every]),
            "raw_ms": [[round(one.latency_ms, 1), round(one.models_ms, 1)] for one in every],
        },
    }


def stages(one: Timed) -> dict[str, float]:
    """The ms of each stage without the models, and of each model; all together the latency."""
    found: dict[str, float] = {}
    began = one.seen.alert.captured_at.timestamp()
    for stage, ms in durations(one.seen.alert.captured_at, one.marks).items():
        ended = began + ms / 1000
        found[stage] = ms - sum(_overlap_ms(span, began, ended) for span in one.asked.values())
        began = ended
    return found | {name: _ms(one.asked[name]) if name in one.asked else 0.0 for name in ASKING}


def _overlap_ms(span: Span, began_s: float, ended_s: float) -> float:
    return 1000 * max(0.0, min(span.ended_s, ended_s) - max(span.began_s, began_s))


def _ms(span: Span) -> float:
    return 1000 * (span.ended_s - span.began_s)
