"""A model repository of small networks, for a real Triton: their answers follow from what they are asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DOUBLE = """name: "{name}"
backend: "onnxruntime"
max_batch_size: {max_batch}
input {{ name: "x" data_type: TYPE_FP32 dims: [ 4 ] }}
output {{ name: "y" data_type: TYPE_FP32 dims: [ 4 ] }}
version_policy {{ specific {{ versions: [ 1 ] }} }}
instance_group {{ kind: KIND_CPU count: 1 }}
dynamic_batching {{
  max_queue_delay_microseconds: 2000
  default_queue_policy {{ max_queue_size: {queue} timeout_action: REJECT default_timeout_microseconds: 5000000 }}
}}
"""
# Products of square matrices, one after the other: a tenth of a second or so a request.
HEAVY_SIDE, HEAVY_TIMES = 512, 120


def write_model(repository: Path, name: str, graph: onnx.ModelProto, *, max_batch: int = 8, queue: int = 64) -> Path:
    """A model of one input `x` (B, 4) and one output `y` of the same shape; returns its ONNX file."""
    model = repository / name
    (model / "1").mkdir(parents=True)
    text = DOUBLE.format(name=name, max_batch=max_batch, queue=queue)
    (model / "config.pbtxt").write_text(text, encoding="utf-8")
    onnx.save(graph, model / "1/model.onnx")
    return model / "1/model.onnx"


def double() -> onnx.ModelProto:
    """Twice `x`."""
    two = numpy_helper.from_array(np.array(2, np.float32), "two")
    return _model([helper.make_node("Mul", ["x", "two"], ["y"])], [two])


def heavy() -> onnx.ModelProto:
    """`x`, after work that takes its time."""
    rng = np.random.default_rng(0)
    square = numpy_helper.from_array(
        rng.normal(0, 1 / np.sqrt(HEAVY_SIDE), (HEAVY_SIDE, HEAVY_SIDE)).astype(np.float32), "square"
    )
    narrow = numpy_helper.from_array(rng.normal(0, 1, (4, HEAVY_SIDE * HEAVY_SIDE)).astype(np.float32), "narrow")
    shape = numpy_helper.from_array(np.array([-1, HEAVY_SIDE, HEAVY_SIDE]), "shape")
    axes = numpy_helper.from_array(np.array([1, 2]), "axes")
    nothing = numpy_helper.from_array(np.array(0, np.float32), "nothing")
    nodes = [
        helper.make_node("MatMul", ["x", "narrow"], ["wide"]),
        helper.make_node("Reshape", ["wide", "shape"], ["p0"]),
    ]
    for turn in range(HEAVY_TIMES):
        nodes.append(helper.make_node("MatMul", [f"p{turn}", "square"], [f"q{turn}"]))
        nodes.append(helper.make_node("Tanh", [f"q{turn}"], [f"p{turn + 1}"]))
    last = f"p{HEAVY_TIMES}"
    nodes += [
        helper.make_node("ReduceSum", [last, "axes"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "nothing"], ["zero"]),
        helper.make_node("Unsqueeze", ["zero", "one"], ["column"]),
        helper.make_node("Add", ["x", "column"], ["y"]),
    ]
    one = numpy_helper.from_array(np.array([1]), "one")
    return _model(nodes, [square, narrow, shape, axes, nothing, one])


def _model(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> onnx.ModelProto:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", 4]) for name in "xy")
    graph = helper.make_graph(nodes, "small", [x], [y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
