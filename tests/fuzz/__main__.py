"""`make fuzz`: every target for ten minutes (`SECONDS`), a few at a time. Exits 1 when there are findings."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.fuzz.every import EVERY
from tests.fuzz.side_by_side import fuzz_all


def main() -> int:
    """Run, and print one line a target and one a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    parser.add_argument("targets", nargs="*", default=list(EVERY), help=", ".join(EVERY))
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    outcomes = fuzz_all(told.targets, told.seconds, told.seed, told.out.resolve(), told.jobs)
    for outcome in outcomes:
        print(outcome.line)
        for reason in outcome.findings:
            print(f"  {reason}")
    return 1 if any(outcome.findings for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
