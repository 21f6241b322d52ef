"""What serving by Triton costs: `python -m benchmarks.triton --model patchcore`, on two cores that do nothing else.

A model (`benchmarks.triton_models`) is served at concurrency 1 and 8, and run bare in the runtime that the backend uses
and in ONNX Runtime, all by turns in one run: ratios, not milliseconds, are what tells. With it goes the split of a
request's time by Triton's own statistics.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from benchmarks import triton_bare
from benchmarks.machine import describe
from benchmarks.triton_cpu import cpu_s
from benchmarks.triton_models import SUBJECTS, Subject
from canairy.triton.client import TritonClient
from canairy.triton.statistics import Snapshot, Split, as_json, between, snapshot
from deploy.local.triton import Triton
from deploy.local.triton_home import ensure_triton, environment

ROUNDS: Final = 7
CONCURRENCIES: Final = (1, 8)
REQUESTS: Final = 64
BARE_BATCHES: Final = (1, 8)
CORES: Final = len(os.sched_getaffinity(0))
# A bare figure by its runtime and batch, a served one by "served" and its concurrency.
Key = tuple[str, int]


def measure(model: str, rounds: int = ROUNDS) -> dict[str, Any]:
    """The figures of one of `SUBJECTS`."""
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory()))
        subject = SUBJECTS[model](folder / "models")
        home = ensure_triton()
        at = open_.enter_context(Triton(home, subject.repository, folder, [subject.name]))
        client = open_.enter_context(TritonClient(at.address, deadline_s=60))
        files = subject.lay_down(folder)
        bare = {name: open_.enter_context(_worker(name, subject, files, home)) for name in _runtimes()}
        walls_ms, cpus_ms, splits = _rounds(at, client, subject, bare, rounds)
    return {"model": model, **_figures(walls_ms, cpus_ms, splits)}


def _runtimes() -> list[str]:
    return ["openvino", *(["onnxruntime"] if find_spec("onnxruntime") else [])]


@contextmanager
def _worker(name: str, subject: Subject, files: Sequence[Path], home: Path) -> Iterator[subprocess.Popen[str]]:
    """`benchmarks.triton_bare` in the environment of the runtime; ended at the end."""
    here = name != "openvino"
    python = sys.executable if here else str(home / "env/bin/python")
    command = [python, "-P", triton_bare.__file__, name, *map(str, [subject.file, *files]), str(CORES)]
    told = None if here else environment(home)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=told) as worker:
        try:
            yield worker
        finally:
            worker.terminate()


def _rounds(
    at: Triton, client: TritonClient, subject: Subject, bare: Mapping[str, subprocess.Popen[str]], rounds: int
) -> tuple[dict[Key, list[float]], dict[Key, list[float]], dict[int, dict[str, Any]]]:
    walls_ms: dict[Key, list[float]] = {}
    cpus_ms: dict[Key, list[float]] = {}
    splits: dict[int, dict[str, Any]] = {}
    for _ in range(rounds + 1):
        for concurrency in CONCURRENCIES:
            wall, cpu, split = _served(at, client, subject, concurrency)
            splits[concurrency] = as_json(split, wall * concurrency)  # of the last round
            walls_ms.setdefault(("served", concurrency), []).append(wall)
            cpus_ms.setdefault(("served", concurrency), []).append(cpu)
        for key, answer in _bare(bare):
            walls_ms.setdefault(key, []).append(answer["wall_ms"])
            cpus_ms.setdefault(key, []).append(answer["cpu_ms"])
    return _without_first(walls_ms), _without_first(cpus_ms), splits


def _without_first(rounds: Mapping[Key, list[float]]) -> dict[Key, list[float]]:
    """The first round warms everything up."""
    return {key: values[1:] for key, values in rounds.items()}


def _served(at: Triton, client: TritonClient, subject: Subject, concurrency: int) -> tuple[float, float, Split]:
    """Milliseconds of wall and of CPU a crop (server and client), and where the time of a request went."""
    requests = [subject.crop] * REQUESTS
    before, cpu, wall = _settled(client, subject), cpu_s(at), time.perf_counter()
    answered = sum(1 for _ in client.infer_many(subject.name, requests, concurrency))
    wall, cpu = time.perf_counter() - wall, cpu_s(at) - cpu
    return wall * 1e3 / answered, cpu * 1e3 / answered, between(before, _settled(client, subject))


def _settled(client: TritonClient, subject: Subject) -> Snapshot:
    """Triton counts a request a moment after it has answered it: look until nothing changes."""
    last = snapshot(client, subject.name)
    while True:
        time.sleep(0.05)
        now = snapshot(client, subject.name)
        if now == last:
            return now
        last = now


def _bare(workers: Mapping[str, subprocess.Popen[str]]) -> Iterator[tuple[Key, dict[str, float]]]:
    for name, worker in workers.items():
        for batch in BARE_BATCHES:
            if worker.stdin is None or worker.stdout is None:
                raise RuntimeError("the worker was started without pipes")
            worker.stdin.write(f"{batch} {REQUESTS // (2 * batch)}\n")
            worker.stdin.flush()
            yield (name, batch), json.loads(worker.stdout.readline())


def _figures(
    walls_ms: Mapping[Key, list[float]], cpus_ms: Mapping[Key, list[float]], splits: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    wall = {key: statistics.median(values) for key, values in walls_ms.items()}
    cpu = {key: statistics.median(values) for key, values in cpus_ms.items()}
    best = {key: min(values) for key, values in walls_ms.items()}
    return {
        **_ratios(wall),
        "triton_cpu_over_bare": round(cpu["served", 8] / min(cpu["openvino", batch] for batch in BARE_BATCHES), 3),
        # What else ran disturbs the best round of each least.
        "of_best_rounds": _ratios(best),
        "triton": {
            "wall_ms_a_crop": _named(wall),
            "best_wall_ms_a_crop": _named(best),
            "cpu_ms_a_crop": _named(cpu),
            "split": {f"concurrency {number}": split for number, split in splits.items()},
            "load_average": os.getloadavg(),
            "machine": describe(),
        },
    }


def _ratios(wall: Mapping[Key, float]) -> dict[str, float]:
    best_bare = min(wall["openvino", batch] for batch in BARE_BATCHES)
    return {
        "triton_throughput_8_over_1": round(wall["served", 1] / wall["served", 8], 3),
        "triton_served_over_bare": round(wall["served", 8] / best_bare, 3),
        "triton_latency_over_bare": round(wall["served", 1] / wall["openvino", 1], 3),
    }


def _named(figures: Mapping[Key, float]) -> dict[str, float]:
    return {f"{name} {number}": round(value, 2) for (name, number), value in figures.items()}


def main() -> None:
    """Measure, and print the figures and the split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=sorted(SUBJECTS), default="reference")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.model, asked.rounds), indent=2))


if __name__ == "__main__":
    main()
