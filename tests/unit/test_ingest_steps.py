"""Shutter frames and range switches: flagged, two in a row at most, and the frames around them are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.header import RANGE_SWITCH, SHUTTER
from services.ingest.grid import grid_of
from services.ingest.picture import examine
from services.ingest.steps import MOST_OF_BOTH, StepWatch
from tests.helpers.ingest import after

Counts = npt.NDArray[np.uint16]
SHAPE = (96, 128)


def scene(seed: int, warmer_k: float = 0.0, scale_k: float = 0.01) -> Counts:
    """Two warm bars before a cold wall."""
    kelvin = np.full(SHAPE, 290.0)
    kelvin[:, 20:40] += 20
    kelvin[:, 80:100] += 12
    kelvin += warmer_k + np.random.default_rng(seed).normal(0, 0.05, SHAPE)
    return np.rint(kelvin / scale_k).astype(np.uint16)


def shut(seed: int) -> Counts:
    return np.rint((296 + np.random.default_rng(seed).normal(0, 0.05, SHAPE)) / 0.01).astype(np.uint16)


def blurred(seed: int) -> Counts:
    """The bars, melted into the wall."""
    kernel = np.ones(61) / 61
    kelvin = scene(seed) * 0.01
    wide = np.apply_along_axis(lambda row: np.convolve(np.pad(row, 30, "edge"), kernel, "valid"), 1, kelvin)
    return np.rint(wide / 0.01).astype(np.uint16)


class Story:
    def __init__(self) -> None:
        self.watch = StepWatch()
        self.second = 0.0

    def saw(self, counts: Counts, scale_k: float = 0.01, passed_s: float = 1.0) -> str | None:
        self.second += passed_s
        picture, grid = examine(counts, scale_k, 0.0), grid_of(counts, scale_k, 0.0)
        return self.watch.saw(picture, grid, (scale_k, 0.0), after(self.second))


def begun() -> Story:
    story = Story()
    assert [story.saw(scene(seed)) for seed in range(5)] == [None] * 5
    return story


def test_one_or_two_flat_frames_are_a_shutter_and_the_third_is_believed() -> None:
    story = begun()

    assert [story.saw(shut(seed)) for seed in range(3)] == [SHUTTER, SHUTTER, None]


def test_frames_after_a_shutter_are_as_before_it() -> None:
    story = begun()
    story.saw(shut(1))

    assert story.saw(scene(9)) is None


def test_a_blurred_frame_is_a_shutter_too() -> None:
    story = begun()

    assert story.saw(blurred(1)) == SHUTTER
    assert story.saw(scene(9)) is None


def test_edges_that_are_gone_with_something_hot_are_no_shutter() -> None:
    story, hot = Story(), np.zeros(SHAPE, np.uint16)
    hot[30:60, 50:70] = 6000

    told = [story.saw(scene(seed) + hot) for seed in range(5)]

    assert [*told, story.saw(scene(9)), story.saw(scene(10) + hot)] == [None] * 7


def test_a_calibration_that_moves_all_pixels_costs_the_first_frame_of_the_new_level() -> None:
    story = begun()
    told = [story.saw(shut(1)), story.saw(scene(2, 1.6)), story.saw(scene(3, 1.6)), story.saw(scene(4, 1.6))]

    assert told == [SHUTTER, RANGE_SWITCH, None, None]


@pytest.mark.parametrize("jump_k", [-3.0, 3.0, 40.0])
def test_a_jump_of_all_pixels_is_a_range_switch_there_and_back(jump_k: float) -> None:
    story = begun()

    told = [story.saw(scene(9, jump)) for jump in (jump_k, jump_k, 0.0, 0.0)]

    assert told == [RANGE_SWITCH, None, RANGE_SWITCH, None]


def test_a_change_of_scale_is_a_range_switch_even_where_temperatures_agree() -> None:
    story = begun()

    assert story.saw(scene(9, scale_k=0.04), 0.04) == RANGE_SWITCH
    assert story.saw(scene(10, scale_k=0.04), 0.04) is None


def test_a_camera_that_sends_every_frame_on_a_scale_of_its_own_is_believed() -> None:
    story = begun()

    told = [story.saw(scene(n, scale_k=0.01 + n / 1000), 0.01 + n / 1000) for n in range(1, 7)]

    assert told == [RANGE_SWITCH, RANGE_SWITCH, None, None, None, None]


def test_equipment_that_warms_fast_is_no_range_switch() -> None:
    story = begun()
    hot = scene(9)
    hot[:, 20:100] += 4000

    assert story.saw(hot) is None


def test_frames_far_apart_in_time_may_be_on_another_level() -> None:
    story = begun()

    assert story.saw(scene(9, 8.0), passed_s=3600) is None


@given(st.lists(st.sampled_from(["scene", "shut", "blurred", "jump", "scale"]), max_size=25))
def test_whatever_comes_no_more_than_four_frames_in_a_row_are_kept_from_measuring(frames: list[str]) -> None:
    story, level_k, scale_k = begun(), 0.0, 0.01
    in_a_row = 0
    for seed, what in enumerate([*frames, *["scene"] * 8]):
        level_k += 5.0 if what == "jump" else 0.0
        scale_k += 0.001 if what == "scale" else 0.0
        closed = {"shut": shut, "blurred": blurred}.get(what)
        told = story.saw(scene(seed, level_k, scale_k), scale_k) if closed is None else story.saw(closed(seed))
        in_a_row = 0 if told is None else in_a_row + 1
        assert in_a_row <= MOST_OF_BOTH
    assert in_a_row == 0
