"""What a model takes and gives, and how two descriptions of it differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

# KServe's names of the element types (Open Inference Protocol v2, "Tensor Data Types"); -1 in a shape is any size.
ANY: Final = -1


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Element type by KServe's name (`UINT16`, `FP32`...) and shape; the batch axis is there, as -1."""

    datatype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.datatype} {list(self.shape)}"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model by its name. `parameters` are the texts in its configuration, such as the digest of its graph."""

    name: str
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    parameters: Mapping[str, str] = field(default_factory=dict)
    # The largest batch of one request; 0: the model has no batch axis.
    max_batch_size: int = 0


def differences(expected: ModelSpec, found: ModelSpec) -> list[str]:
    """Every way in which what was found is not what is expected, one a line; further parameters are no difference."""
    return [
        *_tensor_differences(expected.name, "input", expected.inputs, found.inputs),
        *_tensor_differences(expected.name, "output", expected.outputs, found.outputs),
        *_parameter_differences(expected, found),
        *_batch_differences(expected, found),
    ]


def _tensor_differences(
    model: str, kind: str, expected: Mapping[str, TensorSpec], found: Mapping[str, TensorSpec]
) -> Iterator[str]:
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield f"model {model}: {kind} {name} ({expected[name]}) is missing"
        elif name not in expected:
            yield f"model {model}: {kind} {name} ({found[name]}) is not known here"
        elif expected[name] != found[name]:
            yield f"model {model}: {kind} {name} is {found[name]}, expected {expected[name]}"


def _parameter_differences(expected: ModelSpec, found: ModelSpec) -> Iterator[str]:
    for name, value in expected.parameters.items():
        if found.parameters.get(name) != value:
            has = repr(found.parameters[name]) if name in found.parameters else "missing"
            yield f"model {expected.name}: parameter {name} is {has}, expected {value!r}"


def _batch_differences(expected: ModelSpec, found: ModelSpec) -> Iterator[str]:
    if found.max_batch_size < expected.max_batch_size:
        yield (
            f"model {expected.name}: takes batches of {found.max_batch_size} at most, "
            f"expected at least {expected.max_batch_size}"
        )
