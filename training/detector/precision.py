"""How good boxes are: average precision of each label, at an overlap of a half.

Everingham et al., The PASCAL Visual Object Classes Challenge, IJCV 88 (2010), section 4.2: boxes of all frames from
the best score down; one that overlaps a true box of its label by half, which no better one has taken, is right, all
others are wrong. The precision at a recall is the best at that recall or a higher one, and the average is the area
under that curve at every point (as the challenge has it since 2010).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

OVERLAP: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Of one frame: x, y, width, height in pixels (N, 4); labels (N,); scores (N,), of the truth all 1."""

    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]


def average_precisions(found: Sequence[Boxes], truth: Sequence[Boxes], overlap: float = OVERLAP) -> Mapping[int, float]:
    """0 to 1 for each label that the truth has; frames in the same order."""
    labels = sorted({int(label) for frame in truth for label in frame.labels})
    return {label: _average(label, found, truth, overlap) for label in labels}


def mean_average_precision(found: Sequence[Boxes], truth: Sequence[Boxes], overlap: float = OVERLAP) -> float:
    """The mean over the labels that the truth has; raises ValueError when it has none."""
    averages = average_precisions(found, truth, overlap)
    if not averages:
        raise ValueError("the true boxes of all frames are none: there is nothing to measure")
    return float(np.mean(list(averages.values())))


def recall_and_precision(found: Sequence[Boxes], truth: Sequence[Boxes], least_score: float) -> tuple[float, float]:
    """Over all labels, with only boxes of at least `least_score`; precision is 1 when there are none."""
    right = shown = there = 0
    for label in {int(label) for frame in (*truth, *found) for label in frame.labels}:
        hits, scores, count = _hits(label, found, truth, OVERLAP)
        sure = scores >= least_score
        right, shown, there = right + int(hits[sure].sum()), shown + int(sure.sum()), there + count
    return right / max(there, 1), right / shown if shown else 1.0


def _average(label: int, found: Sequence[Boxes], truth: Sequence[Boxes], overlap: float) -> float:
    hits, scores, count = _hits(label, found, truth, overlap)
    ordered = hits[np.argsort(-scores, kind="stable")]
    right = np.cumsum(ordered)
    precision = right / np.arange(1, len(ordered) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((best * ordered).sum() / count)


def _hits(
    label: int, found: Sequence[Boxes], truth: Sequence[Boxes], overlap: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32], int]:
    """Whether each box of a label is right, its score, and how many true ones there are."""
    hits: list[bool] = []
    scores: list[npt.NDArray[np.float32]] = []
    count = 0
    for seen, true in zip(found, truth, strict=True):
        wanted = true.boxes[true.labels == label]
        mine = seen.labels == label
        order = np.argsort(-seen.scores[mine], kind="stable")
        hits += _taken(seen.boxes[mine][order], wanted, overlap)
        scores.append(seen.scores[mine][order])
        count += len(wanted)
    return np.array(hits, np.bool_), np.concatenate(scores) if scores else np.zeros(0, np.float32), count


def _taken(boxes: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32], overlap: float) -> list[bool]:
    """Best box first: each may take the true one that it overlaps most, when nobody has it yet."""
    free = np.ones(len(wanted), np.bool_)
    hits = []
    for row in overlaps(boxes, wanted):
        best = int(row.argmax()) if len(row) else -1
        hit = best >= 0 and bool(row[best] >= overlap) and bool(free[best])
        if hit:
            free[best] = False
        hits.append(hit)
    return hits


def overlaps(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Intersection over union of every pair, (len(one), len(other))."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, :2] + one[:, None, 2:], other[None, :, :2] + other[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    whole = one[:, 2:].prod(axis=1)[:, None] + other[:, 2:].prod(axis=1)[None] - common
    return np.asarray(common / np.maximum(whole, 1e-9), np.float32)
