"""Temperatures as counts that travel, and temperatures that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import to_celsius
from canairy.thermal.celsius_check import check_celsius
from canairy.thermal.celsius_counts import to_counts


@given(st.lists(st.floats(-100, 2000, width=32), min_size=1, max_size=30))
def test_counts_hold_what_they_were_made_of(celsius: list[float]) -> None:
    frame = np.array([celsius], np.float32)

    counts, scale_k = to_counts(frame)

    assert scale_k == (0.01 if frame.max() < 382.19 else 0.04)
    np.testing.assert_allclose(
        to_celsius(counts, scale_k, 0.0),
        frame,
        atol=scale_k / 2 + 3e-4 if frame.max() < 1999 and frame.min() > -99 else scale_k,
    )
    assert counts.max() < 65535


@pytest.mark.parametrize(
    ("strange", "told"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf"), (2001.0, "2001"), (-101.0, "-101")]
)
def test_what_is_no_temperature_is_told_with_its_place(strange: float, told: str) -> None:
    frame = np.full((4, 5), 20.0, np.float32)
    frame[2, 3] = strange
    frame[3, 4] = strange

    with pytest.raises(UnreadableFile, match=rf"2 of 20 pixels .* first is {told}.* in row 2, column 3"):
        check_celsius(frame)
    with pytest.raises(UnreadableFile, match="2 of 20 pixels"):
        to_counts(frame)


def test_the_coldest_sky_and_the_hottest_arc_are_temperatures() -> None:
    check_celsius(np.array([[-100.0, -67.0, 2000.0]], np.float32))
