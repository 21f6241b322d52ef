"""A network in OpenVINO on the CPU, compiled once for each size of batch.

A graph whose shape is fixed runs faster than one with a free batch, so every size up to `EACH_SIZE` is compiled when
the model is loaded; larger batches run in a graph with a free batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from deploy.triton.backends.onnxruntime.batching import Tensors
from deploy.triton.backends.onnxruntime.settings import ModelSettings

EACH_SIZE: Final = 8
FREE: Final = 0


class Compiled:
    """Compiles on construction."""

    def __init__(self, core: Any, model: Any, settings: ModelSettings) -> None:  # noqa: ANN401 - OpenVINO ships no types
        self._settings = settings
        self._core = core
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


def _sizes(settings: ModelSettings) -> Sequence[int]:
    """The batch sizes to compile for; FREE where a size is not fixed."""
    fixed = all(size > 0 for tensor in settings.inputs.values() for size in tensor.dims)
    if not fixed or settings.max_batch_size == 0:
        return (FREE,)
    each = range(1, min(settings.max_batch_size, EACH_SIZE) + 1)
    return (*each, FREE) if settings.max_batch_size > EACH_SIZE else tuple(each)
