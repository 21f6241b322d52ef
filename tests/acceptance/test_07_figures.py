"""The committed figures of thermal files: each is recomputed from what it was made of, and keeps its limit.

`python -m benchmarks.thermal` measures them; what is tested here is what it left in benchmarks/results.json.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from benchmarks.results import RESULTS, read_results
from tests.acceptance.test_05_figures import Measured

KEYS = (
    "moved",
    "moved_corner_px",
    "palette",
    "palette_error_share",
    "rjpeg",
    "rjpeg_over_flyr",
    "thermal_over_others",
)


@pytest.fixture(scope="module")
def results() -> Measured:
    """What the last measurement left."""
    return Measured(read_results())


def test_the_figures_stand_with_the_processor_the_load_and_the_peers_they_were_measured_with(results: Measured) -> None:
    assert results["thermal_machine"].keys() >= {"cpu", "cores", "python", "packages", "load_average_before"}
    assert [it.partition("==")[0] for it in results["rjpeg"]["peers"]] == ["flyr", "pandas"]


@pytest.mark.parametrize("key", KEYS)
def test_every_figure_is_explained(key: str) -> None:
    page = (Path(RESULTS).parent / "README.md").read_text(encoding="utf-8")

    assert f"`{key}`" in page


def test_a_radiometric_jpeg_becomes_temperatures_twice_as_fast_as_with_flyr(results: Measured) -> None:
    told = results["rjpeg"]["rjpeg"]
    ours, theirs = (sum(it[which] for it in told["files_ms"].values()) for which in (0, 1))

    assert told["files"] == len(told["files_ms"]) == 27
    assert results["rjpeg_over_flyr"] == pytest.approx(theirs / ours, rel=0.02)
    assert results["rjpeg_over_flyr"] >= 2
    # Not only on average: the slowest beside flyr's, too.
    assert min(theirs / ours for ours, theirs in told["files_ms"].values()) >= 2


def test_a_frame_of_640x512_is_looked_up_in_about_a_millisecond(results: Measured) -> None:
    assert results["rjpeg"]["lookup_640x512"]["frame_ms"] <= 1.5


def test_other_formats_are_told_against_opencv_and_pandas(results: Measured) -> None:
    both = results["rjpeg"]["others_640x512"]

    assert both.keys() == results["thermal_over_others"].keys() == {"counts.tif", "counts.png", "frame.csv"}
    for name, (ours, theirs) in both.items():
        assert results["thermal_over_others"][name] == pytest.approx(theirs / ours, rel=0.02)


def test_temperatures_by_colours_are_within_two_percent_of_the_span_in_the_median(results: Measured) -> None:
    told = results["palette"]
    shares = told["shares"]

    assert told["estimated"] == len(shares) >= 0.99 * told["pictures"]
    assert results["palette_error_share"] == pytest.approx(median(shares), rel=0.02)
    assert results["palette_error_share"] <= 0.02
    assert told["rank_correlation"] > 0.98


def test_regions_hold_within_three_pixels_and_no_other_view_is_taken_for_the_same(results: Measured) -> None:
    told = results["moved"]

    assert len(told["corners_px"]) >= 27
    assert all(px is not None for px in told["corners_px"])
    assert results["moved_corner_px"] == max(told["corners_px"]) <= 3
    assert told["pairs_of_different_views"] == 9600
    assert told["taken_for_the_same"] == 0
    assert told["matched"] >= 0.97 * told["pairs_of_one_view"]
