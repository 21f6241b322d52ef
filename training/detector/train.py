"""Train the detector on simulated frames: the same numbers from the same seed on the same machine, resumable.

As YOLOX (arXiv 2107.08430, section 2.1) has it: stochastic gradient descent with Nesterov momentum 0.9, weight decay
5e-4 on kernels, learning rate 0.01 x batch / 64 rising for the first epochs, then falling as a cosine; a moving
average of the weights is what is kept; L1 on the boxes in the last epochs. Mosaic and mixing are left out: simulated
frames are as different as one likes to begin with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from canairy.errors import ConfigurationError
from canairy.simulator.yard.pieces import LABELS
from training.detector.grid import cells
from training.detector.loss import Target, loss
from training.detector.network import Detector
from training.detector.pictures import Lesson, Progress, lessons
from training.detector.plan import RATE_A_PICTURE, Plan
from training.detector.weights import Floats, first_weights

MOMENTUM: Final = 0.9
DECAY: Final = 5e-4
AVERAGE: Final = 0.999  # of the moving average of the weights, reached slowly from below; runs here are short
RANGED: Final = 0.15  # of the pictures are as an 8-bit camera shows them
_AVERAGE_STEPS: Final = 2000


class Training:
    """One run, epoch by epoch. `save` and `load` make it go on where it stopped, to the same numbers."""

    def __init__(self, plan: Plan, progress: Progress = lambda *_: None) -> None:
        """Makes the frames."""
        self.plan = plan
        self.epoch = 0
        self._lessons = lessons(plan.seed, plan.frames, plan.size, progress)
        self._network = Detector(len(LABELS))
        self._network.fill(first_weights(len(LABELS), plan.seed))
        self._network.to(memory_format=torch.channels_last)  # a sixth quicker than the other order
        self._average = Detector(len(LABELS))
        self._average.load_state_dict(self._network.state_dict())
        self._optimizer = _optimizer(self._network)

    def weights(self) -> dict[str, Floats]:
        """The moving average: what is kept and served."""
        return self._average.weights()

    def run_epoch(self, told: Callable[[int, int, float], None] = lambda *_: None) -> float:
        """One more epoch; tells step, steps and mean loss so far, which is returned at its end.

        Raises:
            ConfigurationError: the loss is no number any more; nothing of this epoch should be kept.
        """
        self._network.train()
        total = 0.0
        for step, batch in enumerate(self._batches()):
            value = self._step(batch, self.epoch * self.plan.steps + step)
            if not math.isfinite(value):
                raise ConfigurationError(f"epoch {self.epoch + 1}, step {step + 1}: the loss is {value}: train anew")
            total += value
            told(step + 1, self.plan.steps, total / (step + 1))
        self.epoch += 1
        return total / self.plan.steps

    def save(self, path: Path) -> None:
        """All that is needed to go on; the file changes as a whole or not at all."""
        part = path.with_name(f"{path.name}.part")
        torch.save({"plan": _told(self.plan), "epoch": self.epoch, **self._parts()}, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote.

        Raises:
            ConfigurationError: unreadable, or of a run with another plan.
        """
        try:
            saved = torch.load(path, weights_only=True)
            plan = saved["plan"]
        except Exception as error:  # torch names no error of its own for a damaged file
            raise ConfigurationError(f"{path}: not a run that can go on ({error}): remove it") from error
        if plan != _told(self.plan):
            raise ConfigurationError(f"{path}: of a run with {plan}, not {_told(self.plan)}: remove it")
        self._network.load_state_dict(saved["network"])
        self._average.load_state_dict(saved["average"])
        self._optimizer.load_state_dict(saved["optimizer"])
        self.epoch = saved["epoch"]

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self._network.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def _batches(self) -> Iterator[Sequence[Lesson]]:
        """This epoch's order and flips follow from seed and epoch alone, so a resumed run sees the same."""
        generator = np.random.default_rng((self.plan.seed, 1, self.epoch))
        order = generator.permutation(len(self._lessons))
        for begin in range(0, len(order), self.plan.batch):
            yield [self._varied(self._lessons[at], generator) for at in order[begin : begin + self.plan.batch]]

    def _varied(self, lesson: Lesson, generator: np.random.Generator) -> Lesson:
        flipped, ranged = generator.random(2) < (0.5, RANGED)
        lesson = lesson.halved() if self._early else lesson
        lesson = lesson.flipped() if flipped else lesson
        return lesson.ranged() if ranged else lesson

    @property
    def _early(self) -> bool:
        return self.epoch < self.plan.early_epochs

    def _step(self, batch: Sequence[Lesson], step: int) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = self.plan.rate(step)
        pictures = np.stack([lesson.picture for lesson in batch]).astype(np.float32)[:, None]
        targets = [Target(torch.from_numpy(each.boxes), torch.from_numpy(each.labels)) for each in batch]
        exact = self.epoch >= self.plan.epochs - self.plan.exact_epochs
        inputs = torch.from_numpy(pictures).contiguous(memory_format=torch.channels_last)
        value = loss(self._network(inputs), _grid(inputs.shape[3], inputs.shape[2]), targets, exact)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        self._optimizer.step()
        # Statistics of the small pictures are not those of the large ones: the average begins anew with these.
        _follow(self._average, self._network, step - (0 if self._early else self.plan.early_epochs * self.plan.steps))
        return float(value.detach())


@cache
def _grid(width_px: int, height_px: int) -> torch.Tensor:
    return torch.from_numpy(cells(width_px, height_px))


def _optimizer(network: Detector) -> torch.optim.SGD:
    """Kernels decay; scales, shifts and biases do not."""
    kernels = [value for value in network.parameters() if value.ndim > 1]
    others = [value for value in network.parameters() if value.ndim == 1]
    groups: list[dict[str, Any]] = [{"params": kernels, "weight_decay": DECAY}, {"params": others}]
    return torch.optim.SGD(groups, lr=RATE_A_PICTURE, momentum=MOMENTUM, nesterov=True)


@torch.no_grad()
def _follow(average: Detector, network: Detector, step: int) -> None:
    keep = AVERAGE * (1 - math.exp(-(step + 1) / _AVERAGE_STEPS))
    theirs = network.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(theirs[name], 1 - keep)


def _told(plan: Plan) -> dict[str, Any]:
    return {**asdict(plan), "size": str(plan.size)}
