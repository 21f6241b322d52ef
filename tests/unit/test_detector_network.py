"""The network as such: its size, its parameters, its grid, its pictures, its plan."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError
from canairy.simulator.yard.pieces import LABELS
from training.detector.grid import cells
from training.detector.picture import HIGH_K, LOW_K, Size, to_picture
from training.detector.plan import RATE_A_PICTURE, SLOWEST, Plan
from training.detector.weights import PRIOR, check, convolutions, first_weights, folded


def test_it_has_as_many_parameters_as_the_paper_says() -> None:
    published = sum(layer.parameters for layer in convolutions(labels=80, channels=3))
    ours = sum(layer.parameters for layer in convolutions(len(LABELS)))

    # arXiv 2107.08430, table 5: YOLOX-Nano 0.91 M.
    assert round(published / 1e6, 2) == 0.91
    assert 0.85e6 < ours < published


def test_every_convolution_has_a_name_of_its_own() -> None:
    names = [layer.name for layer in convolutions(2)]

    assert len(set(names)) == len(names)


def test_it_begins_by_expecting_next_to_nothing() -> None:
    weights = first_weights(4, seed=0)

    bias = weights["head8_objectness.bias"][0]

    assert 1 / (1 + math.exp(-bias)) == pytest.approx(PRIOR, rel=1e-5)
    assert weights["head8_box.bias"].tolist() == [0, 0, 0, 0]


def test_first_weights_follow_from_the_seed() -> None:
    one, same, other = (first_weights(4, seed) for seed in (1, 1, 2))

    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["stem.kernel"], other["stem.kernel"])


def test_folding_is_convolution_then_normalisation() -> None:
    generator = np.random.default_rng(0)
    weights = {"a.kernel": generator.standard_normal((3, 2, 1, 1)).astype(np.float32)}
    for part in ("scale", "shift", "mean", "variance"):
        weights[f"a.{part}"] = generator.uniform(0.5, 2, 3).astype(np.float32)
    value = generator.standard_normal(2).astype(np.float32)

    kernel, bias = folded(weights, "a")
    plain = weights["a.kernel"][:, :, 0, 0] @ value
    plain = (plain - weights["a.mean"]) / np.sqrt(weights["a.variance"] + 1e-3) * weights["a.scale"]

    assert kernel[:, :, 0, 0] @ value + bias == pytest.approx(plain + weights["a.shift"], rel=1e-5)


def test_weights_that_are_not_these_are_named() -> None:
    weights = first_weights(4, seed=0)
    missing = {name: value for name, value in weights.items() if name != "dark2_past.shift"}
    broken = weights | {"stem.kernel": np.full_like(weights["stem.kernel"], np.nan)}

    with pytest.raises(ConfigurationError, match=r"dark2_past\.shift is missing"):
        check(missing, 4)
    with pytest.raises(ConfigurationError, match=r"head8_labels\.kernel is of shape"):
        check(weights, 6)
    with pytest.raises(ConfigurationError, match=r"stem\.kernel holds numbers that are not finite"):
        check(broken, 4)


def test_cells_go_row_by_row_and_finest_first() -> None:
    grid = cells(64, 32)

    assert len(grid) == 8 * 4 + 4 * 2 + 2 * 1
    assert grid[:2].tolist() == [[0, 0, 8], [1, 0, 8]]
    assert grid[8].tolist() == [0, 1, 8]
    assert grid[-1].tolist() == [1, 0, 32]


def test_a_grid_needs_whole_cells() -> None:
    with pytest.raises(ConfigurationError, match="multiples of 32"):
        cells(100, 32)


def test_the_window_is_fixed_and_holds_what_is_outside() -> None:
    size = Size(320, 256)
    cold, middle, hot = (np.full((512, 640), count, np.uint16) for count in (20_000, 32_315, 50_000))

    levels = [to_picture(counts, 0.01, 0.0, size).mean() for counts in (cold, middle, hot)]

    assert levels == pytest.approx([0, 0.5, 1], abs=1e-4)
    assert (LOW_K, HIGH_K) == (253.15, 393.15)


def test_half_the_size_is_the_mean_of_four() -> None:
    counts = np.random.default_rng(0).integers(28_000, 32_000, (512, 640)).astype(np.uint16)

    picture = to_picture(counts, 0.01, 0.0, Size(320, 256))
    kelvin = picture * (HIGH_K - LOW_K) + LOW_K

    assert kelvin == pytest.approx(counts.reshape(256, 2, 320, 2).mean(axis=(1, 3)) * 0.01, abs=0.001)
    assert cv2.resize(counts, (320, 256)).shape == picture.shape


@pytest.mark.parametrize("text", ["320", "320x", "x256", "320x255", "0x0", "ax32", "-32x32"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(ConfigurationError, match="size"):
        Size.parse(text)


def test_a_size_is_read_as_it_is_written() -> None:
    assert str(Size.parse("416x320")) == "416x320"


def test_the_rate_rises_then_falls_as_a_cosine() -> None:
    plan = Plan(frames=100, epochs=10, batch=10, warm_up_epochs=1)

    rates = [plan.rate(step) for step in range(10 * plan.steps)]

    full = RATE_A_PICTURE * 10
    assert rates[0] < rates[5] < rates[9] == pytest.approx(full)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(SLOWEST * full, rel=0.1)


def test_a_plan_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="frames 0"):
        Plan(frames=0)
    with pytest.raises(ConfigurationError, match="epochs 0"):
        Plan(epochs=0)
    with pytest.raises(ConfigurationError, match="batch 0"):
        Plan(batch=0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="seed -1"):
        Plan(seed=-1)
