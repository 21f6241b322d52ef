"""A network in ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from deploy.triton.backends.onnxruntime.batching import Tensors
from deploy.triton.backends.onnxruntime.settings import PRECISIONS, ModelSettings, WrongModel


class Session:
    """Loads on construction; raises WrongModel for what this runtime does not do."""

    def __init__(self, file: Path, settings: ModelSettings) -> None:
        if settings.precision != PRECISIONS[0]:
            raise WrongModel(f"parameter inference_precision is {settings.precision!r}: ONNX Runtime computes in f32")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.threads
        # Threads that spin while they wait would take the cores from the other model and from the services.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._outputs = list(settings.outputs)

    def run(self, inputs: Tensors) -> Tensors:
        """The outputs by name, in arrays of their own; raises what the runtime raises."""
        return dict(zip(self._outputs, self._session.run(self._outputs, dict(inputs)), strict=True))
