"""The served graph: frames in, few boxes out; window, resizing, network, decoding and suppression are all inside.

    counts uint16 (B, 512, 640)   scale_k, offset_k float32 (B, 1)
    boxes float32 (B, 100, 4)     score float32 (B, 100)     label int32 (B, 100)

A box is x, y (top left), width, height in pixels of the frame; rows go from the best score down. Rows that hold no
box have label -1, score 0 and an empty box. A scale or offset that is none makes all scores and boxes of its frame
NaN: a frame that could not be looked at is not a frame in which nothing was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx

from training.detector.architecture import AROUND, CELL, CONTRAST, Network
from training.detector.boxes import MOST_BOXES, add_boxes
from training.detector.grid import cells
from training.detector.picture import FRAME_HEIGHT, FRAME_WIDTH, HIGH_K, LOW_K, Size
from training.detector.weights import Weights, check, folded
from training.graph_builder import GraphBuilder, model_of, tensor

_HIGHEST_SCALE: Final = np.float32(1e3)
_HIGHEST_OFFSET: Final = np.float32(1e5)


@dataclass(frozen=True, slots=True)
class GraphLayers:
    """The network's layers as ONNX nodes; a value is the name of a tensor (B, C, H, W)."""

    graph: GraphBuilder
    weights: Weights

    def fold(self, value: str) -> str:
        """See `Layers`. One channel only: with more, torch orders the results in another way."""
        return self.graph.node("SpaceToDepth", value, blocksize=2)

    def contrast(self, picture: str) -> str:
        """See `Layers`."""
        graph = self.graph
        cells = graph.node("AveragePool", picture, kernel_shape=[CELL] * 2, strides=[CELL] * 2)
        around = graph.node("AveragePool", cells, kernel_shape=[AROUND] * 2, strides=[1, 1], pads=[AROUND // 2] * 4)
        larger = graph.constant("cell", np.array([1, 1, CELL, CELL], np.float32))
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        over = graph.node("Sub", picture, graph.node("Resize", around, "", larger, **how))
        most = graph.constant("most_contrast", np.float32(1))
        least = graph.constant("least_contrast", np.float32(-1))
        return graph.node(
            "Clip", graph.node("Mul", over, graph.constant("contrast", np.float32(CONTRAST))), least, most
        )

    def convolution(
        self,
        name: str,
        value: str,
        outputs: int,  # noqa: ARG002  # the weights know
        kernel: int = 1,
        stride: int = 1,
        each: bool = False,
    ) -> str:
        """See `Layers`; normalisation is in kernel and bias."""
        raw = self._convolution(name, value, kernel, stride, each)
        return self.graph.node("Mul", raw, self.graph.node("Sigmoid", raw))

    def prediction(self, name: str, value: str, outputs: int) -> str:  # noqa: ARG002
        """See `Layers`."""
        return self._convolution(name, value, 1, 1, each=False)

    def pool(self, value: str, kernel: int) -> str:
        """See `Layers`."""
        return self.graph.node("MaxPool", value, kernel_shape=[kernel] * 2, strides=[1, 1], pads=[kernel // 2] * 4)

    def enlarge(self, value: str) -> str:
        """See `Layers`."""
        twice = self.graph.constant("twice", np.array([1, 1, 2, 2], np.float32))
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.graph.node("Resize", value, "", twice, **how)

    def add(self, one: str, other: str) -> str:
        """See `Layers`."""
        return self.graph.node("Add", one, other)

    def join(self, values: Sequence[str]) -> str:
        """See `Layers`."""
        return self.graph.node("Concat", *values, axis=1)

    def _convolution(self, name: str, value: str, kernel: int, stride: int, each: bool) -> str:
        weight, bias = folded(self.weights, name)
        return self.graph.node(
            "Conv",
            value,
            self.graph.constant(f"{name}.kernel", weight),
            self.graph.constant(f"{name}.bias", bias),
            group=len(weight) if each else 1,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
        )


def build_graph(weights: Weights, labels: Sequence[str], size: Size) -> onnx.ModelProto:
    """The served model; labels are numbered in their order, two a kind of equipment (normal, danger).

    Raises:
        ConfigurationError: weights that are not of this network, or not finite.
    """
    check(weights, len(labels))
    graph = GraphBuilder()
    known = _known(graph)
    raw = add_network(graph, weights, len(labels), _picture(graph, known, size))
    add_boxes(graph, raw, known, cells(size.width, size.height), (FRAME_WIDTH / size.width, FRAME_HEIGHT / size.height))
    return model_of(graph, "detector", _inputs(), _outputs())


def build_network(weights: Weights, labels: int, size: Size) -> onnx.ModelProto:
    """The bare network, for timing and tests: picture float32 (B, 1, H, W), 0 to 1, to `raw` (B, A, 5 + labels)."""
    check(weights, labels)
    graph = GraphBuilder()
    raw = add_network(graph, weights, labels, "picture")
    graph.node("Identity", raw, name="raw")
    count = len(cells(size.width, size.height))
    return model_of(
        graph,
        "network",
        [tensor("picture", np.float32, ["B", 1, size.height, size.width])],
        [tensor("raw", np.float32, ["B", count, 5 + labels])],
    )


def add_network(graph: GraphBuilder, weights: Weights, labels: int, picture: str) -> str:
    """Add the network; returns the name of its raw predictions (B, A, 5 + labels)."""
    levels = Network(GraphLayers(graph, weights), labels).lay(picture)
    flat = graph.constant("flat", np.array([0, 5 + labels, -1], np.int64))
    joined = graph.node("Concat", *(graph.node("Reshape", level, flat) for level in levels), axis=2)
    return graph.node("Transpose", joined, perm=[0, 2, 1])


def _inputs() -> list[onnx.ValueInfoProto]:
    return [
        tensor("counts", np.uint16, ["B", FRAME_HEIGHT, FRAME_WIDTH]),
        tensor("scale_k", np.float32, ["B", 1]),
        tensor("offset_k", np.float32, ["B", 1]),
    ]


def _outputs() -> list[onnx.ValueInfoProto]:
    return [
        tensor("boxes", np.float32, ["B", MOST_BOXES, 4]),
        tensor("score", np.float32, ["B", MOST_BOXES]),
        tensor("label", np.int32, ["B", MOST_BOXES]),
    ]


def _known(graph: GraphBuilder) -> str:
    """Whether a frame's numbers can be used, bool (B, 1)."""
    checks = [
        graph.node("Greater", "scale_k", graph.constant("no_scale", np.float32(0))),
        graph.node("Less", "scale_k", graph.constant("highest_scale", _HIGHEST_SCALE)),
        graph.node("Less", graph.node("Abs", "offset_k"), graph.constant("highest_offset", _HIGHEST_OFFSET)),
    ]
    known = checks[0]
    for check_ in checks[1:]:
        known = graph.node("And", known, check_)
    return known


def _picture(graph: GraphBuilder, known: str, size: Size) -> str:
    """What `picture.to_picture` makes, (B, 1, H, W); black where the frame's numbers cannot be used."""
    channel = graph.constant("channel_axis", np.array([1], np.int64))
    pixels = graph.constant("pixel_axes", np.array([2, 3], np.int64))
    counts = graph.node("Unsqueeze", graph.node("Cast", "counts", to=onnx.TensorProto.FLOAT), channel)
    share = [1, 1, size.height / FRAME_HEIGHT, size.width / FRAME_WIDTH]
    shares = graph.constant("shares", np.array(share, np.float32))
    smaller = graph.node("Resize", counts, "", shares, mode="linear", coordinate_transformation_mode="half_pixel")
    zero = graph.constant("zero", np.float32(0))
    span = graph.constant("span", np.float32(HIGH_K - LOW_K))
    low = graph.constant("low", np.float32(LOW_K))
    scale = graph.node("Div", graph.node("Where", known, "scale_k", zero), span)
    offset = graph.node("Div", graph.node("Where", known, graph.node("Sub", "offset_k", low), zero), span)
    place = graph.node("Mul", smaller, graph.node("Unsqueeze", scale, pixels))
    place = graph.node("Add", place, graph.node("Unsqueeze", offset, pixels))
    return graph.node("Clip", place, zero, graph.constant("one", np.float32(1)))
