"""The figures of a model that was asked in Triton and run bare by turns (`benchmarks.triton`)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CONCURRENCIES: Final = (1, 8)
BATCHES: Final = (1, 8)
# The runtimes that a model is run in without a server; the reference network is beside them.
RUNTIMES: Final = ("openvino", "onnxruntime")

# By what was done and how many at once: `served` at a concurrency, `asked` in requests of a batch, `openvino`,
# `onnxruntime` and `reference` bare in a batch.
Key = tuple[str, int]


@dataclass(slots=True)
class Measured:
    """Milliseconds of wall and of CPU a row, one of each round; where the time of a request went in the last one."""

    walls_ms: dict[Key, list[float]] = field(default_factory=dict)
    cpus_ms: dict[Key, list[float]] = field(default_factory=dict)
    splits: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, what: str, at_once: int, wall_ms: float, cpu_ms: float) -> None:
        """One round's."""
        self.walls_ms.setdefault((what, at_once), []).append(wall_ms)
        self.cpus_ms.setdefault((what, at_once), []).append(cpu_ms)

    def forget(self) -> None:
        """What was measured so far."""
        self.walls_ms.clear()
        self.cpus_ms.clear()


def figures(measured: Measured) -> dict[str, Any]:
    """The ratios, of medians and of the best rounds, and what they are made of."""
    wall = {key: statistics.median(values) for key, values in measured.walls_ms.items()}
    cpu = {key: statistics.median(values) for key, values in measured.cpus_ms.items()}
    best = {key: min(values) for key, values in measured.walls_ms.items()}
    return {
        **ratios(wall),
        "cpu_over_bare": round(cpu["served", 8] / min(_bare(cpu, 1), _bare(cpu, 8)), 3),
        # What else ran disturbs the best round of each least.
        "of_best_rounds": ratios(best),
        "wall_ms_a_row": _named(wall),
        "best_wall_ms_a_row": _named(best),
        "cpu_ms_a_row": _named(cpu),
        "split": {f"concurrency {number}": split for number, split in measured.splits.items()},
    }


def ratios(wall: Mapping[Key, float]) -> dict[str, Any]:
    """From milliseconds a row. Bare is the faster runtime at a batch; beside the reference network, the backend's."""
    asked = {1: wall["served", 1], 8: wall["asked", 8]}
    return {
        "throughput_8_over_1": round(wall["served", 1] / wall["served", 8], 3),
        "served_over_bare": _by_batch(asked[batch] / _bare(wall, batch) for batch in BATCHES),
        "over_reference": _by_batch(wall["openvino", batch] / wall["reference", batch] for batch in BATCHES),
    }


def _bare(by_key: Mapping[Key, float], batch: int) -> float:
    """The least of the runtimes."""
    return min(by_key[name, batch] for name in RUNTIMES if (name, batch) in by_key)


def _by_batch(each: Iterable[float]) -> dict[str, float]:
    return {f"batch_{batch}": round(ratio, 3) for batch, ratio in zip(BATCHES, each, strict=True)}


def _named(by_key: Mapping[Key, float]) -> dict[str, float]:
    return {f"{name} {number}": round(value, 2) for (name, number), value in by_key.items()}
