"""32 cameras for as long as it takes to see memory grow: `python -m benchmarks.soak --minutes 60` (`make soak`).

Writes benchmarks/soak.json, after every sample, so that a run that is broken off has said what it saw.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.cameras32 import CAMERAS, RATE_HZ, Sample, Watched, watch
from benchmarks.machine import describe

RESULTS: Final = Path(__file__).parent / "soak.json"
SAMPLE_S: Final = 30.0
# Caches, heaps and the segments of Kafka fill at first; the slope is of what comes after this share of the time.
SETTLED: Final = 0.25


def slopes_mb_an_hour(samples: Sequence[Sample]) -> dict[str, float]:
    """How fast the memory of each process grows once it has settled: a straight line through the samples, MB/h."""
    last_s = samples[-1].at_s
    settled = [sample for sample in samples if sample.at_s >= SETTLED * last_s]
    if len(settled) < 3:
        return {}
    hours = [sample.at_s / 3600 for sample in settled]
    return {
        name: round(float(np.polyfit(hours, [sample.resident_mb[name] for sample in settled], 1)[0]), 1)
        for name in samples[0].resident_mb
    }


def figures(watched: Watched, *, finished: bool) -> dict[str, object]:
    """What soak.json holds."""
    samples = watched.samples
    return {
        "machine": describe(),
        "finished": finished,
        "minutes": round(samples[-1].at_s / 60, 1),
        "cameras": CAMERAS,
        "rate_hz": RATE_HZ,
        "kept": watched.kept if finished else None,
        "frames": round(watched.frames),
        "shed": watched.shed,
        "lag_max_s": watched.lag_max_s,
        "cpu_cores": {name: round(used / watched.seconds, 3) for name, used in watched.cpu_s.items()},
        "resident_mb_start": samples[0].resident_mb,
        "resident_mb_end": samples[-1].resident_mb,
        "resident_mb_an_hour": slopes_mb_an_hour(samples),
        "samples": [dataclasses.asdict(sample) for sample in samples],
    }


def run(minutes: float, sample_s: float = SAMPLE_S, path: Path = RESULTS) -> dict[str, object]:
    """Watch for `minutes`, saying what is seen."""
    so_far = Watched(60 * minutes)

    def told(sample: Sample) -> None:
        so_far.samples.append(sample)
        _write(figures(so_far, finished=False), path)
        memory = ", ".join(f"{name} {mb:.0f}" for name, mb in sample.resident_mb.items())
        print(f"{sample.at_s / 60:6.1f} min: lag max {sample.lag_max_s:.2f} s, MB: {memory}", flush=True)

    result = figures(watch(60 * minutes, sample_s, told), finished=True)
    _write(result, path)
    return result


def _write(result: dict[str, object], path: Path) -> None:
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Run, write, and print what it came to."""
    parser = argparse.ArgumentParser(description="32 cameras for an hour")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--sample-s", type=float, default=SAMPLE_S)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    result = run(arguments.minutes, arguments.sample_s, arguments.out)
    print(json.dumps({key: value for key, value in result.items() if key != "samples"}, indent=2))


if __name__ == "__main__":
    main()
