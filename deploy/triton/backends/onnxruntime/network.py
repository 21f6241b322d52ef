"""An ONNX file, held to its configuration and made ready in the runtime that this names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from deploy.triton.backends.onnxruntime.batching import Run
from deploy.triton.backends.onnxruntime.compiled import Compiled
from deploy.triton.backends.onnxruntime.session import Session
from deploy.triton.backends.onnxruntime.settings import ONNX_RUNTIME, ModelSettings, Tensor, WrongModel


class Network:
    """Loads, checks and compiles on construction; raises WrongModel when file and configuration do not agree."""

    def __init__(self, file: Path, settings: ModelSettings) -> None:
        core = openvino.Core()
        model = _read(core, file)
        _check(settings, model)
        _check_weights(model)
        compiled = Session(file, settings) if settings.runtime == ONNX_RUNTIME else Compiled(core, model, settings)
        self.run: Run = compiled.run
        """The outputs by name, in arrays of their own; raises what the runtime raises."""


def _read(core: Any, file: Path) -> Any:  # noqa: ANN401 - OpenVINO ships no types
    if not file.is_file():
        raise WrongModel(f"{file} is missing")
    try:
        return core.read_model(file)
    except RuntimeError as error:
        raise WrongModel(f"{file} cannot be read as ONNX: {error}") from error


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
