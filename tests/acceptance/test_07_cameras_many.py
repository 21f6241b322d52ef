"""Issue 7, figures: sixteen cameras over RTSP and from folders keep their rate, and a frame costs what one's does."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cameras16 import IDLE, ONE_FOLDER, ONE_STREAM, PARTS, SIXTEEN, Run, figures, run
from benchmarks.results import read_results
from canairy.messages.header import UNFIT
from tests.acceptance.test_05_figures import Measured
from tests.helpers.rtsp_server import need_rtsp_server


@pytest.fixture(scope="module")
def results() -> Measured:
    """What the last measurement left."""
    return Measured(read_results())


def test_sixteen_cameras_over_rtsp_and_from_folders_each_keep_their_rate() -> None:
    need_rtsp_server()

    found = run(SIXTEEN, seconds=40, warm_up_s=15)

    print(f"frames in 40 s: {found.frames}, CPU {found.cpu_s} s, flags {found.flags}")
    assert len(found.frames) == 16
    assert found.kept >= 0.95
    assert not UNFIT.intersection(found.flags)


def test_a_frame_of_sixteen_cameras_costs_at_most_a_tenth_more_than_of_one(results: Measured) -> None:
    assert results["cameras_16_cpu_ratio"] <= 1.1
    # Nor does it where the one camera does not pay for what ingest does without a frame.
    assert results["cameras_16"]["cpu_ratio_without_idle"] <= 1.1


def test_each_of_the_sixteen_measured_kept_its_rate_and_was_watched_like_any_other(results: Measured) -> None:
    assert results["cameras_16_kept"] >= 0.95
    for told in runs(results["cameras_16"]):
        assert len(told.frames) == sum(PARTS[told.name])
        assert not UNFIT.intersection(told.flags)


def test_these_figures_follow_from_the_runs_of_one_and_of_sixteen(results: Measured) -> None:
    measured = results["cameras_16"]

    again = figures(runs(measured))

    assert {it.name for it in runs(measured)} == {IDLE, ONE_STREAM, ONE_FOLDER, SIXTEEN}
    assert all(it.seconds >= 60 for it in runs(measured))
    for key in ("cameras_16_cpu_ratio", "cameras_16_kept"):
        assert results[key] == again[key]
    assert {**again["cameras_16"], "machine": measured["machine"]} == measured


def runs(measured: dict[str, Any]) -> list[Run]:
    return [Run(**it) for it in measured["runs"]]
