"""card.json beside a detector: what it tells apart, what it was trained on, how good it is on simulated frames."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from canairy.errors import ConfigurationError
from canairy.models.card import FILE, check_sha256

FORMAT: Final = 1
GRAPH: Final = "1/model.onnx"
# What every detector takes and gives: frames of this size, so many boxes, and labels such as "0201 danger".
FRAME_WIDTH, FRAME_HEIGHT = 640, 512
MOST_BOXES: Final = 100
NORMAL, DANGER = "normal", "danger"


@dataclass(frozen=True, slots=True)
class Quality:
    """Measured with the served graph on simulated frames that were not trained on, of the same simulator.

    `mean_average_precision` and `average_precisions` are at an overlap of a half; `recall` and `precision` at
    `least_score`.
    """

    frames: str
    count: int
    mean_average_precision: float
    average_precisions: Mapping[str, float]
    recall: float
    precision: float
    least_score: float


@dataclass(frozen=True, slots=True)
class Card:
    """A detector. `labels` are numbered in their order; `window_k` is what becomes black and white, kelvin."""

    name: str
    sha256: str
    labels: tuple[str, ...]
    window_k: tuple[float, float]
    size: str
    parameters: int
    trained_on: str
    frames: int
    epochs: int
    seed: int
    command: str
    quality: Quality
    versions: Mapping[str, str]
    licence: str = "Apache-2.0; network after YOLOX (arXiv 2107.08430), written and trained here"
    format: int = FORMAT


def read_card(model: Path) -> Card:
    """The card of a model folder, whose graph must be the one that it describes.

    Raises:
        ConfigurationError: no such model, a card that cannot be read, or a graph with another checksum.
    """
    try:
        told = json.loads((model / FILE).read_text(encoding="utf-8"))
        low, high = told["window_k"]
        told |= {"labels": tuple(told["labels"]), "window_k": (low, high), "quality": Quality(**told["quality"])}
        card = Card(**told)
    except OSError as error:
        raise ConfigurationError(f"{model}: not a model: {FILE}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(f"{model / FILE}: not a card of a detector: {error}") from error
    if card.format != FORMAT:
        raise ConfigurationError(f"{model / FILE}: format {card.format}, this version reads {FORMAT}")
    check_sha256(model / GRAPH, card.sha256)
    return card
