"""What fsync costs in alert latency: `python -m benchmarks.fsync [--seconds 40] [--rate 24]`.

One stack, one run: `flush.messages=1` is taken off the topics that have it, and put on again, in the order on, off,
off, on, so that a machine that grows slower or faster hits both alike. The broker is a scratch one.
"""

from __future__ import annotations

import argparse
import json
from typing import Final

from benchmarks.alerts import PUSHED_HZ, WARM_UP_S, latency_figures
from benchmarks.latencies import AlertReader, Seen, quantile
from benchmarks.live_stack import live_stack
from benchmarks.machine import describe
from benchmarks.pushed_cameras import pushing
from benchmarks.results import half_load
from benchmarks.sites import alerting_site
from canairy.topics import ALL_TOPICS, SYNCED
from deploy.local.topics import INTERNAL

SECONDS: Final = 40.0
SETTLE_S: Final = 3.0
ORDER: Final = (True, False, False, True)
SETTING: Final = "flush.messages"
TOPICS: Final = (*(topic.name for topic in ALL_TOPICS if SYNCED.items() <= topic.config.items()), *INTERNAL)


def measure(frames_per_s: float, seconds: float = SECONDS) -> dict[str, object]:
    """`fsync_cost_ms`: the latency with fsync less the latency without, at the median and at the 95th percentile."""
    seen: dict[bool, list[Seen]] = {True: [], False: []}
    with (
        live_stack(alerting_site(frames_per_s, PUSHED_HZ)) as stack,
        pushing(stack.file.ingest_address, PUSHED_HZ),
    ):
        reader = AlertReader(stack.kafka)
        reader.collect(WARM_UP_S)
        for synced in ORDER:
            stack.set_topics(TOPICS, SETTING, "1" if synced else None)
            reader.collect(SETTLE_S)
            seen[synced] += reader.collect(seconds / 2)
        reader.close()
    return {"fsync_cost_ms": _cost(seen), "fsync": _raw(seen) | {"topics": TOPICS, "at_frames_per_s": frames_per_s}}


def _cost(seen: dict[bool, list[Seen]]) -> dict[str, float]:
    return {
        name: round(_latency(seen[True], share) - _latency(seen[False], share), 1)
        for name, share in {"p50": 0.5, "p95": 0.95}.items()
    }


def _latency(seen: list[Seen], share: float) -> float:
    return quantile([alert.latency_ms for alert in seen], share)


def _raw(seen: dict[bool, list[Seen]]) -> dict[str, object]:
    names = {True: "with", False: "without"}
    figures: dict[str, object] = {names[synced]: latency_figures(alerts) for synced, alerts in seen.items()}
    raw = {f"raw_ms_{names[synced]}": [round(it.latency_ms, 1) for it in alerts] for synced, alerts in seen.items()}
    return figures | raw


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="what fsync costs in alert latency")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="with, and as long without")
    parser.add_argument("--rate", type=float, default=half_load(), help="frames a second, all cameras together")
    arguments = parser.parse_args()
    print(json.dumps({"machine": describe()} | measure(arguments.rate, arguments.seconds), indent=2))


if __name__ == "__main__":
    main()
