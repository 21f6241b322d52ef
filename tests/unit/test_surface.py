"""An asset's own emissivity and distance, and how sure its temperature then is."""

from __future__ import annotations

import math
from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.header import Place
from canairy.messages.radiometry import ASSUMED, Radiometry
from canairy.messages.reading import Reading
from canairy.messages.thermogram import KELVIN, Thermogram, to_celsius
from canairy.messages.uncertainty import IMPOSSIBLE, NOT_CORRECTED, NOT_DEPENDABLE
from canairy.stream.step import Decoded
from canairy.thermal.radiometry import LONG_WAVE_RADIOMETRY, ObjectParameters
from canairy.thermal.uncertainty import uncertainty
from canairy.topics import DETECTIONS, FRAMES, READINGS
from services.anomaly.crops import Pixels
from services.anomaly.handler import Anomaly
from services.anomaly.surface import Seen, Surface, _corrected, see
from tests.helpers.frames import NOON, SCALE_K, asset, camera, counts, header, heated, record, scene, site
from tests.helpers.thermal_files import CAMERA

MADE_WITH = ObjectParameters(0.95, 8.0, 18.0, 18.0, 0.5)
TOLD = Radiometry.of(MADE_WITH)
CROP = counts(heated(scene(30, 30), 10, 10, 8, 50))
REGION = Region("joint-a", RegionKind.REGISTERED, 100, 60, Thermogram.of(CROP, SCALE_K, 0.0))


def pixels(crop: np.ndarray[tuple[int, int], np.dtype[np.uint16]] = CROP) -> Pixels:
    return Pixels(crop, to_celsius(crop, SCALE_K, 0.0), SCALE_K, 0.0)


def seen(surface: Surface, radiometry: Radiometry | None = TOLD) -> Seen:
    return see(pixels(), REGION, radiometry, surface)


def hottest(found: Seen) -> float:
    assert found.temperatures is not None
    return found.temperatures.max_c


def test_an_asset_s_own_emissivity_makes_its_temperature() -> None:
    found = seen(Surface(emissivity=0.7))

    to = replace(MADE_WITH, emissivity=0.7)
    crop = to_celsius(CROP, SCALE_K, 0.0)
    assert hottest(found) == pytest.approx(float(LONG_WAVE_RADIOMETRY.corrected(crop, MADE_WITH, to).max()), abs=1e-3)
    assert hottest(found) > float(crop.max()) + 10
    assert found.flags == ()


def test_an_asset_s_own_distance_makes_its_temperature() -> None:
    assert hottest(seen(Surface(distance_m=40.0))) > hottest(seen(Surface())) + 0.5


def test_what_the_air_was_measured_to_let_through_holds_for_the_frame_s_distance_alone() -> None:
    measured = Radiometry.of(replace(MADE_WITH, transmission=0.9))

    there, farther = (seen(it, measured) for it in (Surface(distance_m=8.0), Surface(distance_m=20.0)))

    crop = to_celsius(CROP, SCALE_K, 0.0)
    by_the_air = LONG_WAVE_RADIOMETRY.corrected(
        crop, measured.parameters, replace(MADE_WITH, distance_m=20.0, transmission=None)
    )
    assert hottest(there) == float(crop.max())
    assert hottest(farther) == pytest.approx(float(by_the_air.max()), abs=1e-3)
    assert hottest(farther) < hottest(there) - 1


def test_the_camera_s_own_curve_is_used_where_the_frame_carries_it() -> None:
    own = seen(Surface(emissivity=0.5), Radiometry.of(MADE_WITH, CAMERA))

    crop = to_celsius(CROP, SCALE_K, 0.0)
    to = replace(MADE_WITH, emissivity=0.5)
    assert hottest(own) == pytest.approx(float(CAMERA.corrected(crop, MADE_WITH, to).max()), abs=1e-3)
    assert hottest(own) != pytest.approx(hottest(seen(Surface(emissivity=0.5))), abs=0.01)


@pytest.mark.parametrize("surface", [Surface(), Surface(emissivity=0.95), Surface(0.95, 8.0)])
def test_an_asset_like_the_rest_of_the_frame_is_measured_as_it_is(surface: Surface) -> None:
    assert hottest(seen(surface)) == float(to_celsius(CROP, SCALE_K, 0.0).max())


@pytest.mark.parametrize("radiometry", [None, ASSUMED, replace(TOLD, emissivity=0.0)])
def test_where_nobody_said_what_a_frame_was_made_with_nothing_is_corrected_and_that_is_told(
    radiometry: Radiometry | None,
) -> None:
    found = seen(Surface(emissivity=0.7), radiometry)

    assert hottest(found) == float(to_celsius(CROP, SCALE_K, 0.0).max())
    assert found.flags == (NOT_CORRECTED,)
    assert found.uncertainty is None
    assert seen(Surface(), radiometry).flags == ()


@pytest.mark.parametrize(("emissivity", "flags"), [(0.49, (NOT_DEPENDABLE,)), (0.5, ())])
def test_below_an_emissivity_of_a_half_nothing_is_dependable(emissivity: float, flags: tuple[str, ...]) -> None:
    assert seen(Surface(emissivity=emissivity)).flags == flags
    assert NOT_DEPENDABLE in seen(Surface(), Radiometry.of(replace(MADE_WITH, emissivity=0.3))).flags
    assert seen(Surface(emissivity=0.3), None).flags == (NOT_CORRECTED, NOT_DEPENDABLE)


def test_a_temperature_that_no_equipment_has_is_not_told() -> None:
    hot = counts(heated(scene(30, 30), 10, 10, 8, 300))

    found = see(pixels(hot), REGION, TOLD, Surface(emissivity=0.02))

    assert IMPOSSIBLE in found.flags
    assert hottest(found) == float(to_celsius(hot, SCALE_K, 0.0).max())


def test_pixels_that_only_reflect_are_left_out_and_the_rest_is_measured() -> None:
    crop = counts(scene(30, 30, base_c=60.0))
    crop[0:5, 0:30] = round((-60 + KELVIN) / SCALE_K)

    found = see(pixels(crop), REGION, TOLD, Surface(emissivity=0.5))

    assert found.temperatures is not None
    assert found.temperatures.pixels == 25 * 30
    assert math.isfinite(found.temperatures.mean_c)


@given(st.floats(0.5, 1.0), st.floats(30, 200))
def test_an_emissivity_that_is_taken_back_gives_back_the_temperature(emissivity: float, celsius: float) -> None:
    crop = np.full((4, 4), round((celsius + KELVIN) / SCALE_K), np.uint16)
    there = see(pixels(crop), REGION, TOLD, Surface(emissivity=emissivity))
    again = counts(np.full((4, 4), hottest(there), np.float32))

    back = see(pixels(again), REGION, Radiometry.of(replace(MADE_WITH, emissivity=emissivity)), Surface(0.95))

    assert hottest(back) == pytest.approx(float(to_celsius(crop, SCALE_K, 0.0).max()), abs=0.02)


def test_uncertainty_is_that_of_the_hottest_point_with_its_own_emissivity() -> None:
    found = seen(Surface(emissivity=0.6))

    exact = uncertainty(hottest(found), LONG_WAVE_RADIOMETRY, replace(MADE_WITH, emissivity=0.6))
    assert found.uncertainty is not None
    assert found.uncertainty.standard_k == pytest.approx(exact.standard_k, rel=0.02)
    assert found.uncertainty.common_k == pytest.approx(exact.common_k, rel=0.02)
    sure = seen(Surface()).uncertainty
    assert sure is not None
    assert sure.expanded_k < found.uncertainty.expanded_k


def test_a_whole_frame_is_one_look_up() -> None:
    frame = pixels(np.tile(CROP, (18, 22))[:512, :640])
    took = []
    for _ in range(6):
        began = process_time()
        _corrected(frame, TOLD, replace(MADE_WITH, emissivity=0.7))
        took.append(process_time() - began)

    # About a millisecond on a machine that does nothing else; the first time it makes the table too.
    assert min(took[1:]) < 0.01


def test_the_service_corrects_by_the_site_file_and_its_readings_stay_small() -> None:
    view = {"id": "cam-01-view", "assets": [asset("joint-a", 100, 60, emissivity=0.4), asset("joint-b", 10, 10)]}
    step = Anomaly(site(camera(views=[view])))
    regions = (REGION, replace(REGION, asset="joint-b"))
    message = Detections(header(flags=("time_assigned",)), Place(FRAMES, 0, 1), regions, radiometry=TOLD)
    received = record(message.encode(), "Detections", DETECTIONS)

    written = [it for it in step.handle([Decoded(received, step.decode(received, NOON))], NOON) if it.topic == READINGS]
    one, other = (Reading.decode(it.value or b"") for it in written)

    assert one.temperatures is not None
    assert other.temperatures is not None
    assert one.temperatures.max_c > other.temperatures.max_c + 20
    assert one.header.flags == ("time_assigned", NOT_DEPENDABLE)
    assert other.header.flags == ("time_assigned",)
    assert one.uncertainty is not None
    assert max(len(it.value or b"") for it in written) < 2000
