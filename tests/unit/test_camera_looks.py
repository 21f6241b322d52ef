"""What a camera sees of its view: simulated cameras, to each of which one thing happens, frame by frame.

Twice a second, in the time of the script; no test waits. Where the story is about a real stack: test_07_camera_states.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.fault import FaultKind
from canairy.messages.header import (
    CAMERA_MOVING,
    CAMERA_SATURATED,
    CAMERA_UNSETTLED,
    RANGE_SWITCH,
    READS_LOW,
    SHUTTER,
    VIEW_MOVED,
    VIEW_UNMATCHED,
    FrameHeader,
)
from canairy.messages.measurement import Measurement
from canairy.messages.shift import Shift
from canairy.simulator.demo import YARD
from canairy.simulator.ill import BEGINS_S, DRIFT_ENDS_S, DRIFT_K, ELSEWHERE, ENDS_S, ILL
from canairy.simulator.mishap import Fog, Knocked, yard_counts
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.simulator.script import CameraScript
from canairy.site.watched import ReferencePatch
from services.ingest.drift import PatchWatch
from services.ingest.grid import Kelvin
from services.ingest.overlay import NOTHING
from services.ingest.shelf import MemoryShelf
from services.ingest.source import RawFrame, Unreadable, nothing
from services.ingest.view_look import LEAST_KNOWN, Looking
from tests.helpers.ingest import after, frames, handler_of, site_of, statuses

RATE_HZ = 2.0
PATCH = ((300, 300), (339, 300), (339, 339), (300, 339))


def yard(picture: tuple[int, int] = YARD) -> Kelvin:
    return yard_counts(*picture) * np.float32(SCALE_K)


def in_kelvin(counts: npt.NDArray[np.uint16]) -> Kelvin:
    return counts * np.float32(SCALE_K) + np.float32(OFFSET_K)


@dataclass
class Film:
    """What ingest made of a camera: headers of frames by second, and states where they changed."""

    headers: dict[float, FrameHeader] = field(default_factory=dict)
    told: list[CameraStatus] = field(default_factory=list)

    def flags(self, second: float) -> tuple[str, ...]:
        return self.headers[second].flags

    def seconds(self, flag: str) -> tuple[float, float] | None:
        """The first and the last second whose frame has a flag."""
        having = [second for second, header in self.headers.items() if flag in header.flags]
        return (having[0], having[-1]) if having else None

    def fault(self, kind: FaultKind) -> tuple[datetime, datetime | None] | None:
        """When a fault was told first, and when its end was."""
        begun = next((it.at for it in self.told if kind in _kinds(it)), None)
        if begun is None:
            return None
        return begun, next((it.at for it in self.told if it.at > begun and kind not in _kinds(it)), None)

    def reason(self, kind: FaultKind) -> str:
        return next(fault.reason for it in self.told for fault in it.faults if fault.kind is kind)

    @property
    def kinds(self) -> set[FaultKind]:
        return {kind for it in self.told for kind in _kinds(it)}

    @property
    def states(self) -> list[CameraState]:
        told = [it.state for it in self.told]
        return [state for number, state in enumerate(told) if number == 0 or state is not told[number - 1]]


def _kinds(status: CameraStatus) -> set[FaultKind]:
    return {fault.kind for fault in status.faults}


def film(
    name: str,
    seconds: float = 90.0,
    views: tuple[Mapping[str, Any], ...] = ({"id": "bay"},),
    shelf: MemoryShelf | None = None,
    values: Mapping[float, float] | None = None,
) -> Film:
    script = ILL.camera(name)
    assert script is not None
    site = site_of(
        {"id": name, "source": "simulated:ill", "rate_hz": RATE_HZ, "views": views},
        measurements={"patch": {"unit": "degC"}},
    )
    handler = handler_of(site, shelf=shelf)
    scene, film = Scene(script, zlib.crc32(name.encode())), Film()
    for number in range(round(seconds * RATE_HZ)):
        second = number / RATE_HZ
        if values and second in values:
            handler.measured(Measurement("test-ss", "patch", values[second], after(second), "test"), nothing)
        taken_at = after(second + script.clock_ahead_s(second))
        raw = RawFrame(name, str(views[0]["id"]), scene.render(second), SCALE_K, OFFSET_K, taken_at)
        parcels = handler.handle(raw, after(second))
        for frame in frames(parcels):
            film.headers[second] = frame.header
        film.told += statuses(parcels)
    return film


def test_a_camera_to_which_nothing_happens_has_no_flags_no_shift_and_no_faults() -> None:
    well = film("well")

    assert {(it.flags, it.shift, it.hidden) for it in well.headers.values()} == {((), None, ())}
    assert (well.states, well.kinds) == ([CameraState.LIVE], set())


def test_a_camera_that_is_nudged_says_by_how_much_from_the_first_frame_on() -> None:
    nudged = film("nudged", 40)

    shift = nudged.headers[BEGINS_S].shift
    assert nudged.headers[BEGINS_S - 0.5].shift is None
    assert shift is not None
    assert (shift.dx_px, shift.dy_px) == pytest.approx((9.4, -5.7), abs=0.3)
    assert shift.rotation_deg == pytest.approx(0.6, abs=0.05)
    assert nudged.kinds == set()


def test_a_camera_that_is_knocked_past_the_limit_shows_no_view_until_it_is_turned_back() -> None:
    knocked = film("knocked")

    assert knocked.seconds(VIEW_MOVED) == (BEGINS_S, ENDS_S - 0.5)
    told = knocked.fault(FaultKind.MOVED)
    assert told is not None
    assert told[0] == after(BEGINS_S + 5)
    assert told[1] is not None
    assert told[1] <= after(ENDS_S + 6)
    assert knocked.reason(FaultKind.MOVED) == "moved 62 px, regions follow 24 px"
    assert knocked.kinds == {FaultKind.MOVED}


def test_the_limit_is_the_views_own() -> None:
    knocked = film("knocked", 40, views=({"id": "bay", "moved_limit_px": 80},))

    shift = knocked.headers[BEGINS_S].shift
    assert knocked.seconds(VIEW_MOVED) is None
    assert shift is not None
    assert (shift.dx_px, shift.dy_px) == pytest.approx((58, 21), abs=0.5)


def test_a_fixed_camera_that_looks_elsewhere_is_not_matched_and_no_frame_of_it_is_measured() -> None:
    turned = film("turned")

    elsewhere = [second for second in turned.headers if BEGINS_S <= second < ENDS_S]
    assert all(turned.headers[second].unfit for second in elsewhere)
    assert turned.seconds(VIEW_UNMATCHED) == (BEGINS_S + 0.5, ENDS_S)
    assert turned.fault(FaultKind.UNMATCHED) is not None
    assert turned.kinds == {FaultKind.UNMATCHED}


def test_fog_makes_readings_low_and_regions_stay_where_they_were() -> None:
    fogged = film("fogged", 100)

    assert fogged.seconds(SHUTTER) == (BEGINS_S, BEGINS_S + 0.5)
    begun, ended = fogged.seconds(READS_LOW) or (0.0, 0.0)
    assert begun == BEGINS_S + 1
    assert ENDS_S <= ended <= ENDS_S + 21
    assert {it.shift for it in fogged.headers.values()} == {None}
    assert fogged.kinds == {FaultKind.READS_LOW}
    assert "rain, fog or a dirty window" in fogged.reason(FaultKind.READS_LOW)


def test_in_fog_the_regions_of_a_nudged_view_stay_where_they_went() -> None:
    known = CameraScript("x", 17.0, yard=YARD)
    clear, foggy = (
        Scene(replace(known, mishaps=(Knocked(0.0, 1e9, 9.4, -5.7), *more)), 3) for more in ((), (Fog(0.0, 1e9, 0.8),))
    )
    looking = Looking.at(in_kelvin(Scene(known, 3).render(0)), 24.0, NOTHING)
    for second in range(LEAST_KNOWN + 1):
        picture = in_kelvin(clear.render(second))
        before = looking.look(picture, looking.edges_in(picture))

    picture = in_kelvin(foggy.render(20))
    look = looking.look(picture, looking.edges_in(picture))

    assert (before.reads_low, look.reads_low) == (False, True)
    assert before.shift is not None
    assert (before.shift.dx_px, before.shift.dy_px) == pytest.approx((9.4, -5.7), abs=0.3)
    assert look.shift == before.shift


def test_what_stands_before_a_part_of_the_view_is_told_with_its_place() -> None:
    parked = film("parked")

    (box,) = parked.headers[BEGINS_S].hidden
    assert (box.x, box.y, box.width, box.height) == (0, 256, 256, 256)
    assert parked.headers[ENDS_S + 0.5].hidden == ()
    assert parked.headers[BEGINS_S].shift is None
    assert parked.kinds == {FaultKind.OCCLUDED}


def test_frames_of_a_covered_lens_are_a_shutter_s_and_then_lower_bounds() -> None:
    covered = film("covered", 70)

    assert covered.seconds(SHUTTER) == (BEGINS_S, BEGINS_S + 0.5)
    dark = {second: header for second, header in covered.headers.items() if BEGINS_S <= second < ENDS_S}
    # A jump of all pixels is a range switch for a frame.
    assert sum(header.unfit for header in dark.values()) == 3
    assert all(header.unfit or READS_LOW in header.flags for header in dark.values())
    assert covered.seconds(READS_LOW) == (BEGINS_S + 1.5, ENDS_S - 0.5)
    assert covered.states == [CameraState.LIVE, CameraState.BLACK, CameraState.LIVE]
    assert covered.kinds == set()


def test_a_flat_frame_of_a_camera_of_which_nothing_is_known_is_a_lower_bound_from_the_first_on() -> None:
    site = site_of({"id": "cam-01", "source": "push:", "views": [{"id": "bay"}]})
    flat = RawFrame("cam-01", "bay", np.full((48, 64), 29_715, np.uint16), SCALE_K, OFFSET_K, after(0))

    (told,) = frames(handler_of(site).pushed(flat, after(0)))

    assert READS_LOW in told.header.flags


def test_frames_of_a_shutter_are_flagged_and_no_fault_follows() -> None:
    shut = film("shut", 40)

    flagged = [second for second in shut.headers if SHUTTER in shut.flags(second)]
    assert flagged == [25.0, 25.5, 31.0, 31.5]
    assert (shut.states, shut.kinds) == ([CameraState.LIVE], set())


def test_the_first_frame_after_a_switch_of_range_is_flagged_there_and_back() -> None:
    switched = film("switched", 40)

    assert [second for second in switched.headers if RANGE_SWITCH in switched.flags(second)] == [25.0, 31.0]
    assert (switched.states, switched.kinds) == ([CameraState.LIVE], set())


def test_a_camera_that_hangs_while_its_printed_clock_goes_on_is_frozen_until_it_looks_again() -> None:
    hung = film("hung", 70)

    assert hung.seconds("camera_frozen") == (BEGINS_S + 2.5, ENDS_S - 0.5)
    assert hung.states == [CameraState.LIVE, CameraState.FROZEN, CameraState.LIVE]


def test_glare_is_saturation_and_no_frame_of_it_is_measured() -> None:
    glaring = film("glaring", 70)

    assert glaring.states == [CameraState.LIVE, CameraState.SATURATED, CameraState.LIVE]
    assert all(glaring.headers[second].unfit for second in glaring.headers if BEGINS_S <= second < ENDS_S)
    assert glaring.seconds(CAMERA_SATURATED) == (BEGINS_S + 1, ENDS_S - 0.5)


TWO_VIEWS = ({"id": "one"}, {"id": "two"})


def test_a_camera_on_tour_moves_settles_and_shows_the_view_that_matches() -> None:
    shelf = MemoryShelf({"one": yard(), "two": yard(ELSEWHERE)})

    tour = film("touring", 80, TWO_VIEWS, shelf)

    live, moving, unsettled = CameraState.LIVE, CameraState.MOVING, CameraState.UNSETTLED
    assert tour.states == [unsettled, live, moving, unsettled, live, moving, unsettled, live]
    assert tour.headers[BEGINS_S - 0.5].view == "one"
    assert tour.flags(BEGINS_S + 1) == (CAMERA_MOVING,)
    assert tour.flags(BEGINS_S + 4) == (CAMERA_UNSETTLED,)
    assert (tour.headers[BEGINS_S + 8].view, tour.flags(BEGINS_S + 8)) == ("two", ())
    assert (tour.headers[79.5].view, tour.flags(79.5)) == ("one", ())
    assert all(it.view == "one" or it.unfit for second, it in tour.headers.items() if second < BEGINS_S)


def test_a_camera_on_tour_that_stands_at_none_of_its_views_is_unmatched() -> None:
    shelf = MemoryShelf({"one": yard(), "two": yard((11, 1070))})

    tour = film("touring", 50, TWO_VIEWS, shelf)

    assert tour.states[-1] is CameraState.UNMATCHED
    assert tour.flags(45) == (VIEW_UNMATCHED,)
    assert tour.told[-1].reason == "touring: it shows none of its views (one, two)"


def test_a_reference_of_the_site_file_counts_from_the_first_frame_on() -> None:
    other = film("well", 10, shelf=MemoryShelf({"bay": yard(ELSEWHERE)}))

    assert other.seconds(VIEW_UNMATCHED) == (0.0, 9.5)
    assert other.kinds == {FaultKind.UNMATCHED}


def test_frames_of_another_size_than_the_reference_are_not_of_the_view() -> None:
    other = film("well", 10, shelf=MemoryShelf({"bay": np.ascontiguousarray(yard()[::2, ::2])}))

    assert other.fault(FaultKind.UNMATCHED) is not None
    assert other.reason(FaultKind.UNMATCHED).endswith("(reference 320x256 pixels)")


def test_what_was_learnt_is_kept_and_a_view_that_should_have_none_learns_none() -> None:
    kept, none = MemoryShelf(), MemoryShelf()
    film("well", 10, shelf=kept)
    film("well", 10, views=({"id": "bay", "reference": "none"},), shelf=none)

    # What differs is noise, and the blur of the simulated optics.
    assert np.abs(kept.pictures["bay"] - yard()).mean() < 0.5
    assert none.pictures == {}


def patch_c() -> float:
    return float(yard()[300:340, 300:340].mean()) - 273.15


@pytest.mark.parametrize("by", ["number", "sensor"])
def test_a_patch_that_shows_other_than_its_temperature_for_a_minute_is_drift(by: str) -> None:
    truth: dict[str, Any] = {"temperature_c": patch_c()} if by == "number" else {"measurement": "patch"}
    view = {"id": "bay", "reference_patch": {"region": PATCH, "tolerance_k": 2.0} | truth}

    drifting = film("drifting", 160, views=(view,), values={0.0: patch_c()})

    told = drifting.fault(FaultKind.DRIFT)
    assert told is not None
    assert after(BEGINS_S + 60) <= told[0] <= after(BEGINS_S + 61)
    assert told[1] is not None
    # From the last frame that showed it.
    assert after(DRIFT_ENDS_S + 59) <= told[1] <= after(DRIFT_ENDS_S + 61)
    shows = f"the reference patch shows {patch_c() + DRIFT_K:.1f} °C and has {patch_c():.1f} °C"
    assert drifting.reason(FaultKind.DRIFT) == shows


@pytest.mark.parametrize(("shown_k", "drifts"), [(-2.5, True), (-1.5, False), (1.5, False), (2.5, True)])
def test_a_patch_that_is_too_cold_drifts_as_one_that_is_too_warm(shown_k: float, drifts: bool) -> None:
    watch = PatchWatch("bay", ReferencePatch(region=PATCH, temperature_c=20.0, tolerance_k=2.0), lambda *_: None)

    for second in range(62):
        watch.saw(np.full((512, 640), 293.15 + shown_k, np.float32), None, after(second))

    assert (watch.fault() is not None) is drifts


def test_a_patch_follows_the_view() -> None:
    watch = PatchWatch("bay", ReferencePatch(region=PATCH, temperature_c=20.0, tolerance_k=2.0), lambda *_: None)
    picture = np.full((512, 640), 313.15, np.float32)
    picture[300 - 12 : 340 - 12, 300 + 20 : 340 + 20] = 293.15

    for second in range(62):
        watch.saw(picture, Shift(20.0, -12.0), after(second))

    assert watch.fault() is None


def test_a_patch_whose_sensor_says_nothing_is_not_judged() -> None:
    view = {"id": "bay", "reference_patch": {"region": PATCH, "measurement": "patch"}}

    assert film("drifting", 90, views=(view,)).kinds == set()


def test_a_camera_whose_clock_is_wrong_is_told_after_five_frames_and_until_it_is_right() -> None:
    late = film("late", 75)

    told = late.fault(FaultKind.CLOCK_WRONG)
    assert told is not None
    assert told[0] == after(2.0)
    # Set right after a minute: 19 of its last 20 times are right then.
    assert told[1] == after(ENDS_S + 9.0)
    assert late.reason(FaultKind.CLOCK_WRONG).startswith("the camera's clock is 90 s ahead of ours")


def test_frames_that_cannot_be_used_are_told_from_a_quarter_on_and_their_end_too() -> None:
    garbled = film("garbled", 75)

    told = garbled.fault(FaultKind.DECODING)
    assert told is not None
    assert told[1] is not None
    assert ENDS_S < (told[1] - after(0)).total_seconds() < ENDS_S + 11
    assert garbled.reason(FaultKind.DECODING).startswith("5 of its last 20 frames could not be used: temperatures -273")


def test_files_that_cannot_be_read_count_for_a_camera_that_runs_live_and_not_for_a_recording() -> None:
    def kinds(source: str) -> set[FaultKind]:
        handler = handler_of(site_of({"id": "cam-01", "source": source, "views": [{"id": "bay"}]}))
        told = [
            status
            for second in range(8)
            for status in statuses(handler.handle(Unreadable("cam-01", "a.png", "cut off"), after(second)))
        ]
        return {kind for it in told for kind in _kinds(it)}

    assert kinds("rtsp://camera") == {FaultKind.DECODING}
    assert kinds("folder:/recordings") == set()
