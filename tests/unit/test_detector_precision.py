"""Average precision by hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest

from training.detector.precision import (
    Boxes,
    average_precisions,
    mean_average_precision,
    overlaps,
    recall_and_precision,
)


def _boxes(*rows: tuple[float, float, float, float, int, float]) -> Boxes:
    values = np.array(rows, np.float32).reshape(-1, 6)
    return Boxes(values[:, :4], values[:, 4].astype(np.int32), values[:, 5])


TRUTH = _boxes((0, 0, 10, 10, 0, 1), (100, 0, 10, 10, 0, 1), (50, 50, 20, 20, 1, 1))


def test_the_truth_itself_is_perfect() -> None:
    assert mean_average_precision([TRUTH], [TRUTH]) == 1


def test_nothing_found_is_worth_nothing() -> None:
    assert mean_average_precision([_boxes()], [TRUTH]) == 0


def test_a_wrong_box_costs_only_when_it_is_surer_than_a_right_one() -> None:
    right = [(0.0, 0.0, 10.0, 10.0, 0, 0.9), (100.0, 0.0, 10.0, 10.0, 0, 0.5)]
    first = _boxes((300, 300, 10, 10, 0, 0.95), *right)
    last = _boxes(*right, (300, 300, 10, 10, 0, 0.1))

    # Wrong, right, right: precision 1/2 then 2/3; the best from there on is 2/3 for both.
    assert average_precisions([first], [TRUTH])[0] == pytest.approx(2 / 3)
    assert average_precisions([last], [TRUTH])[0] == 1


def test_a_second_box_on_the_same_piece_is_wrong() -> None:
    twice = _boxes((0, 0, 10, 10, 0, 0.9), (1, 0, 10, 10, 0, 0.8), (100, 0, 10, 10, 0, 0.7))

    assert average_precisions([twice], [TRUTH])[0] == pytest.approx((1 + 2 / 3) / 2)


def test_another_label_or_too_little_overlap_is_wrong() -> None:
    other_label = _boxes((50, 50, 20, 20, 0, 0.9))
    beside = _boxes((62, 50, 20, 20, 1, 0.9))

    assert average_precisions([other_label], [TRUTH])[1] == 0
    assert average_precisions([beside], [TRUTH])[1] == 0


def test_a_box_does_not_count_for_another_frame() -> None:
    empty = _boxes()

    assert mean_average_precision([empty, TRUTH], [TRUTH, empty]) == 0


def test_no_truth_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing to measure"):
        mean_average_precision([_boxes()], [_boxes()])


def test_recall_and_precision_at_a_score() -> None:
    found = _boxes((0, 0, 10, 10, 0, 0.9), (300, 300, 10, 10, 1, 0.8), (50, 50, 20, 20, 1, 0.2))

    assert recall_and_precision([found], [TRUTH], 0.3) == pytest.approx((1 / 3, 0.5))
    assert recall_and_precision([found], [TRUTH], 0.95) == (0, 1)


def test_overlap_is_intersection_over_union() -> None:
    one = np.array([[0, 0, 10, 10]], np.float32)
    others = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 5, 5], [0, 0, 0, 0]], np.float32)

    assert overlaps(one, others)[0] == pytest.approx([1, 1 / 3, 0, 0])
