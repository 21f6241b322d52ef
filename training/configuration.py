"""A model's configurations for Triton: config.pbtxt, and under configs/ the same model on other processors.

A server takes one of configs/ by `--model-config-name=gpu` or `--model-config-name=openvino`, and config.pbtxt for a
model that has none of that name. They differ in where the instances run and by what; names, shapes, queues and
parameters are written once, here, so that they cannot come apart.

Source: Triton's model_config.proto (triton-inference-server/common, r24.10), "Model Configuration" and "Custom Model
Configuration" of its user guide, and README.md and src/onnxruntime.cc of triton-inference-server/onnxruntime_backend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT: Final = "config.pbtxt"
GPU: Final = "configs/gpu.pbtxt"
OPENVINO: Final = "configs/openvino.pbtxt"

UNVERIFIED: Final = """# *Unverified*: parsed as Triton 2.51 does, never loaded by a server
# (docs/decisions/0008-triton-embedded.md)."""
TWO_INSTANCES: Final = (
    "# Two: with one, 2.51 lets some requests wait half a second (docs/decisions/0008-triton-embedded.md)."
)
ON_CPU: Final = f"""{TWO_INSTANCES}
instance_group [ {{ count: 2 kind: KIND_CPU }} ]"""
# TensorRT is asked first and CUDA does what it leaves. Neither computes in half precision. TensorFloat-32 keeps ten
# bits of a product where float32 keeps 23; the backend has no parameter for TensorRT's.
ON_GPU: Final = f"""{TWO_INSTANCES}
instance_group [ {{ count: 2 kind: KIND_GPU }} ]
# float32 throughout, if the server's environment has NVIDIA_TF32_OVERRIDE=0: else TensorRT uses TensorFloat-32.
optimization {{ execution_accelerators {{
  gpu_execution_accelerator [
    {{ name: "tensorrt" parameters {{ key: "precision_mode" value: "FP32" }} }},
    {{ name: "cuda" parameters {{ key: "use_tf32" value: "0" }} }}
  ]
}} }}"""
BY_OPENVINO: Final = f"""{ON_CPU}
# The backend gives OpenVINO no precision: where the processor has AMX, compare scores with config.pbtxt's first.
optimization {{ execution_accelerators {{ cpu_execution_accelerator [ {{ name: "openvino" }} ] }} }}"""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output: `data_type` as Triton calls it without TYPE_, `dims` without the batch."""

    name: str
    data_type: str
    dims: tuple[int, ...]

    @property
    def text(self) -> str:
        """As it stands in a configuration."""
        return f'{{ name: "{self.name}" data_type: TYPE_{self.data_type} dims: [ {self._dims} ] }}'

    def of_zeros(self) -> str:
        """As an input of a request that warms a model up."""
        value = f"data_type: TYPE_{self.data_type} dims: [ {self._dims} ] zero_data: true"
        return f'inputs {{ key: "{self.name}" value {{ {value} }} }}'

    @property
    def _dims(self) -> str:
        return ", ".join(map(str, self.dims))


@dataclass(frozen=True, slots=True)
class Configuration:
    """What Triton is told of a model; `parameters` are for whoever asks it, and `why` is the comment above them."""

    name: str
    command: str
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    max_batch: int
    queue: int
    queue_us: int
    parameters: Mapping[str, str]
    why: str = ""

    def texts(self) -> Mapping[str, str]:
        """The text of each file, by its place in the model's folder."""
        return {
            DEFAULT: self._text(ON_CPU, f"# {self._written_by} beside this file tells what the model is."),
            GPU: self._text(f"{ON_GPU}\n{self._warm_up()}", self._first_of_others()),
            OPENVINO: self._text(BY_OPENVINO, self._first_of_others()),
        }

    def write(self, model: Path) -> None:
        """Write all of them into a model's folder."""
        (model / GPU).parent.mkdir(exist_ok=True)
        for place, text in self.texts().items():
            (model / place).write_text(text, encoding="utf-8")

    @property
    def _written_by(self) -> str:
        return f"Written by `{self.command}`: card.json"

    def _first_of_others(self) -> str:
        return f"{UNVERIFIED}\n# {self._written_by} in the folder above tells what the model is."

    def _text(self, processors: str, first: str) -> str:
        parts = [
            first,
            f'name: "{self.name}"',
            'backend: "onnxruntime"',
            f"max_batch_size: {self.max_batch}",
            _tensors("input", self.inputs),
            _tensors("output", self.outputs),
            "version_policy { specific { versions: [ 1 ] } }",
            processors,
            self._batching(),
            *([self.why] if self.why else []),
            *(
                f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}'
                for key, value in self.parameters.items()
            ),
        ]
        return "\n".join(parts) + "\n"

    def _batching(self) -> str:
        return f"""dynamic_batching {{
  default_queue_policy {{
    max_queue_size: {self.queue}
    default_timeout_microseconds: {self.queue_us}
    timeout_action: REJECT
  }}
}}"""

    def _warm_up(self) -> str:
        """TensorRT builds an engine for the batches that it has seen: the smallest and the largest, at the start."""
        inputs = "\n  ".join(tensor.of_zeros() for tensor in self.inputs)
        batches = [
            f'model_warmup {{\n  name: "a batch of {size}" batch_size: {size}\n  {inputs}\n}}'
            for size in (1, self.max_batch)
        ]
        return "\n".join(
            ["# An engine is built for each range of batches that is seen: here, before it is ready.", *batches]
        )


def _tensors(side: str, tensors: Sequence[Tensor]) -> str:
    return f"{side} [\n  " + ",\n  ".join(tensor.text for tensor in tensors) + "\n]"
