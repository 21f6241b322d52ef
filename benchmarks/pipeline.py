"""The whole stack with the models against the models alone: `pipeline_over_models`, in one run on the same cores.

What the models do by themselves (`benchmarks.models_alone`) says where to look for the rate that the whole stack
sustains: at shares of it, halving what is left. Sustained is what it is for the path (`benchmarks.path.Run`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import models_alone
from benchmarks.model_sites import ASSETS, model_site
from benchmarks.models_alone import Alone
from benchmarks.path import Run, run_site, say
from benchmarks.triton_cpu import models_cpu_s

SECONDS: Final = 20.0
# Until Kafka has compiled most of what it runs: without, a seventh of its CPU is its compiler's.
WARM_UP_S: Final = 40.0
# Shares of the models' own rate, by the number of assets that are compared. With seven the third run tells, with three
# the second. One crop a frame leaves less to the models, so the rest weighs more.
SHARES: Final[Mapping[int, Sequence[float]]] = {
    ASSETS: (0.45, 0.55, 0.6, 0.65, 0.7, 0.75, 0.85),
    1: (0.4, 0.5, 0.6),
}
USUAL: Final = f"{ASSETS} compared"
CORES: Final = len(os.sched_getaffinity(0))


def measure(repository: Path) -> dict[str, Any]:
    """The figures; see benchmarks/README.md."""
    alone = models_alone.measure(repository, tuple(SHARES))
    found = {f"{compared} compared": _pipeline(repository, alone[compared]) for compared in SHARES}
    usual = found[USUAL]
    if not usual["frames_per_s"]:
        raise RuntimeError("not even the lowest share was kept up with (see above): is the machine busy?")
    return {
        "pipeline_over_models": usual["over_models"],
        "frames_per_s_with_models": usual["frames_per_s"],
        "pipeline": found,
    }


def _pipeline(repository: Path, alone: Alone) -> dict[str, Any]:
    def attempt(share: float) -> Run:
        rate = round(share * alone.frames_per_s, 1)
        run = Run(rate, SECONDS, assets=ASSETS)
        run_site(model_site(rate, alone.compared), run, WARM_UP_S, repository)
        say(run)
        return run

    return figures_of(alone, highest(SHARES[alone.compared], attempt))


def highest(shares: Sequence[float], attempt: Callable[[float], Run]) -> list[Run]:
    """The runs that find the highest of these ascending shares that is sustained, halving what is left each time."""
    runs: list[Run] = []
    low, high = 0, len(shares)
    while low < high:
        middle = (low + high) // 2
        runs.append(attempt(shares[middle]))
        low, high = (middle + 1, high) if runs[-1].sustained else (low, middle)
    return runs


def figures_of(alone: Alone, runs: Sequence[Run]) -> dict[str, Any]:
    """The ratio, and where the processors' time went in the best run, or in the slowest when none was sustained."""
    kept = [run for run in runs if run.sustained]
    best = max(kept or [min(runs, key=_rate)], key=_rate)
    sustained = best.frames_per_s if kept else 0.0
    return {
        "over_models": round(sustained / alone.frames_per_s, 3),
        "frames_per_s": sustained,
        "compared_a_frame": alone.compared,
        "models_alone": alone.figures(),
        **a_frame(best),
        "share_of_cores": _shares_of_cores(best),
        "resident_mb": best.resident_mb,
        "runs": [vars(run) | {"sustained": run.sustained} for run in runs],
    }


def _rate(run: Run) -> float:
    return run.frames_per_s


def a_frame(run: Run) -> dict[str, dict[str, float]]:
    """CPU ms a frame, by process and by model; raises RuntimeError when no frame came through."""
    if not run.frames:
        raise RuntimeError(f"no frame came through at {run.frames_per_s:.1f} frames/s")
    parts = {"cpu_ms_a_frame": run.cpu_s, "models_cpu_ms_a_frame": models_cpu_s(run.cpu_s)}
    return {of: {name: round(1000 * s / run.frames, 2) for name, s in used.items()} for of, used in parts.items()}


def _shares_of_cores(run: Run) -> dict[str, float]:
    """How the cores' time was spent: in the models' processes, in all others of the stack, and not by it."""
    whole = CORES * run.seconds
    models = sum(models_cpu_s(run.cpu_s).values()) / whole
    others = sum(run.cpu_s.values()) / whole - models
    return {"models": round(models, 3), "others": round(others, 3), "rest": round(1 - models - others, 3)}
