"""The reference network in a runtime alone, without a server: a worker for `benchmarks.triton`.

`python triton_bare.py openvino|onnxruntime MODEL.onnx THREADS` reads lines `BATCH TIMES` and answers each with a line
of JSON: milliseconds of wall and CPU time a crop, the median over the times. It runs where the runtime is installed:
OpenVINO in the environment of the embedded Triton, ONNX Runtime in canAIry's own.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.uint16]
Run = Callable[[Counts], object]
# These are the reference network's own (benchmarks/triton_network.py), which needs a package that is not in both.
SIDE = 224
MAX_BATCH = 8


def openvino(file: Path, threads: int) -> Run:
    """As Triton's backend runs it: the same code."""
    settings: Any = import_module("deploy.triton.backends.onnxruntime.settings")
    network: Any = import_module("deploy.triton.backends.onnxruntime.network")
    real = np.dtype(np.float32)
    small = SIDE // 32
    inputs = {"counts": settings.Tensor(np.dtype(np.uint16), (SIDE, SIDE))}
    outputs = {"score": settings.Tensor(real, (1,)), "map": settings.Tensor(real, (small, small))}
    told = settings.ModelSettings("reference", file.name, MAX_BATCH, inputs, outputs, threads, "f32")
    loaded = network.Network(file, told)
    return lambda counts: loaded.run({"counts": counts})


def onnxruntime(file: Path, threads: int) -> Run:
    """With its CPU provider and its own optimisations."""
    runtime: Any = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda counts: session.run(None, {"counts": counts})


RUNTIMES = {"openvino": openvino, "onnxruntime": onnxruntime}


def main() -> None:
    """Answer every line until there is none."""
    name, file, threads = sys.argv[1:]
    run = RUNTIMES[name](Path(file), int(threads))
    for line in sys.stdin:
        batch, times = (int(part) for part in line.split())
        print(json.dumps(_measured(run, batch, times)), flush=True)


def _measured(run: Run, batch: int, times: int) -> dict[str, float]:
    counts = np.random.default_rng(0).integers(0, 65_535, (batch, SIDE, SIDE), np.uint16)
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        run(counts)
        walls.append((time.perf_counter() - wall) * 1e3 / batch)
        cpus.append((time.process_time() - cpu) * 1e3 / batch)
    return {"wall_ms": statistics.median(walls), "cpu_ms": statistics.median(cpus)}


if __name__ == "__main__":
    main()
