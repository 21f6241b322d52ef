"""The figures of delivery, one step after the other: `python -m benchmarks.delivery [alerts judge …]`.

Each step's figures go into benchmarks/results.json as soon as they are there, so that one can be measured anew without
the others; all of them take about a quarter of an hour. What each means: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from benchmarks import alerts, cameras32, failover, fsync, hops, judge, rebuild
from benchmarks.hops_page import hops_page
from benchmarks.machine import describe
from benchmarks.results import half_load, read_results, write_results

# Lists of raw values, and figures with many parts, are for the file.
LONG: Final = 6


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


def measure(steps: Collection[str] = tuple(STEPS)) -> None:
    """Measure these steps and put them into the results; a step that fails leaves what was measured before it."""
    for name in (name for name in STEPS if name in steps):
        print(f"--- {name}", flush=True)
        figures = STEPS[name](half_load())
        write_results(read_results() | {"delivery_machine": describe()} | figures)
        print(json.dumps({key: _short(value) for key, value in figures.items()}, indent=2), flush=True)


def _short(value: Any) -> Any:  # noqa: ANN401 - of JSON
    """Without what only a program reads."""
    if isinstance(value, dict):
        return {key: _short(part) for key, part in value.items() if not (isinstance(part, list) and len(part) > LONG)}
    return value


def main() -> None:
    """Measure all, or the steps that are named."""
    parser = argparse.ArgumentParser(description="the figures of delivery")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(STEPS)}; all when none is named")
    steps = parser.parse_args().steps
    if unknown := [step for step in steps if step not in STEPS]:
        parser.error(f"no such step: {', '.join(unknown)}; there are {', '.join(STEPS)}")
    measure(steps or tuple(STEPS))


if __name__ == "__main__":
    main()
