"""The detector in Triton: frames in, few boxes out, as the model's card says (canairy.models.detector_card)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from canairy.errors import ConfigurationError, Unavailable
from canairy.messages.equipment import Equipment
from canairy.models.brightness import over_window
from canairy.models.detector_card import DANGER, FRAME_HEIGHT, FRAME_WIDTH, MOST_BOXES, Card
from canairy.triton.ports import Array, Models, Tensors
from canairy.triton.spec import ANY, ModelSpec, TensorSpec
from services.detection.detector import Shown

# As many as the model takes in one batch: more would only wait in its queue.
IN_FLIGHT: Final = 8


class TritonDetector:
    """A `Detector`: several frames are on their way at once, and Triton makes batches of them."""

    def __init__(self, models: Models, card: Card, least_score: float) -> None:
        self._models = models
        self._card = card
        self._least_score = least_score

    def find(self, frames: Sequence[Shown]) -> Sequence[Sequence[Equipment]]:
        """See `Detector`.

        A server that lost the model, or has another one now, is as good as away: regions and hot spots are found all
        the same. At the start it is a mistake (`services.detection.models`).
        """
        requests = (_request(shown, self._card.window_k) for shown in frames)
        try:
            answers = list(self._models.infer_many(self._card.name, requests, IN_FLIGHT))
        except ConfigurationError as error:
            raise Unavailable(str(error)) from error
        return [self._equipment(outputs, shown.counts) for outputs, shown in zip(answers, frames, strict=True)]

    def _equipment(self, outputs: Tensors, counts: Array) -> list[Equipment]:
        scores, labels = outputs["score"][0], outputs["label"][0]
        if not (np.isfinite(scores).all() and np.isfinite(outputs["boxes"]).all()):
            raise Unavailable(f"model {self._card.name} answers what is no number: it has not looked at the frame")
        if labels.max() >= len(self._card.labels):
            raise Unavailable(f"model {self._card.name} answers label {labels.max()}: the card has no such label")
        sure = (labels >= 0) & (scores >= self._least_score)
        found = zip(outputs["boxes"][0][sure], labels[sure], scores[sure], strict=True)
        return [it for box, label, score in found for it in self._within(counts, box, int(label), float(score))]

    def _within(self, counts: Array, box: Array, label: int, score: float) -> Iterator[Equipment]:
        """The part of a box that lies in the frame, whole pixels; nothing for a box beside it."""
        height, width = counts.shape
        across, down = width / FRAME_WIDTH, height / FRAME_HEIGHT
        x, y, wide, high = (float(number) for number in box)
        left, top = max(0, math.floor(x * across)), max(0, math.floor(y * down))
        right, bottom = min(width, math.ceil((x + wide) * across)), min(height, math.ceil((y + high) * down))
        if left < right and top < bottom:
            code, _, state = self._card.labels[label].partition(" ")
            yield Equipment(code, state == DANGER, min(1.0, score), left, top, right - left, bottom - top)


def spec_of(card: Card) -> ModelSpec:
    """What the server must serve, for the card to be true of it: inputs, outputs, and the digest of its graph."""
    one = TensorSpec("FP32", (ANY, 1))
    return ModelSpec(
        name=card.name,
        inputs={
            "counts": TensorSpec("UINT16", (ANY, FRAME_HEIGHT, FRAME_WIDTH)),
            "scale_k": one,
            "offset_k": one,
        },
        outputs={
            "boxes": TensorSpec("FP32", (ANY, MOST_BOXES, 4)),
            "score": TensorSpec("FP32", (ANY, MOST_BOXES)),
            "label": TensorSpec("INT32", (ANY, MOST_BOXES)),
        },
        parameters={"sha256": card.sha256, "labels": ",".join(card.labels)},
        max_batch_size=1,
    )


def _request(shown: Shown, window_k: tuple[float, float]) -> Tensors:
    """A frame of another size is resized: the model's boxes are then those of the whole frame."""
    counts = shown.counts
    scale_k, offset_k = over_window(window_k) if shown.grey else (shown.scale_k, shown.offset_k)
    if counts.shape != (FRAME_HEIGHT, FRAME_WIDTH):
        counts = np.asarray(cv2.resize(counts, (FRAME_WIDTH, FRAME_HEIGHT)), np.uint16)
    return {
        "counts": counts[None],
        "scale_k": np.array([[scale_k]], np.float32),
        "offset_k": np.array([[offset_k]], np.float32),
    }
