"""Whether system shared memory beats plain gRPC on the way to Triton: `python -m benchmarks.triton_shared_memory`.

A graph that does next to nothing is asked with 16-bit pictures: one crop of 224x224, as `anomaly` sends them, a batch
of eight, and a whole frame of 640x512, as a detector takes them. Both ways are taken by turns, so that a busy machine
disturbs both alike. CPU is that of client and server.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from benchmarks.triton_cpu import cpu_s
from canairy.triton.client import TritonClient
from canairy.triton.ports import Tensors
from deploy.local.triton import Triton
from deploy.local.triton_home import ensure_triton

MODEL: Final = "light"
SHAPES: Final = {
    "1 crop of 224x224": (1, 224, 224),
    "8 crops of 224x224": (8, 224, 224),
    "1 frame of 640x512": (1, 512, 640),
}
ROUNDS: Final = 20
A_ROUND: Final = 20
CONFIG: Final = """name: "light"
backend: "onnxruntime"
max_batch_size: 8
input { name: "counts" data_type: TYPE_UINT16 dims: [ -1, -1 ] }
output { name: "sum" data_type: TYPE_FP32 dims: [ 1 ] }
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of 20 requests each way")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        repository = write_light_repository(Path(folder) / "models")
        with Triton(ensure_triton(), repository, Path(folder)) as at:
            for name, shape in SHAPES.items():
                counts = np.random.default_rng(0).integers(0, 65_535, shape, np.uint16)
                _compare(name, {"counts": counts}, at, rounds)


def write_light_repository(folder: Path) -> Path:
    """A repository whose one model, `light`, takes 16-bit pictures of any size and adds up a few of their pixels."""
    (folder / MODEL / "1").mkdir(parents=True)
    (folder / MODEL / "config.pbtxt").write_text(CONFIG, encoding="utf-8")
    nodes = [
        helper.make_node("Cast", ["counts"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["real", "start", "end", "axis"], ["row"]),
        helper.make_node("ReduceSum", ["row", "axes"], ["flat"], keepdims=0),
        helper.make_node("Unsqueeze", ["flat", "axis"], ["sum"]),
    ]
    values = {"start": [0], "end": [1], "axis": [1], "axes": [1, 2]}
    constants = [helper.make_tensor(name, TensorProto.INT64, [len(value)], value) for name, value in values.items()]
    counts = helper.make_tensor_value_info("counts", TensorProto.UINT16, ["B", "H", "W"])
    total = helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["B", 1])
    graph = helper.make_graph(nodes, MODEL, [counts], [total], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / MODEL / "1/model.onnx")
    return folder


def _compare(name: str, inputs: Tensors, at: Triton, rounds: int) -> None:
    walls_ms: dict[str, list[float]] = {}
    cpus_ms: dict[str, list[float]] = {}
    with TritonClient(at.address, 30, shared_memory=False) as plain, TritonClient(at.address, 30) as shared:
        for _ in range(rounds + 1):
            for way, client in {"plain gRPC": plain, "shared memory": shared}.items():
                _round(client, inputs, at, walls_ms.setdefault(way, []), cpus_ms.setdefault(way, []))
    for way, walls in walls_ms.items():
        measured, cpu = walls[A_ROUND:], statistics.mean(cpus_ms[way][1:])  # the first round warms up
        middle, best = statistics.median(measured), min(measured)
        print(f"{name:<20} {way:<14} median {middle:6.2f} ms, best {best:6.2f} ms, CPU {cpu:6.2f} ms a request")


def _round(client: TritonClient, inputs: Tensors, at: Triton, walls_ms: list[float], cpus_ms: list[float]) -> None:
    before = cpu_s(at)
    for _ in range(A_ROUND):
        start = time.perf_counter()
        client.infer(MODEL, inputs)
        walls_ms.append((time.perf_counter() - start) * 1e3)
    cpus_ms.append((cpu_s(at) - before) * 1e3 / A_ROUND)


if __name__ == "__main__":
    main()
