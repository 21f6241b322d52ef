"""Between NumPy arrays and the messages of KServe's v2 protocol ("Open Inference Protocol"), as Triton speaks it.

Contents travel as raw little-endian bytes in row-major order (`raw_input_contents`), which is NumPy's own on the
processors that canAIry runs on: no element by element.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from tritonclient.grpc import service_pb2 as pb

from canairy.errors import ConfigurationError, Unavailable
from canairy.triton.ports import Array, Tensors
from canairy.triton.spec import ANY, ModelSpec

# Names of the protocol's "Tensor Data Types"; BYTES, FP16 and BF16 are used by no model of ours.
DTYPES: Final[Mapping[str, np.dtype[np.generic]]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
DATATYPES: Final = {dtype: name for name, dtype in DTYPES.items()}


def question(model: str, inputs: Tensors) -> pb.ModelInferRequest:
    """A request for all outputs of the model's chosen version, its contents not in it yet.

    Raises ConfigurationError for a dtype that cannot be carried.
    """
    message = pb.ModelInferRequest(model_name=model)
    for name, array in inputs.items():
        message.inputs.add(name=name, datatype=_datatype(model, name, array), shape=array.shape)
    return message


def put(message: pb.ModelInferRequest, inputs: Tensors) -> None:
    """The contents of the inputs into the message itself."""
    message.raw_input_contents.extend(array.tobytes() for array in inputs.values())


def outputs(message: pb.ModelInferResponse) -> dict[str, Array]:
    """The outputs by name: read-only views of the message.

    Raises Unavailable for half an answer: an output without its bytes, or with more or fewer than its shape says.
    """
    if len(message.outputs) != len(message.raw_output_contents):
        raise Unavailable(
            f"model {message.model_name}: half an answer: {len(message.outputs)} outputs are named "
            f"and {len(message.raw_output_contents)} came"
        )
    pairs = zip(message.outputs, message.raw_output_contents, strict=True)
    return {tensor.name: _array(message.model_name, tensor, contents) for tensor, contents in pairs}


def check_whole(spec: ModelSpec, batch: int, answer: Tensors) -> None:
    """Raise Unavailable when an output of the model is missing or has another type or shape than it must."""
    for name, expected in spec.outputs.items():
        if name not in answer:
            raise Unavailable(f"model {spec.name}: half an answer: output {name} is missing")
        shape = (batch, *expected.shape[1:]) if spec.max_batch_size else expected.shape
        found = answer[name]
        if DATATYPES.get(found.dtype) != expected.datatype or not _fits(found.shape, shape):
            wanted = f"{expected.datatype} {list(shape)}"
            raise Unavailable(
                f"model {spec.name}: half an answer: output {name} is {found.dtype} {list(found.shape)}, not {wanted}"
            )


def _fits(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return len(found) == len(expected) and all(
        wanted in {ANY, size} for size, wanted in zip(found, expected, strict=True)
    )


def _datatype(model: str, name: str, array: Array) -> str:
    try:
        return DATATYPES[array.dtype]
    except KeyError:
        known = ", ".join(str(dtype) for dtype in DATATYPES)
        raise ConfigurationError(
            f"model {model}: input {name} is an array of {array.dtype}, which cannot be sent; use one of {known}"
        ) from None


def _array(model: str, tensor: pb.ModelInferResponse.InferOutputTensor, contents: bytes) -> Array:
    dtype = DTYPES.get(tensor.datatype)
    if dtype is None:
        raise ConfigurationError(f"model {model}: output {tensor.name} is {tensor.datatype}, which is not read here")
    shape = tuple(tensor.shape)
    if math.prod(shape) * dtype.itemsize != len(contents):
        raise Unavailable(
            f"model {model}: half an answer: output {tensor.name} is {tensor.datatype} {list(shape)} "
            f"and {len(contents)} bytes came"
        )
    return np.frombuffer(contents, dtype).reshape(shape)
