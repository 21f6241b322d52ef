"""Is a camera well? Live, silent, frozen, black, failed, finished."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.fault import CameraFault, FaultKind
from canairy.site.model import Camera
from services.ingest.picture import Picture, examine
from services.ingest.sight import Sight
from services.ingest.watch import CameraWatch
from tests.helpers.ingest import NOON, SCALE_K, after, camera, picture

LIVE, SILENT, FROZEN = CameraState.LIVE, CameraState.SILENT, CameraState.FROZEN
BLACK, FAILED, FINISHED = CameraState.BLACK, CameraState.FAILED, CameraState.FINISHED


def watched(source: str = "rtsp://camera") -> CameraWatch:
    return CameraWatch("test-ss", Camera.model_validate(camera("cam-03", source, silent_after="5s")), NOON)


def seen(seed: int) -> Picture:
    return examine(picture(seed), SCALE_K, 0.0)


def covered(seed: int) -> Picture:
    """A closed shutter: one temperature, and 50 mK of noise."""
    noise = np.random.default_rng(seed).normal(0, 5, (48, 64))
    return examine(np.rint(29315 + noise).astype(np.uint16), SCALE_K, 0.0)


def status(watch: CameraWatch, seconds: float) -> CameraStatus:
    report = watch.report(after(seconds))
    assert report is not None, "no report was due"
    return report.status


def test_a_camera_is_live_from_its_first_frame_on() -> None:
    watch = watched()
    before = status(watch, 0)

    watch.saw(seen(1), after(1))

    assert (before.state, before.reason) == (CameraState.UNKNOWN, "cam-03: waiting for the first frame")
    live = status(watch, 1)
    assert (live.state, live.since, live.frames, live.reason) == (LIVE, after(1), 1, "")


def test_silence_is_told_with_its_length_and_the_last_frame() -> None:
    watch = watched()
    watch.saw(seen(1), after(11))
    status(watch, 11)

    assert status(watch, 16).state is LIVE
    silent = status(watch, 31)

    assert (silent.state, silent.since) == (SILENT, after(31))
    assert silent.reason == "cam-03: no frame for 20 s (last 12:00:11Z)"


def test_a_camera_that_never_spoke_is_silent_too() -> None:
    silent = status(watched(), 8)

    assert (silent.state, silent.reason) == (SILENT, "cam-03: no frame for 8 s (none since the start)")


def test_a_silent_camera_that_returns_is_live_at_once() -> None:
    watch = watched()
    status(watch, 20)

    watch.saw(seen(1), after(21))

    assert status(watch, 21).state is LIVE


def test_five_frames_that_are_the_same_to_the_bit_are_frozen_and_a_new_one_is_not() -> None:
    watch = watched()
    states = []
    for second in range(6):
        watch.saw(seen(1), after(second))
        states.append(watch.state)

    assert states == [LIVE] * 4 + [FROZEN] * 2
    assert status(watch, 5).reason == "cam-03: the last 6 frames are the same to the bit. Restart it"
    watch.saw(seen(2), after(6))
    assert watch.state is LIVE


def test_a_recording_may_repeat_itself_and_pause() -> None:
    watch = watched("folder:/recordings")
    for second in range(9):
        watch.saw(seen(1), after(second))

    assert status(watch, 9999).state is LIVE


def test_a_shutter_that_closes_for_two_frames_is_no_failure_but_for_three_it_is() -> None:
    watch = watched()
    states = []
    for second in range(3):
        watch.saw(covered(second), after(second))
        states.append(watch.state)

    assert states == [LIVE, LIVE, BLACK]
    assert status(watch, 2).reason.startswith("cam-03: it shows nothing: pixels within 0.2")
    watch.saw(seen(1), after(3))
    assert watch.state is LIVE


@pytest.mark.parametrize("count", [0, 29315, 65534])
def test_a_picture_of_one_value_is_black_rather_than_frozen(count: int) -> None:
    watch = watched()
    for second in range(6):
        watch.saw(examine(np.full((48, 64), count, np.uint16), SCALE_K, 0.0), after(second))

    assert watch.state is BLACK


def glaring(seed: int, share: float, top: int = 16383) -> Picture:
    """So much of the picture is at the top of a 14-bit sensor's range."""
    counts = picture(seed) // 4
    counts[: round(48 * share)] = top
    return examine(counts, 0.04, 0.0)


def test_three_frames_mostly_at_the_top_of_their_range_are_saturated_whatever_the_top_is() -> None:
    watch, states = watched(), []
    for second in range(3):
        watch.saw(glaring(second, 0.6), after(second))
        states.append(watch.state)

    assert states == [LIVE, LIVE, CameraState.SATURATED]
    assert status(watch, 2).reason.startswith("cam-03: 67% of the picture are at the top of its range, 382 degC, in 3 ")
    watch.saw(glaring(4, 0.2), after(3))
    assert watch.state is LIVE


def test_a_picture_that_is_all_at_the_last_count_is_saturated_rather_than_black() -> None:
    watch = watched()
    for second in range(3):
        watch.saw(examine(np.full((48, 64), 65535, np.uint16), SCALE_K, 0.0), after(second))

    assert watch.state is CameraState.SATURATED


def test_frames_without_noise_of_their_own_are_frozen_and_it_says_so() -> None:
    watch = watched()
    watch.saw(seen(1), NOON, Sight(quiet_frames=4))
    assert watch.state is LIVE

    watch.saw(seen(2), after(1), Sight(quiet_frames=5))

    frozen = status(watch, 1)
    assert frozen.state is FROZEN
    assert frozen.reason.startswith("cam-03: the last 5 frames have no noise of their own")


def test_a_fault_that_comes_or_goes_is_reported_at_once_and_its_words_alone_are_not() -> None:
    watch = watched()
    watch.saw(seen(1), NOON)
    status(watch, 0)
    moved = CameraFault(FaultKind.MOVED, "bay-1", after(1), "moved 31 px")

    watch.faults((moved,))
    came = watch.report(after(1))
    watch.faults((replace(moved, reason="moved 32 px"),))
    reworded = watch.report(after(2))
    watch.faults(())
    went = watch.report(after(3))

    assert came is not None
    assert (came.changed, came.status.faults) == (True, (moved,))
    assert reworded is None
    assert went is not None
    assert (went.changed, went.status.faults) == (True, ())


def test_that_a_fault_is_over_is_known_after_a_while_only() -> None:
    watch = watched()
    watch.saw(seen(1), NOON)

    assert not status(watch, 0).faults_known
    assert status(watch, 80).faults_known


def test_a_failure_keeps_its_reason_while_no_frame_comes() -> None:
    watch = watched()
    watch.saw(seen(1), NOON)
    watch.failed("connection refused", after(1))

    failed = status(watch, 60)

    assert (failed.state, failed.since, failed.reason) == (FAILED, after(1), "cam-03: connection refused")


def test_a_recording_that_was_read_to_its_end_is_well_and_goes_on_with_new_files() -> None:
    watch = watched("folder:/recordings")
    watch.saw(seen(1), NOON)
    watch.finished(after(1))
    finished = status(watch, 2)
    watch.saw(seen(2), after(3))

    assert (finished.state, finished.reason) == (FINISHED, "cam-03: read to its end, 1 frames")
    assert finished.state.healthy
    assert status(watch, 3).state is LIVE


def test_a_change_is_reported_at_once_and_a_heartbeat_every_five_seconds() -> None:
    watch = watched()
    watch.saw(seen(1), NOON)
    reports = {}
    for tenth in range(130):
        watch.saw(seen(tenth), after(tenth / 10))
        if (report := watch.report(after(tenth / 10))) is not None:
            reports[tenth / 10] = report.changed

    assert reports == {0.0: True, 5.0: False, 10.0: False}


def test_a_clock_that_was_set_back_does_not_stop_the_heartbeat() -> None:
    watch = watched()
    status(watch, 0)

    assert watch.report(after(-3600)) is not None


@given(st.lists(st.tuples(st.sampled_from(["frame", "blank", "fail", "end"]), st.integers(0, 30)), max_size=40))
def test_whatever_happened_a_good_frame_makes_it_live_and_silence_makes_it_unwell(
    story: list[tuple[str, int]],
) -> None:
    watch, second = watched(), 0
    for number, (what, passed) in enumerate(story):
        second += passed
        match what:
            case "frame":
                watch.saw(seen(number), after(second))
            case "blank":
                watch.saw(covered(number), after(second))
            case "fail":
                watch.failed("no route", after(second))
            case "end":
                watch.finished(after(second))
        watch.report(after(second))
        assert watch.state is not SILENT or what not in {"frame", "blank"}
    watch.saw(seen(1000), after(second))
    assert watch.state is LIVE
    watch.report(after(second + 6))
    assert watch.state is SILENT
