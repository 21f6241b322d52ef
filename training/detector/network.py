"""The network in torch, for training; its parameters come and go as plain arrays (weights.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.detector.architecture import AROUND, CELL, CONTRAST, Network
from training.detector.weights import EPSILON, Convolution, Floats, Weights, check, convolutions

# torch's momentum is the share of the new batch; 0.03 as in the authors' release of YOLOX.
MOMENTUM: Final = 0.03


class Detector(nn.Module):
    """Pictures float32 (B, 1, H, W), 0 to 1, to raw (B, A, 5 + labels) of all cells, finest first."""

    def __init__(self, labels: int) -> None:
        """Parameters are torch's until `fill` is called."""
        super().__init__()
        self.labels = labels
        self.units = nn.ModuleDict({layer.name: _unit(layer) for layer in convolutions(labels)})

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        levels = Network(_TorchLayers(self.units), self.labels).lay(pictures)
        return torch.cat([level.flatten(2) for level in levels], dim=2).transpose(1, 2)

    def fill(self, weights: Weights) -> None:
        """Take over parameters; raises ConfigurationError when they are not this network's."""
        check(weights, self.labels)
        with torch.no_grad():
            for name, parameter in _named(self.units).items():
                parameter.copy_(torch.from_numpy(weights[name]))

    def weights(self) -> dict[str, Floats]:
        """Copies of all parameters and running statistics by name, float32."""
        return {name: np.array(value.detach().numpy(), np.float32) for name, value in _named(self.units).items()}


class _TorchLayers:
    def __init__(self, units: nn.ModuleDict) -> None:
        self._units = units

    def fold(self, value: Tensor) -> Tensor:
        return functional.pixel_unshuffle(value, 2)

    def contrast(self, picture: Tensor) -> Tensor:
        cells = functional.avg_pool2d(picture, CELL)
        around = functional.avg_pool2d(cells, AROUND, stride=1, padding=AROUND // 2, count_include_pad=False)
        behind = functional.interpolate(around, scale_factor=CELL, mode="bilinear", align_corners=False)
        return (CONTRAST * (picture - behind)).clamp(-1, 1)

    def convolution(
        self,
        name: str,
        value: Tensor,
        outputs: int,  # noqa: ARG002  # the unit knows
        kernel: int = 1,  # noqa: ARG002
        stride: int = 1,  # noqa: ARG002
        each: bool = False,  # noqa: ARG002
    ) -> Tensor:
        return self._run(name, value)

    def prediction(self, name: str, value: Tensor, outputs: int) -> Tensor:  # noqa: ARG002
        return self._run(name, value)

    def pool(self, value: Tensor, kernel: int) -> Tensor:
        return functional.max_pool2d(value, kernel, stride=1, padding=kernel // 2)

    def enlarge(self, value: Tensor) -> Tensor:
        return functional.interpolate(value, scale_factor=2, mode="nearest")

    def add(self, one: Tensor, other: Tensor) -> Tensor:
        return one + other

    def join(self, values: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(values), dim=1)

    def _run(self, name: str, value: Tensor) -> Tensor:
        found: Tensor = self._units[name](value)
        return found


def _unit(layer: Convolution) -> nn.Sequential:
    convolution = nn.Conv2d(
        layer.inputs,
        layer.outputs,
        layer.kernel,
        layer.stride,
        padding=layer.kernel // 2,
        groups=layer.groups,
        bias=layer.prediction,
    )
    if layer.prediction:
        return nn.Sequential(convolution)
    return nn.Sequential(convolution, nn.BatchNorm2d(layer.outputs, EPSILON, MOMENTUM), nn.SiLU(inplace=True))


def _named(units: nn.ModuleDict) -> dict[str, Tensor]:
    """Every parameter and running statistic by our name for it."""
    named: dict[str, Tensor] = {}
    for name, unit in units.items():
        parts = dict(unit.named_parameters()) | dict(unit.named_buffers())
        named |= {f"{name}.{_OURS[part]}": value for part, value in parts.items() if part in _OURS}
    return named


_OURS: Final = {
    "0.weight": "kernel",
    "0.bias": "bias",
    "1.weight": "scale",
    "1.bias": "shift",
    "1.running_mean": "mean",
    "1.running_var": "variance",
}
