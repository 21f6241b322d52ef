"""The figures of thermal files and pictures: `python -m benchmarks.thermal [rjpeg palette moved]`.

Each step's figures go into benchmarks/results.json as soon as they are there; all take a few minutes of one core. They
need the recorded files, `CANAIRY_TEST_DATA`: without them a step says so and leaves its figures as they were. What each
means: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import moved, palette, rjpeg
from benchmarks.machine import describe
from benchmarks.rjpeg_peer import PACKAGES, PeerMissing
from benchmarks.steps import Step, add_steps, run_steps


def _rjpeg() -> dict[str, Any]:
    root = Path(os.environ.get("CANAIRY_TEST_DATA", ""))
    if not root.is_absolute() or not (root / "flir-rjpeg").is_dir():
        print("skipped: CANAIRY_TEST_DATA names no folder with flir-rjpeg in it")
        return {}
    try:
        found = rjpeg.measure()
    except PeerMissing as error:
        print(f"skipped: nothing to compare with: {error}")
        return {}
    others = found["others_640x512"]
    return {
        "rjpeg_over_flyr": found["rjpeg"]["times_faster"],
        "thermal_over_others": {name: round(theirs / ours, 2) for name, (ours, theirs) in others.items()},
        "rjpeg": {**found, "peers": list(PACKAGES)},
    }


STEPS: Final[Mapping[str, Step]] = {"rjpeg": _rjpeg, "palette": palette.measure, "moved": moved.measure}


def measure(steps: Collection[str] = ()) -> None:
    """Measure these steps, all when there is none, and put them into the results."""
    run_steps(STEPS, steps, thermal_machine=describe() | {"load_average_before": round(os.getloadavg()[0], 2)})


def main() -> None:
    """Measure all, or the steps that are named."""
    parser = argparse.ArgumentParser(description="the figures of thermal files and pictures")
    add_steps(parser, STEPS)
    measure(parser.parse_args().steps)


if __name__ == "__main__":
    main()
