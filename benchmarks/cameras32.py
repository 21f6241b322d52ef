"""32 cameras of 640x512 at 1 Hz, kept up with or not: `python -m benchmarks.cameras32 [--seconds 60]`.

`watch` is also what `benchmarks.soak` runs for an hour.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from benchmarks.lags import collect_lags
from benchmarks.latencies import quantile
from benchmarks.live_stack import LiveStack, live_stack
from benchmarks.machine import cpu_seconds, describe, difference, resident_mb
from benchmarks.sites import steady_site
from canairy.stream.kafka import KafkaReader
from canairy.topics import READINGS

CAMERAS: Final = 32
RATE_HZ: Final = 1.0
ASSETS_A_FRAME: Final = 3
SECONDS: Final = 60.0
WARM_UP_S: Final = 20.0
LAG_S: Final = 1.0
# Of the frames that are due; cameras are started one after the other, and the last frame may be on its way.
COMPLETE: Final = 0.97


@dataclass(frozen=True, slots=True)
class Sample:
    """One stretch of time: frames that were measured, their lag, and each process at its end."""

    at_s: float
    frames: float
    lag_p50_s: float
    lag_max_s: float
    resident_mb: dict[str, float]


@dataclass
class Watched:
    """What was seen; `cpu_s` by process over the whole time, `stack` lives as long as `watch`."""

    seconds: float
    samples: list[Sample] = field(default_factory=list)
    cpu_s: dict[str, float] = field(default_factory=dict)
    shed: float = 0.0
    judge_behind: float = 0.0

    @property
    def frames(self) -> float:
        """Frames measured in all."""
        return sum(sample.frames for sample in self.samples)

    @property
    def lag_max_s(self) -> float:
        """From a frame's arrival at ingest to its reading on the topic, at worst."""
        return max((sample.lag_max_s for sample in self.samples), default=0.0)

    @property
    def kept(self) -> bool:
        """Every frame made it, none shed, none later than a second, and the judge kept up."""
        wanted = COMPLETE * CAMERAS * RATE_HZ * self.seconds
        judged = self.judge_behind <= LAG_S * ASSETS_A_FRAME * CAMERAS * RATE_HZ
        return self.frames >= wanted and self.shed == 0 and self.lag_max_s < LAG_S and judged


def watch(seconds: float, sample_s: float, told: Callable[[Sample], None] = lambda _sample: None) -> Watched:
    """Run the stack, and take a sample every `sample_s` seconds."""
    with live_stack(steady_site(CAMERAS * RATE_HZ, CAMERAS)) as stack:
        reader = KafkaReader(stack.kafka, [READINGS], from_start=False)
        collect_lags(reader, WARM_UP_S)
        watched, handled = Watched(seconds), _handled(stack)
        before, begun = cpu_seconds(stack.file.pids), time.monotonic()
        readings = 0
        while (passed := time.monotonic() - begun) < seconds:
            lags = collect_lags(reader, min(sample_s, seconds - passed))
            readings += len(lags)
            watched.samples.append(_sample(stack, time.monotonic() - begun, lags))
            told(watched.samples[-1])
        watched.cpu_s = difference(cpu_seconds(stack.file.pids), before)
        watched.judge_behind = readings - (_handled(stack) - handled)
        watched.shed = stack.metric("detection", "canairy_frames_shed_total")
        reader.close()
        return watched


def _sample(stack: LiveStack, at_s: float, lags: list[float]) -> Sample:
    p50, worst = (round(quantile(lags, share), 3) for share in (0.5, 1.0))
    return Sample(round(at_s, 1), len(lags) / ASSETS_A_FRAME, p50, worst, resident_mb(stack.file.pids))


def _handled(stack: LiveStack) -> float:
    return stack.metric("alerting", "canairy_messages_handled_total", READINGS)


def measure(seconds: float = SECONDS) -> dict[str, object]:
    """The figures; see benchmarks/README.md."""
    watched = watch(seconds, seconds / 6)
    return {
        "cameras_32_kept": watched.kept,
        "cameras_32": {
            "frames": round(watched.frames),
            "frames_due": round(CAMERAS * RATE_HZ * seconds),
            "lag_s": {
                "p50": max(sample.lag_p50_s for sample in watched.samples),
                "max": watched.lag_max_s,
            },
            "shed": watched.shed,
            "judge_behind_readings": watched.judge_behind,
            "cpu_cores": {name: round(used / seconds, 3) for name, used in watched.cpu_s.items()},
            "cpu_cores_all": round(sum(watched.cpu_s.values()) / seconds, 3),
            "resident_mb": watched.samples[-1].resident_mb,
            "samples": [[sample.at_s, sample.frames, sample.lag_max_s] for sample in watched.samples],
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="32 cameras at 1 Hz")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    print(json.dumps({"machine": describe()} | measure(parser.parse_args().seconds), indent=2))


if __name__ == "__main__":
    main()
