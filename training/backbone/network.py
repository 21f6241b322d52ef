"""EfficientNet-Lite0 up to block 10 as an ONNX graph, written from its weights: no torch, no tracing.

Source of the architecture: Tan and Le, "EfficientNet", ICML 2019 (arXiv 1905.11946), table 1, with the changes of
EfficientNet-Lite (tensorflow/tpu, models/official/efficientnet/lite): no squeeze-and-excitation, ReLU6. Batch
normalisation is folded into the convolution before it. A grey picture stands for three equal channels, so the stem's
weights are summed over them, which is the same number with a third of the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx

from training.graph_builder import GraphBuilder, model_of, tensor

Weights = Mapping[str, npt.NDArray[np.float32]]

# What the weights were trained with: value 0..255, minus 127, over 128 (MEAN_RGB and STDDEV_RGB of
# efficientnet_lite_builder.py in tensorflow/tpu; its issue 725 says the same for the published files).
MEAN: Final = 127.0
DEVIATION: Final = 128.0
BATCH_NORM_EPSILON: Final = 1e-3  # batch_norm_epsilon of the same builder
STRIDE: Final = 16  # of the deeper tap: sides of a picture must be multiples of it, or its padding changes


@dataclass(frozen=True, slots=True)
class Block:
    """One inverted bottleneck: `kernel` of its depthwise convolution, its stride, and whether it adds its input."""

    kernel: int
    stride: int
    adds_input: bool = False


# Table 1 of the paper: stages of 1, 2, 2, 3, 3 blocks with 16, 24, 40, 80, 112 channels; all but the first of a stage
# add their input.
BLOCKS: Final = (
    *(Block(3, 1),),
    *(Block(3, 2), Block(3, 1, adds_input=True)),
    *(Block(5, 2), Block(5, 1, adds_input=True)),
    *(Block(3, 2), Block(3, 1, adds_input=True), Block(3, 1, adds_input=True)),
    *(Block(5, 1), Block(5, 1, adds_input=True), Block(5, 1, adds_input=True)),
)
TAPS: Final = {4: "block4", 10: "block10"}  # 40 channels at 1/8 of the side, 112 channels at 1/16


def build(weights: Weights) -> onnx.ModelProto:
    """The graph: `picture` float32 (B, 1, H, W), 0 black to 1 white, to `block4` and `block10`.

    H and W are multiples of 16. block4 is float32 (B, 40, H/8, W/8), block10 (B, 112, H/16, W/16).
    """
    graph = GraphBuilder()
    value = _stem(graph, weights)
    for index, block in enumerate(BLOCKS):
        value = _block(graph, weights, f"_blocks.{index}.", block, value)
        if index in TAPS:
            graph.node("Identity", value, name=TAPS[index])
    inputs = [tensor("picture", np.float32, ["B", 1, "H", "W"])]
    outputs = [tensor(name, np.float32, ["B", None, None, None]) for name in TAPS.values()]
    return model_of(graph, "efficientnet_lite0_to_block10", inputs, outputs)


def _stem(graph: GraphBuilder, weights: Weights) -> str:
    kernel, bias = _folded(weights, "_conv_stem.weight", "_bn0")
    grey = kernel.sum(axis=1, keepdims=True)
    scaled = graph.node("Mul", "picture", graph.constant("per_white", np.float32(255 / DEVIATION)))
    normal = graph.node("Sub", scaled, graph.constant("mean", np.float32(MEAN / DEVIATION)))
    return _relu6(graph, _convolution(graph, "stem", normal, grey, bias, stride=2))


def _block(graph: GraphBuilder, weights: Weights, prefix: str, block: Block, value: str) -> str:
    inner = value
    if f"{prefix}_expand_conv.weight" in weights:
        folded = _folded(weights, f"{prefix}_expand_conv.weight", f"{prefix}_bn0")
        inner = _relu6(graph, _convolution(graph, f"{prefix}expand", inner, *folded))
    folded = _folded(weights, f"{prefix}_depthwise_conv.weight", f"{prefix}_bn1")
    inner = _relu6(graph, _convolution(graph, f"{prefix}depthwise", inner, *folded, stride=block.stride))
    folded = _folded(weights, f"{prefix}_project_conv.weight", f"{prefix}_bn2")
    inner = _convolution(graph, f"{prefix}project", inner, *folded)
    return graph.node("Add", inner, value) if block.adds_input else inner


def _folded(weights: Weights, kernel: str, norm: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Kernel and bias of a convolution with the batch normalisation after it, folded in float64."""
    mean, variance, scale, shift = (
        weights[f"{norm}.{part}"].astype(np.float64) for part in ("running_mean", "running_var", "weight", "bias")
    )
    gain = scale / np.sqrt(variance + BATCH_NORM_EPSILON)
    folded = weights[kernel].astype(np.float64) * gain[:, None, None, None]
    return folded.astype(np.float32), (shift - mean * gain).astype(np.float32)


def _convolution(
    graph: GraphBuilder,
    name: str,
    value: str,
    kernel: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    stride: int = 1,
) -> str:
    """A convolution with TensorFlow's "same" padding; as many groups as outputs where a kernel sees one channel."""
    side = kernel.shape[2]
    before, after = _same_padding(side, stride)
    group = kernel.shape[0] if kernel.shape[1] == 1 and name != "stem" else 1
    return graph.node(
        "Conv",
        value,
        graph.constant(f"{name}.kernel", kernel),
        graph.constant(f"{name}.bias", bias),
        group=group,
        kernel_shape=[side, side],
        strides=[stride, stride],
        pads=[before, before, after, after],
    )


def _same_padding(kernel: int, stride: int) -> tuple[int, int]:
    """Pixels before and after, where the side is a multiple of the stride: kernel - stride, the odd one after."""
    whole = max(kernel - stride, 0)
    return whole // 2, whole - whole // 2


def _relu6(graph: GraphBuilder, value: str) -> str:
    return graph.node("Clip", value, graph.constant("zero", np.float32(0)), graph.constant("six", np.float32(6)))
