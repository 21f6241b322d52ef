"""How long from the capture of a frame to its alert: `python -m benchmarks.alerts [--seconds 90] [--rate 24]`.

The whole stack at half of the load that it sustains; simulated cameras of 640x512 make it, and pushed ones among them
cross their limit with every frame. Prints the figures, and writes benchmarks/alerts.svg with `--chart`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from benchmarks.alert_stages import stages_of, summary
from benchmarks.latencies import AlertReader, Seen, quantile
from benchmarks.live_stack import LiveStack, live_stack
from benchmarks.machine import cpu_seconds, describe, difference
from benchmarks.pushed_cameras import pushing
from benchmarks.results import half_load
from benchmarks.sites import alerting_site
from benchmarks.span_sink import SpanSink, span_sink
from benchmarks.stage_chart import stage_chart
from canairy.topics import DETECTIONS, FRAMES

CHART: Final = Path(__file__).parent / "alerts.svg"
LIMIT_MS: Final = 250.0
SECONDS: Final = 90.0
WARM_UP_S: Final = 20.0
PUSHED_HZ: Final = 4.0
# The services hand over their spans every 5 s.
SPANS_WITHIN_S: Final = 6.0


def measure(frames_per_s: float, seconds: float = SECONDS) -> dict[str, object]:
    """The figures; see benchmarks/README.md."""
    with (
        span_sink() as (sink, endpoint),
        live_stack(alerting_site(frames_per_s, PUSHED_HZ), CANAIRY_OTLP_ENDPOINT=endpoint) as stack,
        pushing(stack.file.ingest_address, PUSHED_HZ),
    ):
        # The whole run is read back.
        stack.keep([FRAMES, DETECTIONS])
        return _figures(stack, sink, frames_per_s, seconds)


def _figures(stack: LiveStack, sink: SpanSink, frames_per_s: float, seconds: float) -> dict[str, object]:
    reader = AlertReader(stack.kafka)
    reader.collect(WARM_UP_S)
    before = cpu_seconds(stack.file.pids), _published(stack)
    seen = reader.collect(seconds)
    used, published = difference(cpu_seconds(stack.file.pids), before[0]), _published(stack)
    reader.collect(SPANS_WITHIN_S)
    stages = stages_of(seen, sink, stack.kafka)
    reader.close()
    transactions = published[1] - before[1][1]
    return latency_figures(seen) | {
        "at_frames_per_s": frames_per_s,
        "seconds": seconds,
        "stages_found": len(stages),
        "stages": summary(stages),
        "transaction_mean_ms": round(1000 * (published[0] - before[1][0]) / max(1.0, transactions), 1),
        "transactions_per_s": round(transactions / seconds, 1),
        "cpu_s": used,
        "raw_ms": [round(alert.latency_ms, 1) for alert in seen],
    }


def latency_figures(seen: list[Seen]) -> dict[str, object]:
    """How many alerts, and their latency, ms."""
    latencies = [alert.latency_ms for alert in seen]
    figures: dict[str, object] = {"alerts": len(seen)}
    for name, share in {"p50": 0.5, "p95": 0.95, "max": 1.0}.items():
        figures[f"alert_{name}_ms"] = round(quantile(latencies, share), 1)
    return figures


def _published(stack: LiveStack) -> tuple[float, float]:
    """Seconds in transactions of the judge so far, and their number."""
    names = "canairy_publish_seconds_sum", "canairy_publish_seconds_count"
    seconds, count = (stack.metric("alerting", name) for name in names)
    return seconds, count


def write_chart(figures: dict[str, object], path: Path = CHART) -> None:
    """Draw the stages."""
    stages = figures["stages"]
    assert isinstance(stages, dict)  # noqa: S101 - made above
    title = (
        f"From capture to alert at {figures['at_frames_per_s']:g} frames/s (simulated), {figures['alerts']} alerts: "
        f"p50 {figures['alert_p50_ms']} ms, p95 {figures['alert_p95_ms']} ms"
    )
    path.write_text(stage_chart(stages, title, LIMIT_MS), encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="capture to alert")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rate", type=float, default=half_load(), help="frames a second, all cameras together")
    parser.add_argument("--chart", action="store_true", help=f"write {CHART.name}")
    arguments = parser.parse_args()
    figures = measure(arguments.rate, arguments.seconds)
    if arguments.chart:
        write_chart(figures)
    print(json.dumps({"machine": describe()} | {k: v for k, v in figures.items() if k != "raw_ms"}, indent=2))


if __name__ == "__main__":
    main()
