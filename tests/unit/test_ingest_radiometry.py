"""What a frame was made with travels with it, and a housing's window is reckoned with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canairy.errors import ConfigurationError, InvalidMessage
from canairy.messages.frame import Frame
from canairy.messages.header import UNDER_RANGE
from canairy.messages.radiometry import ASSUMED, Radiometry
from canairy.messages.thermogram import KELVIN, SATURATED, to_celsius
from canairy.messages.uncertainty import NOT_CORRECTED
from canairy.site.model import Camera
from canairy.thermal.planck import Planck
from canairy.thermal.radiometry import LONG_WAVE_RADIOMETRY, ObjectParameters
from canairy.thermal.radiometry import Radiometry as Curve
from canairy.thermal.transmission import Atmosphere
from services.ingest.feed import Feed
from tests.helpers.ingest import NOON, SCALE_K, camera, picture, raw, site_of
from tests.helpers.thermal_files import CAMERA, NEAR

STATED: dict[str, Any] = {"emissivity": 0.9, "distance_m": 8, "reflected_c": 18, "atmospheric_c": 15, "humidity": 0.6}
WINDOW: dict[str, Any] = {"window": {"transmission": 0.9, "temperature_c": 35}}
MADE_WITH = ObjectParameters(0.9, 8.0, 18.0, 15.0, 0.6)
BEHIND = replace(MADE_WITH, window_transmission=0.9, window_c=35.0)


def accepted(stated: dict[str, Any] | None, **more: Any) -> Frame:  # noqa: ANN401 - passed on
    """What becomes of a frame under such a `radiometry` of the site file."""
    told: dict[str, Any] = {} if stated is None else {"radiometry": stated}
    site = site_of(camera(**told))
    return Feed(site, site.cameras[0], NOON).accept(raw(**more), NOON, ())


def celsius(frame: Frame) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return frame.thermogram.celsius()


def test_what_the_site_file_states_is_what_the_camera_is_set_to() -> None:
    frame = accepted(STATED)

    assert frame.radiometry.parameters == MADE_WITH
    assert not frame.radiometry.assumed
    assert np.array_equal(frame.thermogram.counts(), picture())


def test_where_nobody_states_anything_the_parameters_are_marked_as_assumed() -> None:
    assert accepted(None).radiometry == ASSUMED


def test_a_frame_is_corrected_for_the_window_that_its_camera_does_not_know_of() -> None:
    frame = accepted(STATED | WINDOW)

    seen = to_celsius(picture(), SCALE_K, 0.0)
    np.testing.assert_allclose(
        celsius(frame), LONG_WAVE_RADIOMETRY.corrected(seen, MADE_WITH, BEHIND), atol=SCALE_K / 2 + 1e-3
    )
    # A window that is warmer than what it shows, and lets a tenth of it be missed: the truth is colder.
    assert float(celsius(frame).max()) < float(seen.max())
    assert frame.radiometry.parameters == BEHIND


def test_behind_a_window_a_hot_object_is_hotter_than_it_looks() -> None:
    counts = picture()
    counts[0, 0] = round((120 + KELVIN) / SCALE_K)

    assert float(celsius(accepted(STATED | WINDOW, counts=counts))[0, 0]) > 123


def test_a_window_before_a_camera_of_which_nothing_else_is_known_is_told_and_not_reckoned_with() -> None:
    frame = accepted(WINDOW)

    assert NOT_CORRECTED in frame.header.flags
    assert np.array_equal(frame.thermogram.counts(), picture())


def test_a_frame_that_came_with_its_window_is_left_as_it_is() -> None:
    own = Radiometry.of(BEHIND, CAMERA)

    frame = accepted(STATED | WINDOW, radiometry=own)

    assert frame.radiometry == own
    assert np.array_equal(frame.thermogram.counts(), picture())


def test_at_least_this_hot_stays_so_and_a_sky_without_a_temperature_is_told() -> None:
    counts = picture()
    counts[0, 0], counts[1, 1] = SATURATED, round((-95 + KELVIN) / SCALE_K)

    frame = accepted(STATED | {"window": {"transmission": 0.7, "temperature_c": 60}}, counts=counts)

    assert frame.thermogram.counts()[0, 0] == SATURATED
    assert {"over_range", UNDER_RANGE} <= set(frame.header.flags)


def test_a_window_makes_no_impossible_temperature_possible() -> None:
    counts = picture()
    counts[3, 4] = 5

    with pytest.raises(InvalidMessage, match="possible are -100 to 2000"):
        accepted(STATED | WINDOW, counts=counts)


def test_radiometry_through_which_nothing_is_seen_is_a_mistake_of_the_site_file() -> None:
    with pytest.raises(ConfigurationError, match="cam-01: radiometry: a transmission of"):
        accepted({"distance_m": 10_000, "humidity": 1.0, "atmospheric_c": 100})


@pytest.mark.parametrize("preset", [("0.01K", 0.01), ("0.04K", 0.04), ("0.1K", 0.1)])
def test_scales_that_cameras_write_have_names(preset: tuple[str, float]) -> None:
    scale = Camera.model_validate(camera(scale=preset[0])).scale

    assert (scale.scale_k, scale.offset_c) == (preset[1], -KELVIN)


def test_another_scale_is_a_mistake_that_names_those_there_are() -> None:
    with pytest.raises(ValidationError, match=r"is no known scale: it is one of 0\.01K, 0\.04K, 0\.1K"):
        Camera.model_validate(camera(scale="0.4K"))


@pytest.mark.parametrize("key", [{"files": "cam03_*"}, {"subfolders": True}])
def test_files_are_chosen_in_folders_only(key: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="is for a source folder: only, and this one is rtsp:"):
        Camera.model_validate(camera(**key))


FINITE = st.floats(0.1, 1.0)


@given(FINITE, st.floats(0, 100), st.floats(-40, 60), FINITE, st.none() | FINITE, st.booleans(), st.booleans())
def test_parameters_are_read_as_they_were_written(
    emissivity: float,
    distance_m: float,
    degrees: float,
    window: float,
    air: float | None,
    assumed: bool,
    own: bool,
) -> None:
    curve = Curve(Planck(16951.8, 1435.1, 1.0, -7142, 0.014295), Atmosphere(0.01)) if own else None
    told = Radiometry(
        emissivity, distance_m, degrees, degrees, 0.5, window, degrees if window < 1 else 20.0, air, assumed, curve
    )

    assert Radiometry.from_wire(told.to_wire()) == told


def test_a_curve_that_no_camera_has_is_refused() -> None:
    message = Radiometry.of(NEAR, CAMERA).to_wire()
    message.curve.b = -1

    with pytest.raises(InvalidMessage, match="curve: Planck constant B is -1"):
        Radiometry.from_wire(message)
