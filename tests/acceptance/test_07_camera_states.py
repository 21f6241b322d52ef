"""The camera is an asset too: on a running stack, simulated cameras to each of which one thing happens."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from canairy import topics
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.reading import Reading
from canairy.messages.thermogram import KELVIN
from canairy.simulator.ill import HOT_PX, ILL, SWUNG_PX
from canairy.simulator.scene import SCALE_K, Scene
from tests.acceptance.helpers.ill_cameras import HEAD, write_site
from tests.acceptance.helpers.log import Event, kinds
from tests.acceptance.helpers.stack import RunningStack, running

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The stack, as long as these stories take: three minutes."""
    folder = tmp_path_factory.mktemp("ill")
    site = write_site(folder / "site")
    # Of two cameras detections are asked for; of the others, no pixels are kept here.
    with running(site, folder / "data", [it.id for it in ILL.cameras if it.id not in {"touring", "swung"}]) as up:
        yield up
    shutil.rmtree(folder, ignore_errors=True)


def story(ill: RunningStack, point: str, *wanted: str) -> list[Event]:
    """The events of a point once all that is wanted has happened."""
    ill.until(lambda: len(ill.log.events(point)) >= len(wanted), f"{', '.join(wanted)} of {point}")
    events = ill.log.events(point)
    assert kinds(events) == list(wanted)
    return events


def states(ill: RunningStack, camera: str) -> list[CameraState]:
    """The states of a camera in order, each once in a row."""
    told = [CameraStatus.decode(it.value or b"").state for it in ill.log.records(topics.CAMERAS, camera)]
    return [state for number, state in enumerate(told) if number == 0 or state is not told[number - 1]]


def readings(ill: RunningStack, asset: str) -> list[Reading]:
    return [Reading.decode(it.value or b"") for it in ill.log.records(topics.READINGS, asset)]


def meanwhile(ill: RunningStack, asset: str, raised: Event) -> list[Reading]:
    """The readings of the first 25 s of what lasts 35 s."""
    begin = moment(raised)
    return [it for it in readings(ill, asset) if begin <= it.header.captured_at < begin + timedelta(seconds=25)]


def moment(event: Event, name: str = "since") -> datetime:
    return datetime.fromisoformat(event["data"][name])


def mean_c(camera: str, second: float) -> float:
    """Of the head's region as it was drawn, in what the simulated camera sees."""
    script = ILL.camera(camera)
    assert script is not None
    (left, top), (right, _), (_, bottom), _ = HEAD
    return float(Scene(script).render(second)[top : bottom + 1, left : right + 1].mean()) * SCALE_K - KELVIN


def holds(region: Region, x: float, y: float) -> bool:
    crop = region.crop
    return crop is not None and region.x <= x < region.x + crop.width and region.y <= y < region.y + crop.height


def quiet(ill: RunningStack, *points: str) -> bool:
    return not any(ill.log.events(point) for point in points)


def test_a_view_that_moved_past_its_limit_is_one_alarm_without_readings_and_returns(ill: RunningStack) -> None:
    raised, returned = story(ill, "knocked-bay", "moved raised", "moved returned")

    assert raised["data"]["reason"] == "moved 62 px, regions follow 24 px"
    assert raised["data"]["response"] == "turn the camera back, or teach the view again"
    assert meanwhile(ill, "knocked-bay-head", raised) == []
    over = datetime.fromisoformat(returned["time"])
    ill.until(lambda: readings(ill, "knocked-bay-head")[-1].header.captured_at > over, "readings again")
    assert quiet(ill, "knocked", "knocked-bay-head", "knocked-bay-base")


def test_regions_follow_a_small_shift_and_measure_what_they_measured(ill: RunningStack) -> None:
    def shifted() -> list[Reading]:
        return [it for it in readings(ill, "nudged-bay-head") if it.header.shift is not None]

    ill.until(lambda: len(shifted()) >= 5, "readings of the view that shifted")

    before = [it for it in readings(ill, "nudged-bay-head") if it.header.shift is None]
    left, right = before[-1].temperatures, shifted()[-1].temperatures
    assert left is not None
    assert right is not None
    assert right.mean_c == pytest.approx(left.mean_c, abs=0.1)
    assert right.max_c == pytest.approx(left.max_c, abs=0.3)
    # Where the region was drawn, there is something else now.
    assert abs(mean_c("nudged", 30.0) - mean_c("nudged", 0.0)) > 0.3
    assert quiet(ill, "nudged", "nudged-bay", "nudged-bay-head")


def test_a_fixed_camera_that_shows_something_else_is_an_alarm_of_its_view_without_readings(ill: RunningStack) -> None:
    raised, _ = story(ill, "turned-bay", "unmatched raised", "unmatched returned")

    assert raised["data"]["reason"].startswith("the picture is not of this view")
    assert meanwhile(ill, "turned-bay-head", raised) == []
    assert quiet(ill, "turned", "turned-bay-head")


def test_fog_makes_readings_lower_bounds_and_is_an_alarm_of_the_view(ill: RunningStack) -> None:
    raised, _ = story(ill, "fogged-bay", "reads_low raised", "reads_low returned")

    foggy = meanwhile(ill, "fogged-bay-head", raised)
    assert len(foggy) > 10
    assert all("reads_low" in it.header.flags and it.lower_bound for it in foggy)
    assert raised["data"]["reason"].endswith("rain, fog or a dirty window")


def test_what_stands_before_a_part_of_a_view_leaves_its_assets_out_and_no_others(ill: RunningStack) -> None:
    raised, _ = story(ill, "parked-bay", "occluded raised", "occluded returned")

    hidden, free = (meanwhile(ill, f"parked-bay-{name}", raised) for name in ("base", "head"))
    assert hidden
    assert all(it.temperatures is None for it in hidden)
    assert free
    assert all(it.temperatures is not None for it in free)
    assert kinds(story(ill, "parked-bay-base", "coverage raised", "coverage returned")[:1]) == ["coverage raised"]


@pytest.mark.parametrize(("camera", "flag", "frames"), [("shut", "shutter", 2), ("switched", "range_switch", 2)])
def test_frames_of_a_shutter_and_of_a_range_switch_are_counted_and_measured_by_nobody(
    ill: RunningStack, camera: str, flag: str, frames: int
) -> None:
    skipped = "canairy_ingest_skipped_total"
    ill.until(lambda: ill.metric("ingest", skipped, camera=camera, reason=flag) >= frames, "the skipped frames")
    last = readings(ill, f"{camera}-bay-head")[-1].header.captured_at
    ill.until(
        lambda: readings(ill, f"{camera}-bay-head")[-1].header.captured_at > last + timedelta(seconds=5),
        "readings after them",
    )

    assert ill.metric("ingest", skipped, camera=camera) == frames
    assert not any(flag in it.header.flags for it in readings(ill, f"{camera}-bay-head"))
    levels = [it.temperatures.max_c for it in readings(ill, f"{camera}-bay-head") if it.temperatures is not None]
    assert min(levels) > 10
    assert quiet(ill, camera, f"{camera}-bay", f"{camera}-bay-head", f"{camera}-bay-base")


def test_a_camera_that_hangs_while_its_printed_clock_goes_on_is_frozen(ill: RunningStack) -> None:
    raised, _ = story(ill, "hung", "coverage raised", "coverage returned")

    assert raised["data"]["reason"] == "camera frozen"
    assert states(ill, "hung")[:3] == [CameraState.LIVE, CameraState.FROZEN, CameraState.LIVE]
    assert quiet(ill, "hung-bay", "hung-bay-head")


def test_a_camera_that_falls_silent_is_one_alarm_and_returns(ill: RunningStack) -> None:
    raised, returned = story(ill, "mute", "coverage raised", "coverage returned")

    assert raised["data"]["reason"] == "camera silent"
    assert returned["data"]["reason"] == "the camera is back"
    assert states(ill, "mute")[:3] == [CameraState.LIVE, CameraState.SILENT, CameraState.LIVE]
    assert quiet(ill, "mute-bay", "mute-bay-head", "mute-bay-base")


def test_a_camera_whose_lens_is_covered_is_black_and_what_it_shows_is_a_lower_bound(ill: RunningStack) -> None:
    raised, _ = story(ill, "covered", "coverage raised", "coverage returned")

    assert raised["data"]["reason"] == "camera black"
    dark = meanwhile(ill, "covered-bay-head", raised)
    assert dark
    assert all("reads_low" in it.header.flags and it.lower_bound for it in dark)
    assert "reads_low" not in readings(ill, "covered-bay-head")[-1].header.flags
    assert quiet(ill, "covered-bay", "covered-bay-head", "covered-bay-base")


def test_a_camera_that_stands_at_none_of_its_views_is_unmatched_and_nothing_is_measured(ill: RunningStack) -> None:
    raised, _ = story(ill, "lost", "coverage raised", "coverage returned")

    assert raised["data"]["reason"].startswith("camera unmatched: it shows none of its views (lost-one, lost-two)")
    assert meanwhile(ill, "lost-one-head", raised) == []
    assert readings(ill, "lost-two-head") == []
    # Its other view is one that it never shows.
    assert quiet(ill, "lost-one", "lost-one-head", "lost-one-base")


def test_a_find_follows_its_view_and_keeps_its_name_and_its_alarm(ill: RunningStack) -> None:
    def names(shifted: bool) -> list[str]:
        """Of what was found at the hot place, frame by frame, before and after the view shifted."""
        told = [Detections.decode(it.value or b"") for it in ill.log.records(topics.DETECTIONS, "swung") if it.value]
        dx, dy = SWUNG_PX if shifted else (0.0, 0.0)
        at = HOT_PX[0] + dx, HOT_PX[1] + dy
        return [
            it.asset
            for one in told
            if (one.header.shift is not None) is shifted
            for it in one.regions
            if it.kind is RegionKind.HOT_SPOT and not it.unseen and holds(it, *at)
        ]

    ill.until(lambda: len(names(shifted=True)) >= 5, "the find in the view that shifted")

    (name,) = set(names(shifted=False))
    assert set(names(shifted=True)) == {name}
    assert kinds(ill.log.events(name)) == ["hot_spot raised"]


def test_a_camera_that_is_blinded_is_saturated_and_says_so(ill: RunningStack) -> None:
    raised, _ = story(ill, "glaring", "coverage raised", "coverage returned")

    assert raised["data"]["reason"].startswith("camera saturated: 61% of the picture are at the top of its range")
    assert raised["data"]["response"].startswith("look what shines into camera glaring")
    assert meanwhile(ill, "glaring-bay-head", raised) == []


def test_a_camera_on_tour_is_measured_at_the_view_that_it_shows_and_not_on_its_way(ill: RunningStack) -> None:
    ill.until(lambda: len(states(ill, "touring")) >= 8, "the tour there and back")

    live, moving, unsettled = CameraState.LIVE, CameraState.MOVING, CameraState.UNSETTLED
    assert states(ill, "touring")[:8] == [unsettled, live, moving, unsettled, live, moving, unsettled, live]
    assert readings(ill, "touring-two-head")
    flags = {
        flag for name in ("one", "two") for it in readings(ill, f"touring-{name}-head") for flag in it.header.flags
    }
    assert flags == set()
    seen = [Detections.decode(it.value or b"") for it in ill.log.records(topics.DETECTIONS, "touring") if it.value]
    assert not any(it.regions for it in seen if it.header.unfit)


def test_a_camera_whose_patch_shows_other_than_its_temperature_has_drifted_until_it_shows_it_again(
    ill: RunningStack,
) -> None:
    raised, returned = story(ill, "drifting-bay", "drift raised", "drift returned")

    assert moment(returned, "captured_at") - moment(raised) > timedelta(seconds=60)
    assert raised["data"]["reason"].startswith("the reference patch shows ")
    assert raised["data"]["response"].startswith("have the camera calibrated")


def test_a_camera_many_of_whose_frames_cannot_be_used_is_an_alarm_and_returns(ill: RunningStack) -> None:
    raised, _ = story(ill, "garbled", "decoding raised", "decoding returned")

    assert raised["data"]["reason"].startswith("5 of its last ")
    assert raised["data"]["response"] == "check the camera's stream format, cabling and firmware"


def test_a_camera_with_a_wrong_clock_is_an_alarm_until_it_is_right_and_its_readings_have_our_time(
    ill: RunningStack,
) -> None:
    raised, _ = story(ill, "late", "clock_wrong raised", "clock_wrong returned")

    assert raised["data"]["reason"].startswith("the camera's clock is 90 s ahead of ours")
    wrong = meanwhile(ill, "late-bay-head", raised)
    assert wrong
    assert all("clock_corrected" in it.header.flags for it in wrong)
    assert "clock_corrected" not in readings(ill, "late-bay-head")[-1].header.flags


def test_the_camera_to_which_nothing_happens_is_told_of_by_nobody(ill: RunningStack) -> None:
    story(ill, "drifting-bay", "drift raised", "drift returned")  # the last of all stories

    assert quiet(ill, "well", "well-bay", "well-bay-head", "well-bay-base")
    assert {it.header.flags for it in readings(ill, "well-bay-head")} == {()}
    assert states(ill, "well") == [CameraState.LIVE]


def test_its_reference_is_kept_where_ingest_keeps_its_files(ill: RunningStack) -> None:
    kept = {path.name.split(".")[1] for path in Path(ill.data).rglob("references/*.tiff")}

    assert {"well-bay", "nudged-bay", "knocked-bay"} <= kept
    assert not any(name.startswith(("touring", "lost")) for name in kept)
