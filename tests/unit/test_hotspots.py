from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from services.detection.hotspots import HotSpot, find_hotspots

Celsius = npt.NDArray[np.float32]


def scene(height: int = 512, width: int = 640, seed: int = 0) -> Celsius:
    """A wall at about 20 degC as a fixed camera sees it: a slow slope and 50 mK of noise."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (height, width))
    return np.asarray(20 + np.arange(height)[:, None] / 400 + noise, np.float32)


def with_joint(celsius: Celsius, x: int, y: int, hotter_k: float, size_px: float = 8.0) -> Celsius:
    """A joint whose excess falls to half at `size_px` / 2 from (x, y)."""
    rows, columns = np.mgrid[: celsius.shape[0], : celsius.shape[1]]
    square = (columns - x) ** 2 + (rows - y) ** 2
    return np.asarray(celsius + hotter_k * np.exp(-square * 4 * np.log(2) / size_px**2), np.float32)


def near(spots: list[HotSpot], x: int, y: int, within: int = 4) -> list[HotSpot]:
    return [spot for spot in spots if abs(spot.peak_x - x) <= within and abs(spot.peak_y - y) <= within]


class TestWhatIsFound:
    @pytest.mark.parametrize("hotter_k", [10, 30, 60])
    @pytest.mark.parametrize("size_px", [5, 10, 20])
    def test_a_hot_joint(self, hotter_k: float, size_px: float) -> None:
        spots = find_hotspots(with_joint(scene(), 333, 222, hotter_k, size_px))

        assert len(spots) == 1
        assert near(spots, 333, 222)
        assert abs(spots[0].max_c - spots[0].surroundings_c - hotter_k) < 1

    def test_a_single_pixel(self) -> None:
        celsius = scene()
        celsius[101, 203] = 45.5

        (spot,) = find_hotspots(celsius)

        assert (spot.x, spot.y, spot.width, spot.height) == (203, 101, 1, 1)
        assert (spot.peak_x, spot.peak_y, spot.max_c) == (203, 101, 45.5)

    def test_a_joint_at_the_corner(self) -> None:
        assert near(find_hotspots(with_joint(scene(), 0, 511, 40)), 0, 511)

    def test_two_joints_side_by_side_are_two(self) -> None:
        celsius = with_joint(with_joint(scene(), 300, 200, 40), 324, 200, 15)

        spots = find_hotspots(celsius)

        assert near(spots, 300, 200)
        assert near(spots, 324, 200)

    def test_a_joint_cooler_than_a_large_machine_elsewhere(self) -> None:
        celsius = scene()
        celsius[250:, 300:] += 60
        celsius = with_joint(celsius, 100, 100, 30)

        spots = find_hotspots(celsius)

        assert near(spots, 100, 100)

    def test_surroundings_do_not_move_with_something_hot_elsewhere(self) -> None:
        celsius = with_joint(scene(), 100, 100, 30)
        crowded = celsius.copy()
        crowded[250:, 300:] += 60

        alone = near(find_hotspots(celsius), 100, 100)[0]
        among = near(find_hotspots(crowded), 100, 100)[0]

        assert among.surroundings_c == pytest.approx(alone.surroundings_c, abs=0.2)

    def test_the_strongest_comes_first_and_the_limit_holds(self) -> None:
        celsius = scene()
        for i, hotter_k in enumerate((5, 10, 20, 40, 80)):
            celsius = with_joint(celsius, 60 + 100 * i, 60 + 50 * i, hotter_k)

        spots = find_hotspots(celsius, limit=3)

        assert [round(spot.peak_x, -1) for spot in spots] == [460, 360, 260]
        assert [spot.score for spot in spots] == sorted((spot.score for spot in spots), reverse=True)

    def test_a_frame_whose_sides_are_no_multiple_of_four(self) -> None:
        celsius = scene(41, 26)
        celsius[40, 25] = 50

        (spot,) = find_hotspots(celsius)

        assert (spot.peak_x, spot.peak_y, spot.max_c) == (25, 40, 50)


class TestWhatIsNotFound:
    @pytest.mark.parametrize("temperature_c", [-40.0, 20.0, 415.0])
    def test_one_temperature(self, temperature_c: float) -> None:
        assert find_hotspots(np.full((512, 640), temperature_c, np.float32)) == []

    @pytest.mark.parametrize("noise_k", [0.05, 0.5, 2.0, 10.0])
    def test_noise_however_strong(self, noise_k: float) -> None:
        celsius = np.random.default_rng(3).normal(20, noise_k, (512, 640)).astype(np.float32)

        assert find_hotspots(celsius) == []

    def test_less_than_the_detection_floor(self) -> None:
        assert find_hotspots(with_joint(scene(), 300, 200, 2.5)) == []

    def test_a_large_warm_shape_scores_far_below_a_joint(self) -> None:
        rows, columns = np.mgrid[:512, :640]
        shape = scene() + 5 * ((columns - 300) ** 2 + (rows - 250) ** 2 < 90**2)

        shapes = find_hotspots(shape.astype(np.float32))
        joint = find_hotspots(with_joint(scene(), 300, 250, 10))[0]

        assert max((spot.score for spot in shapes), default=0.0) < joint.score / 3


class TestMissingPixels:
    def test_nothing_known_is_nothing_found(self) -> None:
        assert find_hotspots(np.full((40, 50), np.nan, np.float32)) == []

    @pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
    def test_a_joint_is_found_beside_missing_pixels(self, missing: float) -> None:
        celsius = with_joint(scene(), 333, 222, 30)
        celsius[::7, ::5] = missing
        celsius[:, :100] = missing

        spots = find_hotspots(celsius)

        assert len(spots) == 1
        assert near(spots, 333, 222)

    def test_the_rim_of_what_is_missing_is_not_hot(self) -> None:
        celsius = scene()
        celsius[300:] += 40
        celsius[280:310, 100:300] = np.nan

        assert find_hotspots(celsius) == []


frames = npst.arrays(
    np.float32,
    npst.array_shapes(min_dims=2, max_dims=2, max_side=40),
    elements=st.floats(-60, 600, width=32) | st.just(float("nan")),
    fill=st.floats(-20, 60, width=32),
)


@given(frames)
@settings(deadline=None)
def test_every_find_lies_in_the_frame_and_tells_its_hottest_pixel_exactly(celsius: Celsius) -> None:
    for spot in find_hotspots(celsius):
        assert 0 <= spot.x <= spot.peak_x < spot.x + spot.width <= celsius.shape[1]
        assert 0 <= spot.y <= spot.peak_y < spot.y + spot.height <= celsius.shape[0]
        assert celsius[spot.peak_y, spot.peak_x] == np.float32(spot.max_c)
        assert spot.max_c - spot.surroundings_c >= 3


@given(frames)
@settings(deadline=None)
def test_the_same_frame_gives_the_same_finds_and_is_left_as_it_was(celsius: Celsius) -> None:
    before = celsius.copy()

    assert find_hotspots(celsius) == find_hotspots(before)
    assert np.array_equal(celsius, before, equal_nan=True)


def test_the_hottest_real_frame_keeps_its_415_degrees() -> None:
    path = Path(os.environ.get("CANAIRY_TEST_DATA", ""), "substation-radiometric", "radiometric", "sub_437.png")
    if not path.exists():
        pytest.skip("CANAIRY_TEST_DATA names no folder with substation-radiometric in it")
    raw = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))

    spots = find_hotspots((raw / 10 - 100).astype(np.float32))

    assert spots[0].max_c == 415.0
