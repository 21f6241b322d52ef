"""The simulated site: what its cameras see, and that its script fits the demo's site file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from canairy.errors import ConfigurationError
from canairy.messages.thermogram import KELVIN
from canairy.simulator.demo import DEMO, EXPECTED_ALARMS
from canairy.simulator.scenarios import camera_script
from canairy.simulator.scene import NOISE_K, OFFSET_K, SCALE_K, Scene
from canairy.simulator.script import CameraScript, Course, ExpectedAlarm, Joint, steady
from canairy.simulator.yard.scenes import simulate
from canairy.site.load import load_site
from canairy.site.model import Asset, Site

SITE_FILE = Path(__file__).parents[2] / "deploy" / "local" / "demo-site.yaml"
Celsius = npt.NDArray[np.float64]
RADIATOR = "tr-301-radiator"


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(SITE_FILE)


@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    return {script.id: Scene(script, seed) for seed, script in enumerate(DEMO.cameras)}


def celsius(counts: npt.NDArray[np.uint16]) -> Celsius:
    return np.asarray(counts * SCALE_K + OFFSET_K - KELVIN, np.float64)


def hottest(picture: Celsius, asset: Asset) -> float:
    mask = np.zeros(picture.shape, np.uint8)
    cv2.fillPoly(mask, [np.array(asset.region, np.int32)], 1)
    return float(picture[mask == 1].max())


def assets(site: Site) -> list[tuple[str, Asset]]:
    return [(camera.id, asset) for camera in site.cameras for view in camera.views for asset in view.assets]


def test_the_demo_has_four_cameras_three_phases_of_four_kinds_and_a_radiator(site: Site) -> None:
    groups: dict[str | None, set[str]] = {}
    for _, asset in assets(site):
        groups.setdefault(asset.group, set()).add(asset.phase)

    assert [camera.id for camera in site.cameras] == [script.id for script in DEMO.cameras]
    assert len(assets(site)) == 13
    assert groups.pop(None) == {""}
    assert all(phases == {"A", "B", "C"} for phases in groups.values())
    assert site.banks == {RADIATOR: RADIATOR}


def test_at_the_start_every_asset_is_below_its_limits_and_has_its_joint_in_its_region(
    site: Site, scenes: dict[str, Scene]
) -> None:
    for camera, asset in assets(site):
        temperature_c = hottest(celsius(scenes[camera].render(0.0)), asset)
        assert asset.limits.high_c is not None
        assert temperature_c < asset.limits.high_c
        assert temperature_c > DEMO.cameras[0].air_c + 5, f"{asset.id} sees no joint"


def test_one_joint_starts_just_below_its_limit_and_crosses_it_between_second_15_and_20(
    site: Site, scenes: dict[str, Scene]
) -> None:
    joint = next(asset for _, asset in assets(site) if asset.id == "ds-301-a")
    at = {second: hottest(celsius(scenes["cam-01"].render(second)), joint) for second in (1, 15, 20, 60)}

    assert 77 < at[1] < at[15] < 80 < at[20] < at[60] < 90


def test_the_crossing_joint_leaves_its_neighbours_behind_only_after_that(site: Site, scenes: dict[str, Scene]) -> None:
    phases = [asset for _, asset in assets(site) if asset.group == "ds-301"]

    def over_others(second: float) -> float:
        a, b, c = (hottest(celsius(scenes["cam-01"].render(second)), asset) for asset in phases)
        return a - max(b, c)

    assert over_others(20) < 15 < over_others(30)


def test_the_blocked_fins_cool_down_and_nothing_of_the_radiator_gets_warmer_than_it_was(
    site: Site, scenes: dict[str, Scene]
) -> None:
    radiator = next(asset for _, asset in assets(site) if asset.id == RADIATOR)
    before, after = (celsius(scenes["cam-01"].render(second)) for second in (5, 30))
    third_fin = slice(270, 400), slice(550, 558)

    assert before[third_fin].mean() - after[third_fin].mean() > 5
    assert hottest(after, radiator) <= hottest(before, radiator) + 0.3
    assert radiator.limits.high_c is not None
    assert hottest(before, radiator) < radiator.limits.high_c - 30


def test_a_hot_spot_that_nobody_registered_appears_outside_every_region(site: Site, scenes: dict[str, Scene]) -> None:
    before, after = (celsius(scenes["cam-03"].render(second)) for second in (20, 40))
    outside = np.ones(before.shape, np.uint8)
    for camera, asset in assets(site):
        if camera == "cam-03":
            cv2.fillPoly(outside, [np.array(asset.region, np.int32)], 0)

    assert before[outside == 1].max() < 25
    assert after[outside == 1].max() == pytest.approx(78, abs=0.5)
    assert np.count_nonzero((after > 70) & (outside == 1)) > 5 * 5


def test_one_camera_falls_silent_for_longer_than_the_coverage_alarm_waits(site: Site) -> None:
    camera, script = site.cameras[3], DEMO.cameras[3]
    silent_s = sum(script.silent(second) for second in range(120))

    assert silent_s > (camera.silence + site.alerting.coverage_alarm_after).total_seconds()
    assert not script.silent(0)
    assert not script.silent(60)
    assert not any(other.silent(second) for other in DEMO.cameras[:3] for second in range(120))


def test_the_alarms_that_are_expected_name_assets_and_views_of_the_site_file(site: Site) -> None:
    known = {asset.id for _, asset in assets(site)} | {camera.id for camera in site.cameras}
    views = {view.id for camera in site.cameras for view in camera.views}

    for expected in EXPECTED_ALARMS:
        assert expected.asset in known or expected.asset == "*" or expected.asset.partition("/")[0] in views


def test_an_expected_alarm_is_recognised_on_the_topic() -> None:
    expected = ExpectedAlarm("bay-3/find-*", "hot_spot", "raised")

    assert expected.seen_in("bay-3/find-7", "hot_spot", "io.canairy.alarm.raised.v1")
    assert not expected.seen_in("bay-3/find-7", "hot_spot", "io.canairy.alarm.returned.v1")
    assert not expected.seen_in("bay-2/find-7", "hot_spot", "io.canairy.alarm.raised.v1")


def test_the_same_script_seed_and_time_give_the_same_frame(scenes: dict[str, Scene]) -> None:
    again = Scene(DEMO.cameras[0], seed=0)

    assert np.array_equal(again.render(12.5), scenes["cam-01"].render(12.5))
    assert not np.array_equal(again.render(12.5), again.render(13.0))
    assert not np.array_equal(again.render(12.5), Scene(DEMO.cameras[0], seed=1).render(12.5))


def test_a_frame_is_512_rows_of_640_counts_with_noise_of_50_mk() -> None:
    scene = Scene(CameraScript("flat", 20.0))
    first, second = (celsius(scene.render(seconds)) for seconds in (0.0, 0.5))

    assert scene.render(0.0).dtype == np.uint16
    assert first.shape == (512, 640)
    assert np.std(first - second) == pytest.approx(NOISE_K * 2**0.5, rel=0.02)
    assert first[-1].mean() == pytest.approx(20.0, abs=0.02)


def test_a_joint_at_the_edge_is_drawn_as_far_as_it_is_in_the_picture() -> None:
    edge = CameraScript(
        "edge", 20.0, joints=(Joint(0, 511, 9.0, steady(60.0)), Joint(639, 0, 9.0, Course(((0, 50), (1, 70)))))
    )

    picture = celsius(Scene(edge).render(2.0))

    assert picture[511, 0] == pytest.approx(60, abs=0.5)
    assert picture[0, 639] == pytest.approx(70, abs=0.5)


@pytest.mark.parametrize(("second", "kelvin"), [(-1, 2), (0, 2), (5, 3), (10, 4), (15, 4), (99, 4)])
def test_a_course_is_straight_between_its_points_and_level_outside(second: float, kelvin: float) -> None:
    assert Course(((0, 2), (10, 4), (12, 4))).at(second) == pytest.approx(kelvin)


def test_a_camera_of_any_name_may_play_the_part_of_another() -> None:
    assert camera_script("demo", "cam-02") is DEMO.cameras[1]
    assert camera_script("demo/cam-02", "bench-17") is DEMO.cameras[1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sunset", "bench-17: simulated:sunset: no such scenario; there are demo"),
        ("demo", "bench-17: simulated:demo: no camera 'bench-17' in it; there are cam-01, cam-02, cam-03, cam-04"),
    ],
)
def test_an_unknown_scenario_or_camera_is_refused_with_those_there_are(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        camera_script(name, "bench-17")


def test_a_yard_can_stand_behind_it_all_and_is_the_picture_that_the_detector_learned_from() -> None:
    frame = simulate(3, 5)
    script = CameraScript("yard", 18.0, yard=(3, 5))

    counts = Scene(script).render(1.0)

    kelvin = counts * SCALE_K
    assert np.abs(kelvin - frame.counts * frame.scale_k).mean() < 0.5
    assert not np.array_equal(counts, Scene(script).render(2.0))
