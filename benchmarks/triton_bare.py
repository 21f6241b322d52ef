"""A model in a runtime alone, without a server: a worker for `benchmarks.triton`.

`python triton_bare.py openvino|onnxruntime MODEL.onnx CONFIG.json ROW.npz THREADS` reads lines `BATCH TIMES`, answers
each with a line of JSON: milliseconds of wall and CPU time a crop, the median over the times. CONFIG is the model's
configuration as Triton hands it to a backend, ROW its inputs for one crop. It runs where the runtime is installed:
OpenVINO in the environment of the embedded Triton, ONNX Runtime in canAIry's own.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Inputs = Mapping[str, npt.NDArray[Any]]
Run = Callable[[Inputs], object]


def openvino(file: Path, config: Mapping[str, Any], threads: int) -> Run:
    """As Triton's backend runs it: the same code."""
    settings: Any = import_module("deploy.triton.backends.onnxruntime.settings")
    network: Any = import_module("deploy.triton.backends.onnxruntime.network")
    told = dataclasses.replace(settings.read_settings(config), threads=threads, runtime=settings.OPENVINO)
    run: Run = network.Network(file, told).run
    return run


def onnxruntime(file: Path, _config: Mapping[str, Any], threads: int) -> Run:
    """With its CPU provider and its own optimisations."""
    runtime: Any = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, dict(inputs))


RUNTIMES = {"openvino": openvino, "onnxruntime": onnxruntime}


def main() -> None:
    """Answer every line until there is none."""
    name, file, config, row, threads = sys.argv[1:]
    run = RUNTIMES[name](Path(file), json.loads(Path(config).read_text(encoding="utf-8")), int(threads))
    crop = dict(np.load(row))
    for line in sys.stdin:
        batch, times = (int(part) for part in line.split())
        print(
            json.dumps(
                _measured(run, {key: np.repeat(array, batch, axis=0) for key, array in crop.items()}, batch, times)
            ),
            flush=True,
        )


def _measured(run: Run, inputs: Inputs, batch: int, times: int) -> dict[str, float]:
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        run(inputs)
        walls.append((time.perf_counter() - wall) * 1e3 / batch)
        cpus.append((time.process_time() - cpu) * 1e3 / batch)
    return {"wall_ms": statistics.median(walls), "cpu_ms": statistics.median(cpus)}


if __name__ == "__main__":
    main()
