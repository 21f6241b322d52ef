"""Write ONNX graphs by hand: nodes in order, constants by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

# Read by ONNX Runtime 1.17 and later (onnxruntime.ai/docs/reference/compatibility.html: opset 20, IR 9) and by
# OpenVINO 2024, whose ONNX frontend takes the opsets of that time.
OPSET: Final = 17
IR_VERSION: Final = 8

Shape = Sequence[int | str | None]
Attribute = int | float | str | Sequence[int] | Sequence[float]


class GraphBuilder:
    """Collects nodes and constants; every value has one name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def node(self, operator: str, *inputs: str, name: str = "", **attributes: Attribute) -> str:
        """Add a node with one output; returns the output's name, made up where none is given."""
        return self.split(operator, *inputs, names=[name or f"{operator}_{len(self.nodes)}"], **attributes)[0]

    def split(self, operator: str, *inputs: str, names: Sequence[str], **attributes: Attribute) -> Sequence[str]:
        """Add a node with several outputs."""
        node = helper.make_node(operator, list(inputs), list(names), name=names[0])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return names

    def constant(self, name: str, value: npt.ArrayLike) -> str:
        """Add a constant, or name one that is there already; its dtype is that of the array."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def include(self, graph: onnx.GraphProto) -> None:
        """Add all nodes and constants of another graph; its names must not be ours."""
        self.nodes.extend(graph.node)
        self._constants.update({tensor.name: tensor for tensor in graph.initializer})

    @property
    def constants(self) -> Sequence[onnx.TensorProto]:
        """What `constant` was told, in that order."""
        return list(self._constants.values())


def tensor(name: str, dtype: npt.DTypeLike, shape: Shape) -> onnx.ValueInfoProto:
    """An input or output."""
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


def model_of(
    graph: GraphBuilder, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    """A checked model: operators of opset 17, shapes inferred and found to agree."""
    whole = helper.make_graph(graph.nodes, name, inputs, outputs, graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = "canairy"
    onnx.checker.check_model(model)
    return model


def constants_of(model: onnx.ModelProto) -> dict[str, npt.NDArray[Any]]:
    """The constants of a model by name."""
    return {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
