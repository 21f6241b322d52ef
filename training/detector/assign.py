"""SimOTA: which cells learn to find which box, decided anew at every step by how well they do already.

Source: YOLOX, arXiv 2107.08430, section 2.1 "SimOTA", and Ge et al., OTA, arXiv 2103.14259. Numbers that the paper
leaves open (radius, weight of the overlap, how many overlaps are summed) are those of the authors' release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

RADIUS: Final = 2.5  # strides from a box's centre within which a cell may learn it
OVERLAP_WEIGHT: Final = 3.0
OUTSIDE: Final = 1e5  # cost of a cell that is not both in the box and near its centre: taken only when others run out
SUMMED: Final = 10  # the best overlaps, whose sum says how many cells a box gets
_LEAST: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Assignment:
    """For cells of one picture: `cell` int64 (P,) learns box `box` int64 (P,), which it overlaps by `overlap` (P,)."""

    cell: Tensor
    box: Tensor
    overlap: Tensor


@torch.no_grad()
def assign(scores: Tensor, found: Tensor, grid: Tensor, boxes: Tensor, labels: Tensor) -> Assignment:
    """Assign the cells of one picture.

    Args:
        scores: objectness times label, 0 to 1, float32 (A, labels).
        found: the boxes that the cells predict: centre x, y, width, height in pixels, float32 (A, 4).
        grid: column, row, stride of each cell, float32 (A, 3).
        boxes: the truth, as `found`, float32 (G, 4).
        labels: of the truth, int64 (G,).
    """
    near, both = _candidates(grid, boxes)
    cells = torch.nonzero(near).flatten()
    if not len(boxes) or not len(cells):
        nothing = torch.zeros(0, dtype=torch.int64)
        return Assignment(nothing, nothing, torch.zeros(0))
    overlaps = overlap_matrix(boxes, found[cells])
    cost = _label_cost(scores[cells], labels) - OVERLAP_WEIGHT * torch.log(overlaps + _LEAST)
    cost += OUTSIDE * ~both[:, cells]
    chosen = _match(cost, overlaps)
    taken = torch.nonzero(chosen.any(dim=0)).flatten()
    box = chosen[:, taken].to(torch.int64).argmax(dim=0)
    return Assignment(cells[taken], box, overlaps[box, taken])


def overlap_matrix(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of every pair, (len(one), len(other)); boxes are centre x, y, width, height."""
    low = torch.maximum((one[:, :2] - one[:, 2:] / 2)[:, None], (other[:, :2] - other[:, 2:] / 2)[None])
    high = torch.minimum((one[:, :2] + one[:, 2:] / 2)[:, None], (other[:, :2] + other[:, 2:] / 2)[None])
    common = (high - low).clamp(min=0).prod(dim=2)
    return common / (one[:, 2:].prod(dim=1)[:, None] + other[:, 2:].prod(dim=1)[None] - common + _LEAST)


def _candidates(grid: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Cells whose middle is in a box or near a centre, bool (A,); and in it and near it, for each box, (G, A)."""
    middle, stride = (grid[:, :2] + 0.5) * grid[:, 2:], grid[:, 2]
    away = (middle[None] - boxes[:, None, :2]).abs()
    inside = (away < boxes[:, None, 2:] / 2).all(dim=2)
    central = (away < RADIUS * stride[None, :, None]).all(dim=2)
    return (inside | central).any(dim=0), inside & central


def _label_cost(scores: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of each cell with each box's label, (G, cells); of the root of the score, as the release has it."""
    root = scores.sqrt().clamp(_LEAST, 1 - 1e-6)
    wrong = -torch.log1p(-root)
    own = -torch.log(root) - wrong
    return wrong.sum(dim=1)[None] + own.T[labels]


def _match(cost: Tensor, overlaps: Tensor) -> Tensor:
    """Each box takes its cheapest cells; a cell that two want goes to whom it costs least. Bool (G, cells)."""
    best = overlaps.topk(min(SUMMED, overlaps.shape[1]), dim=1).values
    wanted = best.sum(dim=1).to(torch.int64).clamp(min=1, max=cost.shape[1])
    order = cost.argsort(dim=1, stable=True)
    rank = torch.empty_like(order)
    rank.scatter_(1, order, torch.arange(cost.shape[1]).expand_as(order))
    chosen = rank < wanted[:, None]
    contested = chosen.sum(dim=0) > 1
    cheapest = functional.one_hot(cost.argmin(dim=0), len(cost)).T.to(torch.bool)
    return torch.where(contested[None], cheapest, chosen)
