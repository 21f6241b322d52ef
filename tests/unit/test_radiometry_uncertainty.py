"""How sure a temperature is: what cancels within a frame, and what does not."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.thermal.radiometry import ObjectParameters
from canairy.thermal.uncertainty import Limits, difference_k, uncertainty
from tests.helpers.thermal_files import CAMERA, NEAR

BLACK = ObjectParameters(emissivity=1.0, distance_m=0.0)
ONLY_CAMERA = Limits(uniformity_k=0.0, emissivity=0.0, reflected_k=0.0, distance_share=0.0)


def test_a_black_body_near_by_is_as_sure_as_the_camera() -> None:
    sure = uncertainty(30.0, CAMERA, BLACK, ONLY_CAMERA)

    assert sure.standard_k == pytest.approx(2.0 / math.sqrt(3), rel=1e-3)
    assert sure.expanded_k == pytest.approx(2 * sure.standard_k)


def test_of_two_degrees_and_two_percent_the_larger_counts() -> None:
    hot = uncertainty(400.0, CAMERA, BLACK, ONLY_CAMERA)

    assert hot.standard_k == pytest.approx(8.0 / math.sqrt(3), rel=1e-3)
    # Only the offset is shared by all pixels; the share of the reading is not the same for a colder one.
    assert hot.common_k == pytest.approx(2.0 / math.sqrt(3), rel=1e-3)


def test_within_a_frame_the_offset_cancels_and_between_cameras_nothing_does() -> None:
    joint = uncertainty(80.0, CAMERA, NEAR, ONLY_CAMERA)

    assert difference_k(joint, joint, same_frame=True) == pytest.approx(0.0)
    assert difference_k(joint, joint, same_frame=False) == pytest.approx(math.sqrt(2) * joint.standard_k)


def test_emissivity_reflection_and_uneven_pixels_do_not_cancel() -> None:
    joint = uncertainty(80.0, CAMERA, NEAR)

    difference = difference_k(joint, joint, same_frame=True)

    assert difference == pytest.approx(math.sqrt(2) * joint.own_k)
    assert {name for name, part_k in joint.parts.items() if part_k > 0} == {
        "camera", "uniformity", "emissivity", "reflected", "distance",
    }  # fmt: skip


def test_the_camera_s_error_weighs_more_on_what_emits_less() -> None:
    paint, metal = (
        uncertainty(80.0, CAMERA, dataclasses.replace(NEAR, emissivity=it), ONLY_CAMERA) for it in (0.95, 0.3)
    )

    assert metal.common_k > 2 * paint.common_k
    # So it cancels only in part between the two.
    assert difference_k(paint, metal, same_frame=True) > paint.common_k


@given(st.floats(0.5, 0.94), st.floats(40, 300))
def test_an_emissivity_is_worth_what_it_changes(emissivity: float, celsius: float) -> None:
    known = dataclasses.replace(NEAR, emissivity=emissivity)
    limits = dataclasses.replace(ONLY_CAMERA, offset_k=0.0, reading_share=0.0, emissivity=0.05)
    seen = np.asarray(CAMERA.signal(celsius, known))
    ends = [
        float(CAMERA.celsius_of(seen, dataclasses.replace(known, emissivity=emissivity + it))) for it in (-0.05, 0.05)
    ]

    sure = uncertainty(celsius, CAMERA, known, limits)

    assert sure.standard_k == pytest.approx((ends[0] - ends[1]) / 2 / math.sqrt(3), rel=1e-6)


def test_an_emissivity_of_one_has_room_on_one_side_only() -> None:
    sure = uncertainty(80.0, CAMERA, BLACK, dataclasses.replace(ONLY_CAMERA, emissivity=0.05))

    assert sure.parts["emissivity"] > 1.0


def test_where_the_air_was_measured_the_distance_does_not_matter() -> None:
    sure = uncertainty(80.0, CAMERA, dataclasses.replace(NEAR, transmission=0.9))

    assert sure.parts["distance"] == 0.0
