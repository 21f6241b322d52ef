"""What the backend reads from a model's configuration (config.pbtxt, as Triton hands it over in JSON)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

# The element types of model_config.proto that NumPy has.
DTYPES: Final[Mapping[str, np.dtype[np.generic]]] = {
    "TYPE_BOOL": np.dtype(np.bool_),
    "TYPE_UINT8": np.dtype(np.uint8),
    "TYPE_UINT16": np.dtype(np.uint16),
    "TYPE_UINT32": np.dtype(np.uint32),
    "TYPE_UINT64": np.dtype(np.uint64),
    "TYPE_INT8": np.dtype(np.int8),
    "TYPE_INT16": np.dtype(np.int16),
    "TYPE_INT32": np.dtype(np.int32),
    "TYPE_INT64": np.dtype(np.int64),
    "TYPE_FP16": np.dtype(np.float16),
    "TYPE_FP32": np.dtype(np.float32),
    "TYPE_FP64": np.dtype(np.float64),
}
PRECISIONS: Final = ("f32", "bf16", "f16")
OPENVINO: Final = "openvino"
ONNX_RUNTIME: Final = "onnxruntime"
RUNTIMES: Final = (OPENVINO, ONNX_RUNTIME)
DEFAULT_FILE: Final = "model.onnx"


class WrongModel(Exception):
    """A model that cannot be served as its configuration says; the text names what is wrong."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output: `dims` without the batch axis, -1 where any size goes."""

    dtype: np.dtype[np.generic]
    dims: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """One model. `max_batch_size` 0: no batch axis. `threads`: of one instance.

    `precision` is what the runtime may compute in. It is f32 unless the model's parameter `inference_precision` says
    otherwise: processors with AMX would compute in bf16, and a distance between near neighbours does not survive that.
    """

    name: str
    file: str
    max_batch_size: int
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    threads: int
    precision: str
    # Which one is the faster depends on the network: docs/decisions/0008-triton-embedded.md.
    runtime: str = OPENVINO


def read_settings(config: Mapping[str, Any], cores: int | None = None) -> ModelSettings:
    """From the configuration; raises WrongModel. `cores`: None takes those that this process may use."""
    parameters = {key: str(value.get("string_value", "")) for key, value in config.get("parameters", {}).items()}
    cores = cores or len(os.sched_getaffinity(0))
    return ModelSettings(
        name=str(config["name"]),
        file=str(config.get("default_model_filename") or DEFAULT_FILE),
        max_batch_size=int(config.get("max_batch_size", 0)),
        inputs={str(entry["name"]): _tensor(entry) for entry in config["input"]},
        outputs={str(entry["name"]): _tensor(entry) for entry in config["output"]},
        threads=_threads(parameters, cores),
        precision=_one_of(parameters, "inference_precision", PRECISIONS),
        runtime=_one_of(parameters, "runtime", RUNTIMES),
    )


def _tensor(entry: Mapping[str, Any]) -> Tensor:
    kind = str(entry["data_type"])
    if kind not in DTYPES:
        raise WrongModel(
            f"{entry['name']} is {kind}, which this backend does not serve; use one of {', '.join(DTYPES)}"
        )
    reshape = entry.get("reshape")
    if reshape is not None:
        raise WrongModel(f"{entry['name']} has a reshape, which this backend does not do: put it into the graph")
    return Tensor(DTYPES[kind], tuple(int(size) for size in entry["dims"]))


def _threads(parameters: Mapping[str, str], cores: int) -> int:
    """`intra_op_thread_count` as in Triton's own backend: 0, or nothing, is the number of cores."""
    told = parameters.get("intra_op_thread_count", "0")
    if not told.isdecimal():
        raise WrongModel(f"parameter intra_op_thread_count is {told!r}, expected a number of threads")
    return int(told) or cores


def _one_of(parameters: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    """The parameter called `name`; without it, the first that is known."""
    told = parameters.get(name, known[0])
    if told not in known:
        raise WrongModel(f"parameter {name} is {told!r}, expected one of {', '.join(known)}")
    return told
