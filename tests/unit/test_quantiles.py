"""Quantiles by one sort are those of numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from canairy.thermal.quantiles import quantiles

PERCENTS = (0, 1, 5, 50, 90, 95, 99, 100)
# A pixel in hundredths of a kelvin, as float32 degC.
PIXELS = st.integers(-10_000, 200_000).map(lambda hundredths: np.float32(hundredths / 100))


@given(arrays(np.float32, array_shapes(max_dims=2, max_side=12), elements=PIXELS))
def test_temperatures(values: np.ndarray) -> None:
    assert quantiles(values, *PERCENTS) == pytest.approx(np.percentile(values.astype(np.float64), PERCENTS), abs=1e-3)


@given(arrays(np.uint16, array_shapes(max_dims=2, max_side=12)))
def test_counts(values: np.ndarray) -> None:
    assert quantiles(values, *PERCENTS) == pytest.approx(np.percentile(values, PERCENTS))


def test_one_pixel_is_all_of_its_quantiles() -> None:
    assert quantiles(np.array([[21.5]], np.float32), 0, 50, 100) == [21.5, 21.5, 21.5]
