"""Patch features and the linear steps around them, each against a plain way to say the same."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.patchcore.features import WIDTH, patch_features
from training.patchcore.linear import aggregation, block_mean, gaussian, interpolation, map_side, map_smoothing


def test_a_patch_is_the_mean_of_its_3x3_neighbours_with_zeros_beyond_the_border() -> None:
    fine, coarse = np.random.default_rng(1).normal(size=(1, 1, 8, 8)), np.zeros((1, 1, 4, 4))

    features = patch_features([fine, coarse])[0, :, 0].reshape(8, 8)

    padded = np.pad(fine[0, 0], 1)
    assert features[3, 4] == pytest.approx(padded[3:6, 4:7].mean())
    assert features[0, 0] == pytest.approx(padded[0:3, 0:3].mean())


def test_the_coarser_tap_is_interpolated_to_the_finer_one_as_pictures_are() -> None:
    coarse = np.random.default_rng(2).normal(size=(14, 14))

    ours = interpolation(14, 28) @ coarse @ interpolation(14, 28).T

    assert np.allclose(ours, cv2.resize(coarse, (28, 28), interpolation=cv2.INTER_LINEAR), atol=1e-6)


def test_patches_run_along_rows_and_their_numbers_from_the_finer_to_the_coarser_tap() -> None:
    fine, coarse = np.zeros((2, 40, 8, 8), np.float32), np.zeros((2, 112, 4, 4), np.float32)
    fine[1, 5, 2, 6] = 9.0
    coarse[0, 3] = 1.0

    features = patch_features([fine, coarse])

    assert features.shape == (2, 64, WIDTH)
    assert features.dtype == np.float32
    assert features[1, 2 * 8 + 6, 5] == pytest.approx(1.0)
    assert features[0, 3 * 8 + 3, 40 + 3] == pytest.approx(1.0)
    assert features[0, 0, 40 + 3] < 0.6  # a corner of the coarse tap has four of nine neighbours


def test_smoothing_keeps_what_is_even_and_moves_nothing() -> None:
    matrix = map_smoothing(28, 224)
    bump = np.zeros((28, 28))
    bump[20, 7] = 1.0

    smoothed = matrix @ bump @ matrix.T

    assert matrix.shape == (map_side(224), 28) == (56, 28)
    assert np.allclose(matrix @ np.ones((28, 28)) @ matrix.T, 1.0)
    assert {20 * 2, 20 * 2 + 1} >= {int(np.unravel_index(smoothed.argmax(), smoothed.shape)[0])}
    assert {7 * 2, 7 * 2 + 1} >= {int(np.unravel_index(smoothed.argmax(), smoothed.shape)[1])}


def test_the_gaussian_is_that_of_the_paper() -> None:
    matrix = gaussian(224, 4.0)

    row = matrix[112]
    spread = np.sqrt(np.average((np.arange(224) - 112) ** 2, weights=row))
    assert row.sum() == pytest.approx(1.0)
    assert spread == pytest.approx(4.0, rel=1e-3)


def test_matrices_in_a_row_are_their_product() -> None:
    assert aggregation(14, 28).shape == (28, 14)
    assert np.allclose(block_mean(8, 4) @ np.arange(8.0), [0.5, 2.5, 4.5, 6.5])
