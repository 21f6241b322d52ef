"""Faults of cameras and views: an alarm each, raised and returned by what ingest says; no other says the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.alarm import Alarm
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.fault import CameraFault, FaultKind
from canairy.messages.state import PointState
from services.alerting.judge.camera_faults import ALARMS
from tests.helpers.judging import Bench, Told, acknowledge, asset, at, camera, frame, site, status, view

OF_VIEW = (FaultKind.MOVED, FaultKind.UNMATCHED, FaultKind.READS_LOW, FaultKind.OCCLUDED, FaultKind.DRIFT)


def bench() -> Bench:
    """cam-1 sees ds-a in v1, and nothing that is registered in v2."""
    return Bench(site(camera("cam-1", view("v1", asset("ds-a", high_c=80)), view("v2")), coverage_alarm_after="60s"))


def fault(kind: FaultKind, seconds: float, of: str = "v1", reason: str = "moved 31 px") -> CameraFault:
    return CameraFault(kind, of, at(seconds), reason)


def told(
    seconds: float, *faults: CameraFault, known: bool = True, state: CameraState = CameraState.LIVE
) -> CameraStatus:
    return replace(status("cam-1", seconds, state), faults=faults, faults_known=known)


def watch(judge: Bench, begin: int, end: int, *faults: CameraFault, measured: bool = True) -> list[str]:
    """Five seconds a step, up to `end`; what was told meanwhile."""
    lines: list[str] = []
    for seconds in range(begin, end + 1, 5):
        readings = frame(seconds, {"ds-a": 20}) if measured else []
        lines += judge.tell(told(seconds, *faults), *readings, now=at(seconds)).lines
    return lines


def standing(judge: Bench, point: str, condition: str) -> Alarm:
    state = PointState.decode(judge.kept[point])
    return next(it.alarm for it in state.conditions if it.name == condition and it.alarm is not None)


@pytest.mark.parametrize("kind", FaultKind)
def test_each_kind_is_an_alarm_that_says_what_since_when_and_what_to_do(kind: FaultKind) -> None:
    judge, of = bench(), "v1" if kind in OF_VIEW else ""
    point, condition = of or "cam-1", ALARMS[kind].condition

    raised = judge.tell(told(10, fault(kind, 5, of, "so it is")))
    returned = judge.tell(told(20))

    assert raised.lines == [f"raised {point} {condition}"]
    data = raised.alerts[0]["data"]
    assert (data["reason"], data["response"], data["priority"]) == ("so it is", ALARMS[kind].response, "low")
    assert data["since"] == "2026-03-01T18:00:05.000000Z"
    assert (data["camera"], data.get("view", "")) == ("cam-1", of)
    assert returned.lines == [f"returned {point} {condition}"]
    assert returned.alerts[0]["data"]["reason"] == ALARMS[kind].over


def test_several_faults_stand_beside_each_other() -> None:
    judge = bench()
    low, clock = fault(FaultKind.READS_LOW, 5), fault(FaultKind.CLOCK_WRONG, 6, "")

    lines = [
        *judge.tell(told(10, low)).lines,
        *judge.tell(told(15, low, clock)).lines,
        *judge.tell(told(20, clock)).lines,
    ]

    assert lines == ["raised v1 reads_low", "raised cam-1 clock_wrong", "returned v1 reads_low"]


def test_a_view_without_assets_is_told_as_well() -> None:
    assert bench().tell(told(10, fault(FaultKind.UNMATCHED, 5, "v2"))).lines == ["raised v2 unmatched"]


@pytest.mark.parametrize("kind", [FaultKind.MOVED, FaultKind.UNMATCHED])
def test_a_view_that_shows_nothing_is_one_alarm_and_its_silence_and_that_of_its_assets_are_none(
    kind: FaultKind,
) -> None:
    judge = bench()
    watch(judge, 0, 20)

    lines = watch(judge, 25, 400, fault(kind, 21), measured=False)
    back = watch(judge, 405, 600)

    assert lines == [f"raised v1 {ALARMS[kind].condition}"]
    assert back == [f"returned v1 {ALARMS[kind].condition}"]


def test_what_is_silent_still_when_the_view_is_back_counts_anew() -> None:
    judge = bench()
    watch(judge, 0, 20)
    watch(judge, 25, 400, fault(FaultKind.MOVED, 21), measured=False)

    assert watch(judge, 405, 460, measured=False) == ["returned v1 moved"]
    assert watch(judge, 465, 480, measured=False) == ["raised v1 coverage"]


def test_a_camera_that_falls_silent_while_its_view_is_moved_is_told_too() -> None:
    judge = bench()
    moved = fault(FaultKind.MOVED, 21)
    watch(judge, 0, 20)
    watch(judge, 25, 30, moved, measured=False)

    lines = []
    for seconds in range(35, 120, 5):
        silent = replace(told(seconds, moved, state=CameraState.SILENT), since=at(35))
        lines += judge.tell(silent, now=at(seconds)).lines

    assert lines == ["raised cam-1 coverage"]


def test_a_silent_camera_is_back_with_its_state_where_no_reading_can_come() -> None:
    judge = bench()
    moved = fault(FaultKind.MOVED, 21)
    watch(judge, 0, 20)
    watch(judge, 25, 30, moved, measured=False)
    for seconds in range(35, 120, 5):
        judge.tell(replace(told(seconds, moved, state=CameraState.SILENT), since=at(35)), now=at(seconds))

    assert watch(judge, 120, 300, moved, measured=False) == ["returned cam-1 coverage"]


def test_where_ingest_has_just_begun_nothing_is_over() -> None:
    judge = bench()
    judge.tell(told(10, fault(FaultKind.MOVED, 5)))

    assert judge.tell(told(20, known=False)).lines == []
    assert judge.tell(told(90)).lines == ["returned v1 moved"]


def test_a_quarantine_says_nothing_about_faults() -> None:
    judge = bench()
    judge.tell(told(10, fault(FaultKind.MOVED, 5)))

    lines = judge.tell(status("cam-1", 20, CameraState.QUARANTINED)).lines

    assert "returned v1 moved" not in lines


def test_an_older_state_than_the_newest_changes_nothing() -> None:
    judge = bench()
    judge.tell(told(20))

    assert judge.tell(told(10, fault(FaultKind.MOVED, 5))).lines == []


def test_an_alarm_of_a_view_is_acknowledged_and_survives_a_restart() -> None:
    judge = bench()
    judge.tell(told(10, fault(FaultKind.MOVED, 5)))
    judge.tell(acknowledge(standing(judge, "v1", "moved").id, 12))
    judge.restart()

    assert judge.tell(told(15, fault(FaultKind.MOVED, 5))).lines == []
    assert (standing(judge, "v1", "moved").state.name, standing(judge, "v1", "moved").quality) == (
        "ACKNOWLEDGED",
        "good",
    )
    assert judge.tell(told(20)).lines == ["returned v1 moved"]


def test_a_camera_that_does_not_settle_is_an_alarm_after_the_delay_and_a_tour_is_none() -> None:
    judge = bench()
    states = [CameraState.MOVING, CameraState.UNSETTLED, CameraState.LIVE]
    tour: list[str] = []
    for number in range(30):
        seconds = 5 * number
        readings = frame(seconds, {"ds-a": 20})
        tour += judge.tell(told(seconds, state=states[number % 3]), *readings, now=at(seconds)).lines
    lost: list[str] = []
    for seconds in range(150, 300, 5):
        moving = replace(told(seconds, state=CameraState.MOVING), since=at(150), reason="cam-1: under way to a view")
        lost += judge.tell(moving, now=at(seconds)).lines

    assert (tour, lost) == ([], ["raised cam-1 coverage"])
    assert judge.alerts[-1]["data"]["reason"] == "camera moving: under way to a view"
    assert judge.alerts[-1]["data"]["response"].startswith("see whether the tour of camera cam-1 stops")


@given(st.lists(st.sets(st.sampled_from(list(FaultKind))), max_size=12))
def test_after_every_state_the_alarms_that_stand_are_the_faults_that_it_told(story: list[set[FaultKind]]) -> None:
    judge = bench()
    judge.tell(told(0))
    for number, kinds in enumerate(story, 1):
        judge.tell(
            told(number, *(fault(kind, number, "v1" if kind in OF_VIEW else "") for kind in sorted(kinds, key=str)))
        )
        stand = {
            it.name
            for point in ("cam-1", "v1")
            if point in judge.kept
            for it in PointState.decode(judge.kept[point]).conditions
            if it.alarm is not None and it.alarm.state.active
        }
        assert stand == {ALARMS[kind].condition for kind in kinds}


def test_the_same_states_again_tell_the_same_alarms_once() -> None:
    judge, again = bench(), bench()
    story = [told(10, fault(FaultKind.MOVED, 5)), told(20), told(30, fault(FaultKind.MOVED, 28))]

    first = [it for one in story for it in judge.tell(one).alerts]
    repeated: Told = again.tell(*story, *story)

    assert [it["id"] for it in first] == [it["id"] for it in repeated.alerts]
