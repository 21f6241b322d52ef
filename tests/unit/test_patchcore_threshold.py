"""The threshold, from normal crops that the bank had not seen."""

from __future__ import annotations

import numpy as np
import pytest

from canairy.errors import ConfigurationError
from training.patchcore.calibrate import parts_to_hold_out, threshold_of


@pytest.mark.parametrize("count", [5, 20, 200])
def test_of_scores_that_are_log_normal_one_in_a_hundred_passes_it(count: int) -> None:
    generator = np.random.default_rng(count)
    sets = np.exp(generator.normal(3, 0.1, (4000, count)))
    fresh = np.exp(generator.normal(3, 0.1, 4000))

    above = np.mean([score > threshold_of(scores).value for scores, score in zip(sets, fresh, strict=True)])

    assert above == pytest.approx(0.01, abs=0.005)


def test_it_lies_above_all_of_a_few_scores_and_says_how_many_made_it() -> None:
    found = threshold_of(np.array([20.0, 21.0, 22.0, 20.5]))

    assert found.value > 22
    assert (found.held_out, found.above) == (4, 0)


@pytest.mark.parametrize("scores", [[5.0], [5.0, 0.0], [5.0, float("nan")]])
def test_crops_that_do_not_differ_give_none(scores: list[float]) -> None:
    with pytest.raises(ConfigurationError, match="all alike"):
        threshold_of(np.array(scores))


def test_of_few_crops_each_is_held_out_once() -> None:
    parts = parts_to_hold_out(10, seed=1)

    assert len(parts) == 4
    assert sorted(np.concatenate(parts).tolist()) == list(range(10))


def test_of_two_crops_each_is_held_out_alone() -> None:
    assert sorted(part.tolist() for part in parts_to_hold_out(2, seed=1)) == [[0], [1]]


def test_of_many_crops_a_quarter_is_held_out_the_same_for_the_same_seed() -> None:
    parts, again, others = (parts_to_hold_out(400, seed=seed) for seed in (1, 1, 2))

    assert [len(part) for part in parts] == [100]
    assert np.array_equal(parts[0], again[0])
    assert not np.array_equal(parts[0], others[0])
