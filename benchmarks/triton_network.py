"""A fixed reference network to time servers and runtimes with: MobileNetV2's shape, random weights, 16-bit crops in.

Architecture: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018 (arXiv 1801.04381),
table 2, at 224x224: about 0.3 billion multiply-adds a crop. The weights are drawn from a seed, so the numbers that it
gives mean nothing; the work is that of a real network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

NAME: Final = "reference"
SIDE: Final = 224
MAX_BATCH: Final = 8
# Expansion, channels, repeats, stride of the first: table 2 of the paper, without the classifier.
STAGES: Final = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
STEM_CHANNELS: Final = 32
# Read by ONNX Runtime 1.17 and later and by OpenVINO 2024 and later.
OPSET: Final = 17
IR_VERSION: Final = 8
PER_COUNT: Final = 1 / 65_535
CONFIG: Final = """name: "{name}"
backend: "onnxruntime"
max_batch_size: {max_batch}
input {{ name: "counts" data_type: TYPE_UINT16 dims: [ {side}, {side} ] }}
output {{ name: "score" data_type: TYPE_FP32 dims: [ 1 ] }}
output {{ name: "map" data_type: TYPE_FP32 dims: [ 7, 7 ] }}
version_policy {{ specific {{ versions: [ 1 ] }} }}
# One instance alone makes requests wait half a second now and then: docs/decisions/0008-triton-embedded.md.
instance_group {{ kind: KIND_CPU count: 2 }}
dynamic_batching {{
  max_queue_delay_microseconds: 0
  default_queue_policy {{ max_queue_size: 64 timeout_action: REJECT default_timeout_microseconds: 5000000 }}
}}
parameters {{ key: "inference_precision" value {{ string_value: "f32" }} }}
"""


class _Network:
    """Collects nodes and seeded constants."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._rng = np.random.default_rng(seed)

    def node(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:  # noqa: ANN401 - what ONNX takes
        output = name or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, value: npt.ArrayLike) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def convolution(self, value: str, channels: tuple[int, int], side: int, stride: int = 1, group: int = 1) -> str:
        """Weights as He et al. draw them, so that activations neither fade nor grow."""
        inputs, outputs = channels
        shape = (outputs, inputs // group, side, side)
        spread = np.sqrt(2 / (shape[1] * side * side))
        kernel = self.constant(self._rng.normal(0, spread, shape).astype(np.float32))
        bias = self.constant(np.zeros(outputs, np.float32))
        pads = [side // 2] * 4
        return self.node("Conv", value, kernel, bias, group=group, pads=pads, strides=[stride, stride])

    def relu6(self, value: str) -> str:
        return self.node("Clip", value, self.constant(np.float32(0)), self.constant(np.float32(6)))

    def bottleneck(self, value: str, channels: tuple[int, int], expansion: int, stride: int) -> str:
        inputs, outputs = channels
        wide = inputs * expansion
        inner = self.relu6(self.convolution(value, (inputs, wide), 1)) if expansion > 1 else value
        inner = self.relu6(self.convolution(inner, (wide, wide), 3, stride, group=wide))
        inner = self.convolution(inner, (wide, outputs), 1)
        return self.node("Add", inner, value) if stride == 1 and inputs == outputs else inner


def network(seed: int = 0, side: int = SIDE) -> onnx.ModelProto:
    """`counts` UINT16 (B, side, side) to `score` FP32 (B, 1) and `map` FP32 (B, side/32, side/32)."""
    build = _Network(seed)
    value, channels = _stem(build), STEM_CHANNELS
    for expansion, outputs, repeats, stride in STAGES:
        for index in range(repeats):
            value = build.bottleneck(value, (channels, outputs), expansion, stride if index == 0 else 1)
            channels = outputs
    _head(build, value)
    return _model(build, side)


def write_repository(folder: Path, seed: int = 0) -> Path:
    """A model repository with this network alone, below `folder`; returns the model's ONNX file."""
    model = folder / NAME
    (model / "1").mkdir(parents=True, exist_ok=True)
    (model / "config.pbtxt").write_text(CONFIG.format(name=NAME, max_batch=MAX_BATCH, side=SIDE), encoding="utf-8")
    onnx.save(network(seed), model / "1/model.onnx")
    return model / "1/model.onnx"


def _stem(build: _Network) -> str:
    value = build.node("Cast", "counts", to=TensorProto.FLOAT)
    value = build.node("Mul", value, build.constant(np.float32(PER_COUNT)))
    value = build.node("Unsqueeze", value, build.constant(np.array([1], np.int64)))
    return build.relu6(build.convolution(value, (1, STEM_CHANNELS), 3, stride=2))


def _head(build: _Network, value: str) -> None:
    build.node("ReduceMean", value, name="map", axes=[1], keepdims=0)
    build.node("ReduceMean", build.node("Abs", value), name="means", axes=[1, 2, 3], keepdims=0)
    build.node("Unsqueeze", "means", build.constant(np.array([1], np.int64)), name="score")


def _model(build: _Network, side: int) -> onnx.ModelProto:
    small = side // 32
    graph = helper.make_graph(
        build.nodes,
        NAME,
        [helper.make_tensor_value_info("counts", TensorProto.UINT16, ["B", side, side])],
        [
            helper.make_tensor_value_info("score", TensorProto.FLOAT, ["B", 1]),
            helper.make_tensor_value_info("map", TensorProto.FLOAT, ["B", small, small]),
        ],
        build.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model
