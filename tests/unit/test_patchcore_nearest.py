"""Score of a crop: farthest patch, weighted by what is around its nearest row."""

from __future__ import annotations

import numpy as np
import pytest

from canairy.errors import ConfigurationError
from tests.helpers.patchcore import random_bank
from training.patchcore.bank import NEIGHBOURS, Bank, nearest_rows, same_kind
from training.patchcore.nearest import Scorer, weight
from training.patchcore.window import Window


def test_a_patch_of_the_bank_has_no_distance_to_it() -> None:
    bank = random_bank()

    distances, nearest = Scorer(bank.rows, np.float64).nearest(bank.rows[[3, 17]].astype(np.float64))

    assert distances.tolist() == [0.0, 0.0]
    assert nearest.tolist() == [3, 17]


def test_the_score_is_the_farthest_patch_by_its_weight() -> None:
    bank = random_bank()
    patches = bank.rows[:5].astype(np.float64)
    patches[2] += 0.25  # 0.25 in each of 152 directions

    score = Scorer(bank.rows, np.float64).score(patches)

    distance = 0.25 * np.sqrt(patches.shape[1])
    around = bank.rows[nearest_rows(bank.rows)[2]].astype(np.float64)
    powers = np.exp(np.linalg.norm(around - patches[2], axis=1))
    assert score == pytest.approx((1 - np.exp(distance) / powers.sum()) * distance)


def test_the_weight_is_higher_where_the_neighbours_are_far_too() -> None:
    patch, nearest = np.zeros(4), np.array([1.0, 0, 0, 0])

    crowded = weight(patch, np.array([nearest, *np.eye(4)[1:]]))
    lonely = weight(patch, np.array([nearest, *(3 * np.eye(4)[1:])]))

    assert crowded == pytest.approx(0.75)  # four rows, all as far
    assert 0.75 < lonely < 1


def test_distances_as_high_as_a_float_can_tell_leave_a_weight() -> None:
    assert weight(np.zeros(2), np.full((9, 2), 1e6)) == pytest.approx(8 / 9)


def test_of_each_row_itself_is_the_first_neighbour() -> None:
    rows = random_bank(rows=700).rows

    nearest = nearest_rows(rows)

    distances = np.linalg.norm(rows[600] - rows, axis=1)
    assert nearest.shape == (700, NEIGHBOURS)
    assert nearest[:, 0].tolist() == list(range(700))
    assert nearest[600].tolist() == np.argsort(distances)[:NEIGHBOURS].tolist()


def test_a_bank_with_a_number_that_is_none_is_refused_by_name() -> None:
    rows = random_bank().rows.copy()
    rows[4, 5] = np.nan

    with pytest.raises(ConfigurationError, match="bank tr-1: a feature is not a number"):
        Bank("tr-1", rows, Window(0, 1), 64)


@pytest.mark.parametrize(("name", "rows"), [("", 40), ("../tr", 40), ("tr-1", 15)])
def test_a_bank_without_a_name_or_of_too_few_rows_is_refused(name: str, rows: int) -> None:
    with pytest.raises(ConfigurationError, match=r"letters|15 rows"):
        random_bank(name, rows)


def test_a_digest_says_what_decides_the_scores() -> None:
    bank = random_bank()
    others = [random_bank(seed=1), random_bank(rows=41), random_bank(window=Window(0, 1))]

    assert bank.digest == random_bank("another-name").digest
    assert len({bank.digest, *(other.digest for other in others)}) == 4


def test_banks_of_two_sizes_do_not_share_a_model() -> None:
    one, other = random_bank("one"), random_bank("other")
    larger = Bank("larger", other.rows, other.window, 96)

    with pytest.raises(ConfigurationError, match=r"larger takes crops of 96 px .* one of the same model 64 px"):
        same_kind([one, larger])
    with pytest.raises(ConfigurationError, match="two banks with one identifier: one, one"):
        same_kind([one, random_bank("one", seed=3)])
