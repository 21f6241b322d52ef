"""An ONNX file in OpenVINO on the CPU, compiled once for each size of batch.

Why OpenVINO, and why so: docs/decisions/0008-triton-embedded.md has the figures. A graph whose shape is fixed runs
faster than one with a free batch, so every size up to `EACH_SIZE` is compiled when the model is loaded; larger batches
run in a graph with a free batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino

from deploy.triton.backends.onnxruntime.batching import Tensors
from deploy.triton.backends.onnxruntime.settings import ModelSettings, Tensor, WrongModel

EACH_SIZE: Final = 8
FREE: Final = 0


class Network:
    """Loads, checks and compiles on construction; raises WrongModel when file and configuration do not agree."""

    def __init__(self, file: Path, settings: ModelSettings) -> None:
        self._settings = settings
        self._core = openvino.Core()
        model = _read(self._core, file)
        _check(settings, model)
        _check_weights(model)
        self._compiled = {size: self._compile(model.clone(), size) for size in _sizes(settings)}

    def run(self, inputs: Tensors) -> Tensors:
        """The outputs by name, in arrays of their own; raises what the runtime raises."""
        batch = next(iter(inputs.values())).shape[0] if self._settings.max_batch_size else FREE
        request = self._compiled.get(batch) or self._compiled[FREE]
        contiguous = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        results = request.infer(contiguous, share_inputs=True)
        return {name: results[name] for name in self._settings.outputs}

    def _compile(self, model: Any, size: int) -> Any:  # noqa: ANN401 - OpenVINO ships no types
        if size:
            model.reshape({name: [size, *tensor.dims] for name, tensor in self._settings.inputs.items()})
        properties = {
            "INFERENCE_PRECISION_HINT": self._settings.precision,
            "INFERENCE_NUM_THREADS": self._settings.threads,
            "NUM_STREAMS": 1,
            # Pinned threads of two models would share a core while the other one idles.
            "ENABLE_CPU_PINNING": False,
        }
        return self._core.compile_model(model, "CPU", properties).create_infer_request()


def _read(core: Any, file: Path) -> Any:  # noqa: ANN401 - OpenVINO ships no types
    if not file.is_file():
        raise WrongModel(f"{file} is missing")
    try:
        return core.read_model(file)
    except RuntimeError as error:
        raise WrongModel(f"{file} cannot be read as ONNX: {error}") from error


def _sizes(settings: ModelSettings) -> Sequence[int]:
    """The batch sizes to compile for; FREE where a size is not fixed."""
    fixed = all(size > 0 for tensor in settings.inputs.values() for size in tensor.dims)
    if not fixed or settings.max_batch_size == 0:
        return (FREE,)
    each = range(1, min(settings.max_batch_size, EACH_SIZE) + 1)
    return (*each, FREE) if settings.max_batch_size > EACH_SIZE else tuple(each)


def _check(settings: ModelSettings, model: Any) -> None:  # noqa: ANN401 - OpenVINO ships no types
    mistakes = [
        *_mistakes("input", settings.inputs, model.inputs, batched=settings.max_batch_size > 0),
        *_mistakes("output", settings.outputs, model.outputs, batched=settings.max_batch_size > 0),
        *(f"input {name} of the graph is not in the configuration" for name in _extra(settings, model)),
    ]
    if mistakes:
        raise WrongModel("the graph is not what config.pbtxt says: " + "; ".join(mistakes))


def _check_weights(model: Any) -> None:  # noqa: ANN401 - OpenVINO ships no types
    """A weight that is no number would be a wrong answer and no NaN: a ReLU, or the nearest of many rows, hides it.

    A single number may be NaN: it is what a graph answers on purpose where there is no answer.
    """
    arrays = {node.get_friendly_name(): node.data for node in model.get_ops() if node.get_type_name() == "Constant"}
    broken = [name for name, it in arrays.items() if it.size > 1 and it.dtype.kind == "f" and not np.isfinite(it).all()]
    if broken:
        raise WrongModel(f"weights that are no numbers, in {', '.join(sorted(broken))}: make the model anew")


def _extra(settings: ModelSettings, model: Any) -> list[str]:  # noqa: ANN401 - OpenVINO ships no types
    return [port.any_name for port in model.inputs if not port.names & settings.inputs.keys()]


def _mistakes(kind: str, configured: Mapping[str, Tensor], ports: Sequence[Any], *, batched: bool) -> list[str]:
    by_name = {name: port for port in ports for name in port.names}
    return [
        mistake
        for name, tensor in configured.items()
        if (mistake := _mistake(f"{kind} {name}", tensor, by_name.get(name), batched=batched))
    ]


def _mistake(what: str, tensor: Tensor, port: Any, *, batched: bool) -> str | None:  # noqa: ANN401 - no types
    if port is None:
        return f"{what} is not in the graph"
    dtype = np.dtype(port.element_type.to_dtype())
    if dtype != tensor.dtype:
        return f"{what} is {dtype} in the graph and {tensor.dtype} in the configuration"
    found = port.partial_shape
    expected = openvino.PartialShape([-1, *tensor.dims] if batched else list(tensor.dims))
    if not found.compatible(expected):
        return f"{what} is {found} in the graph and {expected} in the configuration"
    return None
