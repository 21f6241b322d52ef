"""What serving by Triton costs: `python -m benchmarks.triton --model patchcore`, on two cores that do nothing else.

A model (`benchmarks.triton_models`) is asked in Triton: one crop or frame at a time, eight requests at once, and eight
in one request. By turns with it, in one run, it is run bare in the runtime that the backend uses and in ONNX Runtime,
and the fixed reference network beside it: ratios, not milliseconds, are what tells. With it goes the split of a
request's time by Triton's own statistics.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import triton_bare, triton_network
from benchmarks.triton_cpu import cpu_s
from benchmarks.triton_figures import BATCHES, CONCURRENCIES, Measured, figures
from benchmarks.triton_models import DETECTOR, PATCHCORE, SUBJECTS, Subject
from canairy.triton.client import TritonClient
from canairy.triton.ports import Tensors
from canairy.triton.statistics import Snapshot, as_json, between, snapshot
from deploy.local.models import REPOSITORY
from deploy.local.triton import Triton
from deploy.local.triton_home import ensure_triton, environment

ROUNDS: Final = 4
REQUESTS: Final = 64
CORES: Final = len(os.sched_getaffinity(0))

Workers = Mapping[str, subprocess.Popen[str]]


def measure_all(repository: Path) -> dict[str, Any]:
    """The figures of both models of a repository; see benchmarks/README.md."""
    of = {model: measure(model, ROUNDS, repository) for model in (DETECTOR, PATCHCORE)}
    return {
        "triton_throughput_8_over_1": {model: told["throughput_8_over_1"] for model, told in of.items()},
        "detector_served_over_bare": of[DETECTOR]["served_over_bare"],
        "models_over_reference": {model: told["over_reference"] for model, told in of.items()},
        "triton": of,
    }


def measure(model: str, rounds: int = ROUNDS, repository: Path = REPOSITORY) -> dict[str, Any]:
    """The figures of one of `SUBJECTS`."""
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory()))
        subject = SUBJECTS[model](folder / "models", repository)
        home = ensure_triton()
        at = open_.enter_context(Triton(home, subject.repository, folder, [subject.name]))
        client = open_.enter_context(TritonClient(at.address, deadline_s=60))
        bare = {name: open_.enter_context(worker) for name, worker in _workers(subject, folder, home).items()}
        return figures(_rounds(at, client, subject, bare, rounds))


def _workers(subject: Subject, folder: Path, home: Path) -> dict[str, Any]:
    """`benchmarks.triton_bare` by what it runs: the model in each runtime, the reference network in the backend's."""
    yardstick = SUBJECTS[triton_network.NAME](folder / "yardstick", folder)
    runtimes = ["openvino", *(["onnxruntime"] if find_spec("onnxruntime") else [])]
    model = {name: _worker(name, subject, subject.lay_down(folder), home) for name in runtimes}
    return model | {"reference": _worker("openvino", yardstick, yardstick.lay_down(folder / "yardstick"), home)}


@contextmanager
def _worker(runtime: str, subject: Subject, files: Sequence[Path], home: Path) -> Iterator[subprocess.Popen[str]]:
    """`benchmarks.triton_bare` in the environment of the runtime; ended at the end."""
    here = runtime != "openvino"
    python = sys.executable if here else str(home / "env/bin/python")
    command = [python, "-P", triton_bare.__file__, runtime, *map(str, [subject.file, *files]), str(CORES)]
    told = None if here else environment(home)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=told) as worker:
        try:
            yield worker
        finally:
            worker.terminate()


def _rounds(at: Triton, client: TritonClient, subject: Subject, bare: Workers, rounds: int) -> Measured:
    found = Measured()
    for number in range(rounds + 1):
        for concurrency in CONCURRENCIES:
            found.splits[concurrency] = _served(at, client, subject, concurrency, found)
        found.add("asked", max(BATCHES), *_whole_batches(at, client, subject, max(BATCHES)))
        for name, batch, answer in _bare(bare):
            found.add(name, batch, answer["wall_ms"], answer["cpu_ms"])
        if number == 0:
            found.forget()  # the first round warms everything up
    return found


def _served(at: Triton, client: TritonClient, subject: Subject, concurrency: int, found: Measured) -> dict[str, Any]:
    """Add milliseconds of wall and of CPU a row (server and client); where the time of a request went."""
    before = _settled(client, subject)
    wall_ms, cpu_ms = _asked(at, client, subject, [subject.crop] * REQUESTS, concurrency)
    found.add("served", concurrency, wall_ms / REQUESTS, cpu_ms / REQUESTS)
    return as_json(between(before, _settled(client, subject)), wall_ms / REQUESTS * concurrency)


def _whole_batches(at: Triton, client: TritonClient, subject: Subject, batch: int) -> tuple[float, float]:
    """Milliseconds of wall and of CPU a row, of requests that are batches, one after the other."""
    rows = {name: np.repeat(array, batch, axis=0) for name, array in subject.crop.items()}
    wall_ms, cpu_ms = _asked(at, client, subject, [rows] * (REQUESTS // batch), 1)
    return wall_ms / REQUESTS, cpu_ms / REQUESTS


def _asked(
    at: Triton, client: TritonClient, subject: Subject, requests: Sequence[Tensors], concurrency: int
) -> tuple[float, float]:
    cpu, wall = cpu_s(at), time.perf_counter()
    for _answer in client.infer_many(subject.name, requests, concurrency):
        pass
    wall, cpu = time.perf_counter() - wall, cpu_s(at) - cpu
    return wall * 1e3, cpu * 1e3


def _settled(client: TritonClient, subject: Subject) -> Snapshot:
    """Triton counts a request a moment after it has answered it: look until nothing changes."""
    last = snapshot(client, subject.name)
    while True:
        time.sleep(0.05)
        now = snapshot(client, subject.name)
        if now == last:
            return now
        last = now


def _bare(workers: Workers) -> Iterator[tuple[str, int, dict[str, float]]]:
    for name, worker in workers.items():
        for batch in BATCHES:
            if worker.stdin is None or worker.stdout is None:
                raise RuntimeError("the worker was started without pipes")
            worker.stdin.write(f"{batch} {REQUESTS // (2 * batch)}\n")
            worker.stdin.flush()
            yield name, batch, json.loads(worker.stdout.readline())


def main() -> None:
    """Measure, and print the figures and the split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=sorted(SUBJECTS), default="reference")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--repository", type=Path, default=REPOSITORY)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.model, asked.rounds, asked.repository), indent=2))


if __name__ == "__main__":
    main()
