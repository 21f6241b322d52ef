"""What a training run is: how many frames, how long, which seed, and how fast it learns when."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from canairy.errors import ConfigurationError
from training.detector.architecture import LARGEST_STRIDE
from training.detector.picture import Size

# YOLOX (arXiv 2107.08430, section 2.1) has 0.01 / 64 a picture, which is 0.02 for its batch of 128 and 0.00125 for ours
# of 8. Runs of minutes need the former; 16 simulated frames were not learnt at a quarter of it, 8 were at all of it.
RATE_A_PICTURE: Final = 0.16 / 64
SLOWEST: Final = 0.05  # share of the rate that is left at the end


@dataclass(frozen=True, slots=True)
class Plan:
    """What is trained and for how long; `frames` are made once, from `seed`.

    The first `early_epochs` see pictures of half the size, in a quarter of the time; `warm_up_epochs` are theirs.
    """

    frames: int = 2000
    epochs: int = 30
    seed: int = 0
    batch: int = 8
    size: Size = field(default_factory=Size)
    early_epochs: int = 0
    warm_up_epochs: float = 1.0
    exact_epochs: int = 3

    def __post_init__(self) -> None:
        for name in ("frames", "epochs", "batch"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} {getattr(self, name)}: at least 1 is needed")
        if not 0 <= self.early_epochs < self.epochs:
            raise ConfigurationError(f"early epochs {self.early_epochs}: 0 to {self.epochs - 1} of all {self.epochs}")
        if self.early_epochs and (self.size.width | self.size.height) % (2 * LARGEST_STRIDE):
            raise ConfigurationError(f"size {self.size}: early epochs need multiples of {2 * LARGEST_STRIDE}")
        if self.seed < 0:
            raise ConfigurationError(f"seed {self.seed}: 0 or more is needed")

    @property
    def steps(self) -> int:
        """In one epoch; the last batch of an epoch may be smaller."""
        return math.ceil(self.frames / self.batch)

    def rate(self, step: int) -> float:
        """Learning rate at a step counted from the beginning."""
        full = RATE_A_PICTURE * self.batch
        warm_up = self.warm_up_epochs * self.steps
        if step < warm_up:
            return full * ((step + 1) / warm_up) ** 2
        done = (step - warm_up) / max(1.0, self.epochs * self.steps - warm_up)
        return full * (SLOWEST + (1 - SLOWEST) * (1 + math.cos(math.pi * min(1.0, done))) / 2)
