"""Temperatures of a region, and how large its hottest part is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.anomaly.measure import measure
from tests.helpers.frames import heated, scene


def test_the_hottest_pixel_is_exact_and_its_place_is_in_the_frame() -> None:
    crop = scene(40, 50)
    crop[12, 30] = 415.0

    found = measure(crop, x=100, y=200, outline=())

    assert found is not None
    assert found.max_c == pytest.approx(415.0)
    assert (found.hottest_x, found.hottest_y) == (130, 212)


def test_only_pixels_inside_the_outline_count() -> None:
    crop = heated(scene(40, 40), 30, 30, 10, 60)
    triangle = ((0, 0), (25, 0), (0, 25))

    found = measure(crop, 0, 0, triangle)

    assert found is not None
    assert found.max_c < 21
    assert found.pixels < 400


def test_an_outline_without_pixels_gives_nothing_rather_than_a_temperature() -> None:
    assert measure(scene(10, 10), 0, 0, ((50, 50), (60, 50), (60, 60))) is None


@pytest.mark.parametrize(("side", "under_resolved"), [(1, True), (2, True), (3, False), (8, False)])
def test_a_hot_part_under_three_by_three_pixels_is_a_lower_bound(side: int, under_resolved: bool) -> None:
    found = measure(heated(scene(40, 40), 15, 15, side, 40), 0, 0, ())

    assert found is not None
    assert (found.hot_width, found.hot_height) == (side, side)
    assert found.under_resolved is under_resolved


def test_an_even_surface_is_not_called_too_small_because_of_its_noise() -> None:
    found = measure(scene(30, 30), 0, 0, ())

    assert found is not None
    assert not found.under_resolved


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60))
def test_percentiles_mean_and_maximum_are_in_order(seed: int, height: int, width: int) -> None:
    crop = np.random.default_rng(seed).normal(40, 10, (height, width)).astype(np.float32)

    found = measure(crop, 0, 0, ())

    assert found is not None
    assert found.p95_c <= found.p99_c <= found.max_c
    assert float(crop.min()) <= found.mean_c <= found.max_c
    assert found.max_c == float(crop.max())
    assert found.pixels == crop.size
