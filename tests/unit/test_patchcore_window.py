"""The fixed window: the same temperature is the same grey in every crop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canairy.errors import ConfigurationError
from training.patchcore.window import STEP, Window, share_outside, to_picture, window_of

kelvins = st.floats(200, 800, allow_nan=False)


def test_a_window_is_the_span_of_the_normals_and_half_as_much_on_either_side() -> None:
    window = window_of([(290.0, 300.0), (292.0, 310.0)])

    assert window == Window(280.0, 320.0)


def test_a_steady_scene_is_not_stretched_until_its_noise_shows() -> None:
    window = window_of([(290.0, 290.1)])

    assert window.low <= 290.05 - 2.5
    assert window.high >= 290.05 + 2.5


@settings(deadline=None)
@given(st.lists(st.tuples(kelvins, kelvins).map(sorted).map(tuple), min_size=1))
def test_every_normal_is_inside_and_the_ends_are_numbers_that_float32_holds(normals: list[tuple[float, float]]) -> None:
    if min(low for low, _ in normals) == max(high for _, high in normals):
        return

    window = window_of(normals)

    assert window.low <= min(low for low, _ in normals)
    assert window.high >= max(high for _, high in normals)
    assert all(float(np.float32(end)) == end and end % STEP == 0 for end in (window.low, window.high))


def test_crops_of_one_temperature_teach_nothing() -> None:
    with pytest.raises(ConfigurationError, match=r"every pixel of every crop is 293\.15"):
        window_of([(293.15, 293.15), (293.15, 293.15)])


def test_what_is_outside_is_held_at_the_ends_and_counted() -> None:
    values = np.array([[[280.0, 300.0], [310.0, 400.0]], [[300.0, 300.0], [300.0, 320.0]]])

    pictures = to_picture(values, Window(300.0, 320.0))

    assert pictures[0].tolist() == [[0.0, 0.0], [0.5, 1.0]]
    assert share_outside(values, Window(300.0, 320.0)).tolist() == [0.5, 0.0]


@pytest.mark.parametrize(("low", "high"), [(300.0, 300.0), (310.0, 300.0), (float("nan"), 300.0), (0.0, float("inf"))])
def test_a_window_without_a_span_is_refused(low: float, high: float) -> None:
    with pytest.raises(ConfigurationError, match="the first must be the lower one"):
        Window(low, high)
