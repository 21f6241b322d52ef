"""Figures that are measured step by step: each step's go into benchmarks/results.json as soon as they are there.

So one step can be measured anew without the others, and one that fails leaves what was measured before it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from benchmarks.results import read_results, write_results

Step = Callable[[], dict[str, Any]]
# Lists of raw values, and figures with many parts, are for the file.
LONG = 6


def run_steps(steps: Mapping[str, Step], names: Collection[str], **described: object) -> None:
    """Run the steps that are named, all where none is, in their own order; `described` goes with the figures."""
    for name in (name for name in steps if not names or name in names):
        print(f"--- {name}", flush=True)
        began = time.monotonic()
        figures = steps[name]()
        if figures:  # none where a step was skipped: what was measured before it stands, with its machine
            write_results(read_results() | described | figures)
        print(json.dumps({key: short(value) for key, value in figures.items()}, indent=2))
        print(f"--- {name}: {time.monotonic() - began:.0f} s", flush=True)


def short(value: Any) -> Any:  # noqa: ANN401 - of JSON
    """Without what only a program reads."""
    if isinstance(value, dict):
        return {key: short(part) for key, part in value.items() if not (isinstance(part, list) and len(part) > LONG)}
    return value


def add_steps(parser: argparse.ArgumentParser, steps: Collection[str]) -> None:
    """The steps as arguments of a command: `steps`, empty when none is named."""
    known = ", ".join(steps)
    parser.add_argument(
        "steps", nargs="*", metavar="STEP", type=_one_of(steps), help=f"of {known}; all when none is named"
    )


def _one_of(steps: Collection[str]) -> Callable[[str], str]:
    def checked(name: str) -> str:
        if name not in steps:
            raise argparse.ArgumentTypeError(f"no such step: {name}; there are {', '.join(steps)}")
        return name

    return checked
