"""From crops to a bank: the same from the same, bounded, and no plan that cannot be made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from canairy.errors import ConfigurationError
from tests.helpers.patchcore import SIZE_PX, normal_crops
from training.backbone.runner import Backbone
from training.patchcore.bank import FEWEST_ROWS
from training.patchcore.fit import Plan, fit
from training.patchcore.window import Window

PLAN = Plan(size_px=SIZE_PX, share=0.05)
CROPS = normal_crops(8)


def test_the_same_crops_and_seed_make_the_same_bank_and_another_seed_another() -> None:
    one, again, other = (fit("t1", CROPS, replace(PLAN, seed=seed), Backbone()) for seed in (1, 1, 2))

    assert one.bank.digest == again.bank.digest
    assert one.threshold == again.threshold
    assert one.bank.digest != other.bank.digest


def test_the_rows_are_the_share_that_was_asked_for_of_all_patches() -> None:
    fitted = fit("t1", CROPS, PLAN, Backbone())

    assert fitted.patches == 8 * (SIZE_PX // 8) ** 2
    assert len(fitted.bank.rows) == round(0.05 * fitted.patches)


def test_of_more_patches_than_memory_may_hold_a_part_of_each_crop_is_looked_at() -> None:
    fitted = fit("t1", CROPS, replace(PLAN, most_patches=160), Backbone())

    assert fitted.patches == 160
    assert len(fitted.bank.rows) == FEWEST_ROWS


def test_rows_have_a_least_and_a_most() -> None:
    assert PLAN.rows_of(100) == FEWEST_ROWS
    assert PLAN.rows_of(10) == 10
    assert PLAN.rows_of(1_000_000) == PLAN.most_rows


def test_a_window_that_is_given_is_the_banks() -> None:
    fitted = fit("t1", CROPS, replace(PLAN, window=Window(270.0, 330.0)), Backbone())

    assert fitted.bank.window == Window(270.0, 330.0)


def test_progress_is_told_to_the_end_of_each_stage() -> None:
    told: dict[str, tuple[int, int]] = {}

    fit("t1", CROPS, PLAN, Backbone(), lambda stage, done, of: told.update({stage: (done, of)}))

    assert list(told) == ["features", *(f"coreset without part {part} of 4" for part in (1, 2, 3, 4)), "coreset"]
    assert all(done == of for done, of in told.values())


def test_crops_that_are_all_the_same_teach_no_threshold() -> None:
    with pytest.raises(ConfigurationError, match="all alike"):
        fit("t1", [CROPS[0]] * 8, replace(PLAN, share=1.0), Backbone())


@pytest.mark.parametrize("size", [0, 32, 100, 480, -64])
def test_a_size_that_the_backbone_does_not_take_is_refused(size: int) -> None:
    with pytest.raises(ConfigurationError, match="a multiple of 32 from 64 to 448"):
        Plan(size_px=size)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigurationError, match="a share above 0 and at most 1"):
        Plan(share=share)


def test_no_bank_holds_a_row_that_no_crop_showed() -> None:
    fitted = fit("t1", CROPS, PLAN, Backbone())

    everything = fit("t1", CROPS, replace(PLAN, share=1.0), Backbone()).bank.rows
    shown = {row.tobytes() for row in everything}
    assert all(np.ascontiguousarray(row).tobytes() in shown for row in fitted.bank.rows)
