"""The figures of delivery, one step after the other: `python -m benchmarks.delivery [alerts judge …]`.

Each step's figures go into benchmarks/results.json as soon as they are there, so that one can be measured anew without
the others; all of them take about a quarter of an hour. What each means: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Final

from benchmarks import alerts, cameras32, failover, fsync, hops, judge, rebuild
from benchmarks.hops_page import hops_page
from benchmarks.machine import describe
from benchmarks.results import half_load
from benchmarks.steps import add_steps, run_steps


def _alerts(frames_per_s: float) -> dict[str, Any]:
    figures = alerts.measure(frames_per_s)
    alerts.write_chart(figures)
    first = {key: figures[key] for key in ("alert_p50_ms", "alert_p95_ms")}
    return first | {"alerts": figures}


def _hops(frames_per_s: float) -> dict[str, Any]:
    figures = hops.measure(frames_per_s).figures()
    hops.PAGE.write_text(hops_page(figures, describe()), encoding="utf-8")
    return {"hops": figures}


# In the order in which they are measured; each is told half of the frames a second that were sustained.
STEPS: Final[Mapping[str, Callable[[float], dict[str, Any]]]] = {
    "alerts": _alerts,
    "fsync": fsync.measure,
    "judge": lambda _frames_per_s: judge.measure(),
    "rebuild": lambda _frames_per_s: rebuild.measure(rebuild.FEW_UPDATES),
    "failover": failover.measure,
    "cameras32": lambda _frames_per_s: cameras32.measure(),
    "hops": _hops,
}


def measure(steps: Collection[str] = ()) -> None:
    """Measure these steps, all when there is none, and put them into the results."""
    thunks = {name: partial(_at_half_load, step) for name, step in STEPS.items()}
    run_steps(thunks, steps, delivery_machine=describe())


def _at_half_load(step: Callable[[float], dict[str, Any]]) -> dict[str, Any]:
    return step(half_load())


def main() -> None:
    """Measure all, or the steps that are named."""
    parser = argparse.ArgumentParser(description="the figures of delivery")
    add_steps(parser, STEPS)
    measure(parser.parse_args().steps)


if __name__ == "__main__":
    main()
