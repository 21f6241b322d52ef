"""What training makes smaller: 5 x overlap loss + objectness + labels (+ L1 towards the end), a cell that learns.

Source: YOLOX, arXiv 2107.08430: cross entropy for objectness and labels, the overlap as the label's target, L1 in the
last epochs. Weights and the squared overlap are those of the authors' release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from training.detector.assign import Assignment, assign
from training.detector.grid import LARGEST_LOG_SIDE

BOX_WEIGHT: Final = 5.0
_LEAST: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Target:
    """The truth of one picture: `boxes` float32 (G, 4) centre x, y, width, height in pixels; `labels` int64 (G,)."""

    boxes: Tensor
    labels: Tensor


def loss(raw: Tensor, grid: Tensor, targets: Sequence[Target], exact: bool = False) -> Tensor:
    """One number for a batch: `raw` float32 (B, A, 5 + labels), `grid` (A, 3); `exact` adds the L1 term."""
    found = decode(raw, grid)
    assigned = [_assigned(raw[at].detach(), found[at].detach(), grid, target) for at, target in enumerate(targets)]
    learning = max(1, sum(len(each.cell) for each in assigned))
    parts = [
        _of_one(raw[at], found[at], grid, target, each, exact)
        for at, (target, each) in enumerate(zip(targets, assigned, strict=True))
    ]
    return torch.stack(parts).sum() / learning


def decode(raw: Tensor, grid: Tensor) -> Tensor:
    """Predicted boxes, centre x, y, width, height in pixels, (B, A, 4), of raw (B, A, 5 + labels)."""
    stride = grid[:, 2:]
    centre = (raw[..., :2] + grid[:, :2]) * stride
    return torch.cat([centre, raw[..., 2:4].clamp(max=LARGEST_LOG_SIDE).exp() * stride], dim=-1)


def overlap_of_pairs(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of one[i] with other[i], (P,)."""
    low = torch.maximum(one[:, :2] - one[:, 2:] / 2, other[:, :2] - other[:, 2:] / 2)
    high = torch.minimum(one[:, :2] + one[:, 2:] / 2, other[:, :2] + other[:, 2:] / 2)
    common = (high - low).clamp(min=0).prod(dim=1)
    return common / (one[:, 2:].prod(dim=1) + other[:, 2:].prod(dim=1) - common + _LEAST)


def _assigned(raw: Tensor, found: Tensor, grid: Tensor, target: Target) -> Assignment:
    scores = raw[:, 4:5].sigmoid() * raw[:, 5:].sigmoid()
    return assign(scores, found, grid, target.boxes, target.labels)


def _of_one(raw: Tensor, found: Tensor, grid: Tensor, target: Target, assigned: Assignment, exact: bool) -> Tensor:
    cell = assigned.cell
    learns = torch.zeros(len(raw))
    learns[cell] = 1
    total = functional.binary_cross_entropy_with_logits(raw[:, 4], learns, reduction="sum")
    boxes = target.boxes[assigned.box]
    total = total + BOX_WEIGHT * (1 - overlap_of_pairs(found[cell], boxes) ** 2).sum()
    labels = functional.one_hot(target.labels[assigned.box], raw.shape[1] - 5) * assigned.overlap[:, None]
    total = total + functional.binary_cross_entropy_with_logits(raw[cell, 5:], labels, reduction="sum")
    if exact:
        total = total + (raw[cell, :4] - _encoded(boxes, grid[cell])).abs().sum()
    return total


def _encoded(boxes: Tensor, grid: Tensor) -> Tensor:
    """What `decode` would make these boxes of."""
    stride = grid[:, 2:]
    return torch.cat([boxes[:, :2] / stride - grid[:, :2], torch.log(boxes[:, 2:] / stride + _LEAST)], dim=1)
