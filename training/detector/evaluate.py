"""Measure a served graph on simulated frames that it was not trained on."""

from __future__ import annotations

from typing import Final

from canairy.errors import ConfigurationError
from canairy.models.detector_card import Quality
from canairy.simulator.yard.pieces import LABELS
from canairy.simulator.yard.scenes import simulate
from training.detector.pictures import Progress, truth_of
from training.detector.precision import Boxes, average_precisions, recall_and_precision
from training.detector.served import Session

# Added to the seed of training: another series of frames, of which no frame is the same.
HELD_OUT: Final = 1_000_003
LEAST_SCORE: Final = 0.3


def evaluate(session: Session, seed: int, count: int, progress: Progress = lambda *_: None) -> Quality:
    """Quality on `count` frames of the series held out from a training with `seed`; labels they lack are left out.

    Raises:
        ConfigurationError: so few frames that no piece of equipment is in them.
    """
    found: list[Boxes] = []
    truth: list[Boxes] = []
    for number in range(count):
        frame = simulate(seed + HELD_OUT, number)
        found.append(session.find(frame.counts, frame.scale_k, frame.offset_k))
        truth.append(truth_of(frame))
        progress("held-out frames", number + 1, count)
    if not any(len(frame.labels) for frame in truth):
        raise ConfigurationError(f"held-out frames: {count} of them show no equipment at all: ask for more")
    averages = {LABELS[label]: value for label, value in average_precisions(found, truth).items()}
    recall, precision = recall_and_precision(found, truth, LEAST_SCORE)
    return Quality(
        frames=f"simulated, series {seed + HELD_OUT} of canairy/simulator/yard/scenes.py",
        count=count,
        mean_average_precision=round(sum(averages.values()) / len(averages), 4),
        average_precisions={name: round(value, 4) for name, value in averages.items()},
        recall=round(recall, 4),
        precision=round(precision, 4),
        least_score=LEAST_SCORE,
    )
