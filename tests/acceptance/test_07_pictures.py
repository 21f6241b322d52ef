"""Real pseudo-colour pictures: bars found, temperatures estimated where the truth is known, wrong bars refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import palette as figures
from canairy.thermal.colour_bar import NoColourBar, find_colour_bar, read_colour_bar
from canairy.thermal.estimate import OtherPalette, Scale, estimate_temperatures
from canairy.thermal.palette import Picture

EVERY = 12  # one picture in so many; all of them are in benchmarks/palette.md


def picture(path: Path) -> Picture:
    return np.asarray(cv2.imread(str(path)), np.uint8)


def test_the_median_error_is_at_most_two_percent_of_the_span(test_data: Path) -> None:
    data = figures.scenes(test_data / figures.TRUTH)
    first = next(scene for scene in data if scene.name == figures.FIRST)
    palette = figures.learnt([scene for scene in data if scene.half == 0][::4], first)
    results = [figures.outcome(scene, palette) for scene in [scene for scene in data if scene.half == 1][::EVERY]]
    good = [result for result in results if result is not None]
    assert len(good) >= 0.8 * len(results)
    assert np.median([result.error_c / result.span_c for result in good]) <= 0.02
    assert np.median([result.ranks for result in good]) > 0.98


def test_real_bars_are_found_where_they_are(test_data: Path) -> None:
    paths = sorted((test_data / figures.BARS).glob("*.jpg"))[::EVERY]
    bars = [find_colour_bar(picture(path)) for path in paths]
    assert sum(figures.in_place(bar) for bar in bars) >= len(bars) - 1


def test_a_scene_without_a_bar_is_refused_by_name(test_data: Path) -> None:
    with pytest.raises(NoColourBar, match="no colour bar in the picture"):
        find_colour_bar(picture(test_data / figures.TRUTH / "pseudocolor" / "sub_003.jpg"))


def test_a_mean_by_colours_is_the_mean_that_the_camera_printed(test_data: Path) -> None:
    # Read from the picture by eye: scale 4.4 to 13.9, mean 9.1 degC.
    drawn = picture(test_data / figures.BARS / "local_00_0__1.jpg")
    bar = find_colour_bar(drawn)
    estimate = estimate_temperatures(drawn, bar.palette, Scale(4.4, 13.9))
    assert float(np.nanmean(estimate.celsius)) == pytest.approx(9.1, abs=0.02 * 9.5)


def test_a_picture_that_its_own_bar_did_not_paint_gets_no_degrees(test_data: Path) -> None:
    drawn = picture(test_data / figures.BARS / "local_06_1__2.jpg")
    bar = read_colour_bar(drawn, *figures.REAL_BAR)
    with pytest.raises(OtherPalette):
        estimate_temperatures(drawn, bar.palette, Scale(10.9, 20.4))
