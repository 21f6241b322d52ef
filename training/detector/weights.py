"""The network's parameters as plain arrays by name: how many there are, how they begin, how they are folded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from training.detector.architecture import Network

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]

# Of batch normalisation, as in the authors' release of YOLOX.
EPSILON: Final = 1e-3
# Objectness and labels begin this unlikely, so that the many empty cells do not drown the first steps
# (Lin et al., Focal Loss for Dense Object Detection, arXiv 1708.02002, section 3.3).
PRIOR: Final = 0.01


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution: normalised and activated, or a bare `prediction` with a bias."""

    name: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    prediction: bool = False

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the kernel: outputs, inputs that each output sees, rows, columns."""
        return self.outputs, self.inputs // self.groups, self.kernel, self.kernel

    @property
    def vectors(self) -> Sequence[str]:
        """The names of what has one number an output channel."""
        parts = ("bias",) if self.prediction else ("scale", "shift", "mean", "variance")
        return [f"{self.name}.{part}" for part in parts]

    @property
    def parameters(self) -> int:
        """What training changes: kernel and bias, or kernel, scale and shift."""
        return math.prod(self.shape) + self.outputs * (1 if self.prediction else 2)


class _Recorder:
    """Layers that only note what they were asked for; a value is its number of channels."""

    def __init__(self) -> None:
        self.convolutions: list[Convolution] = []

    def fold(self, value: int) -> int:
        return 4 * value

    def contrast(self, picture: int) -> int:
        return picture

    def convolution(
        self, name: str, value: int, outputs: int, kernel: int = 1, stride: int = 1, each: bool = False
    ) -> int:
        outputs, groups = (value, value) if each else (outputs, 1)
        self.convolutions.append(Convolution(name, value, outputs, kernel, stride, groups))
        return outputs

    def prediction(self, name: str, value: int, outputs: int) -> int:
        self.convolutions.append(Convolution(name, value, outputs, prediction=True))
        return outputs

    def pool(self, value: int, kernel: int) -> int:  # noqa: ARG002
        return value

    def enlarge(self, value: int) -> int:
        return value

    def add(self, one: int, other: int) -> int:
        if one != other:
            raise ValueError(f"{one} channels cannot be added to {other}")
        return one

    def join(self, values: Sequence[int]) -> int:
        return sum(values)


def convolutions(labels: int, channels: int = 1) -> list[Convolution]:
    """Every convolution of the network in order, for pictures of so many channels (1: temperature)."""
    recorder = _Recorder()
    Network(recorder, labels).lay(channels)
    return recorder.convolutions


def first_weights(labels: int, seed: int) -> dict[str, Floats]:
    """How training begins: kernels uniform within 1/sqrt(values that an output sees), as torch begins; and PRIOR."""
    generator = np.random.default_rng(seed)
    weights: dict[str, Floats] = {}
    for layer in convolutions(labels):
        reach = 1 / math.sqrt(math.prod(layer.shape[1:]))
        weights[f"{layer.name}.kernel"] = generator.uniform(-reach, reach, layer.shape).astype(np.float32)
        for name in layer.vectors:
            ones = name.endswith((".scale", ".variance"))
            weights[name] = np.full(layer.outputs, 1.0 if ones else 0.0, np.float32)
        if layer.prediction and not layer.name.endswith("_box"):
            weights[f"{layer.name}.bias"] -= np.float32(math.log((1 - PRIOR) / PRIOR))
    return weights


def check(weights: Weights, labels: int) -> None:
    """Whether these are the weights of the network with so many labels.

    Raises:
        ConfigurationError: one is missing, of another shape, or not finite; the text names the first of them.
    """
    for layer in convolutions(labels):
        wanted = {f"{layer.name}.kernel": layer.shape, **dict.fromkeys(layer.vectors, (layer.outputs,))}
        for name, shape in wanted.items():
            found = weights.get(name)
            if found is None or found.shape != shape:
                has = "missing" if found is None else f"of shape {found.shape}"
                raise ConfigurationError(f"detector weights: {name} is {has}, {shape} is needed for {labels} labels")
            if not np.isfinite(found).all():
                raise ConfigurationError(f"detector weights: {name} holds numbers that are not finite: train anew")


def folded(weights: Weights, name: str) -> tuple[Floats, Floats]:
    """Kernel and bias of a convolution with the normalisation after it in them, folded in float64."""
    kernel = weights[f"{name}.kernel"]
    if f"{name}.bias" in weights:
        return kernel, weights[f"{name}.bias"]
    scale, shift, mean, variance = (
        weights[f"{name}.{part}"].astype(np.float64) for part in ("scale", "shift", "mean", "variance")
    )
    gain = scale / np.sqrt(variance + EPSILON)
    return (kernel * gain[:, None, None, None]).astype(np.float32), (shift - mean * gain).astype(np.float32)
