"""The adapter between frames and a detector in Triton."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from canairy.errors import ConfigurationError, Unavailable
from canairy.messages.equipment import Equipment
from canairy.models.detector_card import MOST_BOXES, Card, Quality
from canairy.triton.ports import Tensors
from canairy.triton.spec import ModelSpec
from services.detection.detector import Shown
from services.detection.triton import TritonDetector, spec_of

LABELS = ("0102 normal", "0102 danger")
QUALITY = Quality("simulated", 1, 0.5, {}, 0.5, 0.5, 0.3)
CARD = Card("detector", "cd" * 32, LABELS, (253.15, 393.15), "320x256", 9, "simulated", 1, 1, 0, "train", QUALITY, {})


@dataclass
class Models:
    """Answers every frame with the same rows (x, y, width, height, score, label)."""

    rows: list[tuple[float, float, float, float, float, int]]
    asked: list[Tensors] = field(default_factory=list)

    def infer_many(self, model: str, requests: Iterable[Tensors], in_flight: int = 1) -> Iterator[Tensors]:
        assert (model, in_flight) == ("detector", 8)
        for inputs in requests:
            self.asked.append(inputs)
            yield self._outputs()

    def require(self, *expected: ModelSpec) -> None:
        raise NotImplementedError

    def _outputs(self) -> Tensors:
        boxes, score = np.zeros((1, MOST_BOXES, 4), np.float32), np.zeros((1, MOST_BOXES), np.float32)
        label = np.full((1, MOST_BOXES), -1, np.int32)
        for number, row in enumerate(self.rows):
            boxes[0, number], score[0, number], label[0, number] = row[:4], row[4], row[5]
        return {"boxes": boxes, "score": score, "label": label}


def frame(height: int = 512, width: int = 640) -> Shown:
    return Shown(np.full((height, width), 29_000, np.uint16), 0.01, 1.5)


def found(*rows: tuple[float, float, float, float, float, int], shown: Shown | None = None) -> list[Equipment]:
    (seen,) = TritonDetector(Models(list(rows)), CARD, 0.5).find([shown or frame()])
    return list(seen)


def test_a_row_is_a_piece_of_equipment_with_its_code_and_state() -> None:
    (normal, danger) = found((10.2, 20.7, 30, 40, 0.9, 0), (100, 100, 50, 50, 0.6, 1))

    assert (normal.code, normal.danger, round(normal.score, 3)) == ("0102", False, 0.9)
    assert (normal.x, normal.y, normal.width, normal.height) == (10, 20, 31, 41)
    assert danger.danger


def test_what_the_detector_is_less_sure_of_is_as_if_it_had_not_been_seen() -> None:
    assert found((10, 20, 30, 40, 0.49, 0)) == []


def test_a_box_over_the_edge_ends_at_it_and_one_beside_the_frame_is_none() -> None:
    (seen,) = found((-5, 480, 30, 60, 0.9, 0), (700, 20, 30, 40, 0.9, 0))

    assert (seen.x, seen.y, seen.width, seen.height) == (0, 480, 25, 32)


def test_a_frame_of_another_size_is_resized_and_its_boxes_are_in_its_own_pixels() -> None:
    models = Models([(320, 256, 64, 64, 0.9, 0)])

    ((seen,),) = TritonDetector(models, CARD, 0.5).find([frame(256, 320)])

    assert np.asarray(models.asked[0]["counts"]).shape == (1, 512, 640)
    assert (seen.x, seen.y, seen.width, seen.height) == (160, 128, 32, 32)


def test_scale_and_offset_go_with_the_counts() -> None:
    models = Models([])

    TritonDetector(models, CARD, 0.5).find([frame(), frame()])

    told = [(round(float(it["scale_k"][0, 0]), 6), float(it["offset_k"][0, 0])) for it in models.asked]
    assert told == [(0.01, 1.5)] * 2


@pytest.mark.parametrize("row", [(np.nan, 0, 9, 9, 0.9, 0), (0, 0, 9, 9, np.nan, 0), (0, 0, 9, 9, 0.9, 2)])
def test_half_an_answer_is_no_answer_and_not_an_empty_frame(row: tuple[float, float, float, float, float, int]) -> None:
    with pytest.raises(Unavailable, match="model detector answers"):
        found(row)


def test_a_server_that_lost_the_model_is_as_good_as_away() -> None:
    class Empty(Models):
        def _outputs(self) -> Tensors:
            raise ConfigurationError("no model detector")

    with pytest.raises(Unavailable, match="no model detector"):
        TritonDetector(Empty([]), CARD, 0.5).find([frame()])


def test_the_server_must_serve_what_the_card_says() -> None:
    spec = spec_of(CARD)

    assert spec.parameters == {"sha256": CARD.sha256, "labels": "0102 normal,0102 danger"}
    assert spec.inputs["counts"].shape == (-1, 512, 640)
    assert spec.outputs["boxes"].shape == (-1, MOST_BOXES, 4)
