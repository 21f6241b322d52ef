"""Triton's entry to this backend: the interface that its Python backend calls (`TritonPythonModel`).

One process for each instance of a model. `initialize` makes the network ready, `execute` answers the requests that
Triton's dynamic batcher put together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Both are there only inside Triton's own process for a model.
import triton_python_backend_utils as triton

from deploy.triton.backends.onnxruntime.batching import Outcome, Tensors, answer
from deploy.triton.backends.onnxruntime.network import Network
from deploy.triton.backends.onnxruntime.settings import WrongModel, read_settings


class TritonPythonModel:
    """One instance of one model."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load REPOSITORY/MODEL/VERSION/model.onnx; what is wrong with it goes into Triton's log and refusal."""
        folder = Path(args["model_repository"]) / args["model_version"]
        try:
            self._settings = read_settings(json.loads(args["model_config"]))
            self._network = Network(folder / self._settings.file, self._settings)
        except WrongModel as error:
            raise triton.TritonModelException(f"model {args['model_name']}: {error}") from error
        triton.Logger.log_info(
            f"{args['model_instance_name']}: {self._settings.runtime}, {self._settings.precision}, "
            f"{self._settings.threads} thread(s)"
        )

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """One response a request, in their order."""
        outcomes = answer([self._inputs(request) for request in requests], self._network.run, self._max_batch_size)
        return [self._response(request, outcome) for request, outcome in zip(requests, outcomes, strict=True)]

    @property
    def _max_batch_size(self) -> int:
        return self._settings.max_batch_size

    def _inputs(self, request: Any) -> Tensors:  # noqa: ANN401 - Triton ships no types
        return {name: triton.get_input_tensor_by_name(request, name).as_numpy() for name in self._settings.inputs}

    def _response(self, request: Any, outcome: Outcome) -> Any:  # noqa: ANN401 - Triton ships no types
        if isinstance(outcome, Exception):
            text = f"model {self._settings.name} could not be run: {outcome}"
            return triton.InferenceResponse(error=triton.TritonError(text))
        wanted = request.requested_output_names()
        return triton.InferenceResponse([triton.Tensor(name, outcome[name]) for name in wanted])
