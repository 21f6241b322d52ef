"""The figures of the models in Triton, one step after the other: `python -m benchmarks.models [triton pipeline …]`.

Each step's figures go into benchmarks/results.json as soon as they are there; all of them take a quarter of an hour on
two cores that do nothing else. What each means: benchmarks/README.md. `--repository` has other models than the
project's.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Collection, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import model_overhead, nonmodel, pipeline, real_crops, triton
from benchmarks.machine import describe
from benchmarks.results import half_load_with_models, read_results
from benchmarks.steps import add_steps, run_steps
from deploy.local.models import REPOSITORY

RUNTIMES: Final = ("onnxruntime", "openvino", "tritonclient")

# In the order in which they are measured: the last two run at half of the rate that the pipeline sustained.
STEPS: Final[Mapping[str, Callable[[Path], dict[str, Any]]]] = {
    "triton": triton.measure_all,
    "real_crops": lambda _repository: real_crops.measure(),
    "pipeline": pipeline.measure,
    "overhead": lambda repository: model_overhead.measure(half_load_with_models(), repository, _sustained()),
    "nonmodel": lambda repository: nonmodel.measure(half_load_with_models(), repository),
}


def measure(steps: Collection[str] = (), repository: Path = REPOSITORY) -> None:
    """Measure these steps, all when there is none, and put them into the results."""
    run_steps({name: partial(step, repository) for name, step in STEPS.items()}, steps, models_machine=machine())


def _sustained() -> Mapping[str, Any] | None:
    """What was told of the usual site at the rate that it sustained; None before the pipeline was measured."""
    found: Mapping[str, Any] | None = read_results().get("pipeline", {}).get(pipeline.USUAL)
    return found


def machine() -> dict[str, object]:
    """What it is measured on, and what else the machine did in the minute before."""
    versions = {name: version(name) for name in RUNTIMES}
    return describe() | {"runtimes": versions, "load_average_before": round(os.getloadavg()[0], 2)}


def main() -> None:
    """Measure all, or the steps that are named."""
    parser = argparse.ArgumentParser(description="the figures of the models in Triton")
    add_steps(parser, STEPS)
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="the models, in Triton's own layout")
    asked = parser.parse_args()
    measure(asked.steps, asked.repository)


if __name__ == "__main__":
    main()
