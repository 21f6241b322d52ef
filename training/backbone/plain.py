"""Run the backbone in plain NumPy, float64: slow (half a second a picture), and the truth that runtimes are held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from numpy.lib.stride_tricks import sliding_window_view
from onnx import helper

from training.graph_builder import constants_of

Array = npt.NDArray[np.float64]


def run_plain(model: onnx.ModelProto, picture: npt.ArrayLike) -> dict[str, Array]:
    """The outputs of a graph of Mul, Sub, Add, Clip, Conv and Identity, by name, for one input."""
    values: dict[str, Array] = {name: np.asarray(value, np.float64) for name, value in constants_of(model).items()}
    values[model.graph.input[0].name] = np.asarray(picture, np.float64)
    for node in model.graph.node:
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        values[node.output[0]] = _OPERATORS[node.op_type](attributes, *(values[name] for name in node.input))
    return {output.name: values[output.name] for output in model.graph.output}


def _convolution(attributes: Mapping[str, Any], value: Array, kernel: Array, bias: Array) -> Array:
    top, left, bottom, right = attributes["pads"]
    down, across = attributes["strides"]
    padded = np.pad(value, ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = sliding_window_view(padded, kernel.shape[2:], axis=(2, 3))[:, :, ::down, ::across]
    if attributes["group"] == 1:
        summed = np.tensordot(windows, kernel, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    else:  # depthwise: one kernel a channel
        summed = np.einsum("bchwij,cij->bchw", windows, kernel[:, 0])
    return np.asarray(summed + bias[None, :, None, None], np.float64)


_OPERATORS: Final[Mapping[str, Callable[..., Array]]] = {
    "Conv": _convolution,
    "Clip": lambda _, value, low, high: np.clip(value, low, high),
    "Identity": lambda _, value: value,
    "Mul": lambda _, one, other: one * other,
    "Sub": lambda _, one, other: one - other,
    "Add": lambda _, one, other: one + other,
}
