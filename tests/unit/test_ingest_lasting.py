"""What must hold for a while, and shares of the last frames: whatever comes, and whatever the clock does."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from canairy.messages.box import Box
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.fault import CameraFault, FaultKind
from canairy.messages.header import FrameHeader
from canairy.messages.shift import Shift
from protos.canairy.v1 import thermal_pb2 as pb
from services.ingest.lasting import Lasting
from services.ingest.shares import CLEARED_AT, LAST, RAISED_FROM, Share
from tests.helpers.ingest import NOON, after

Story = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=60)


def lasting() -> Lasting:
    return Lasting(timedelta(seconds=5), timedelta(seconds=10))


def test_it_stands_after_its_delay_from_the_first_frame_and_falls_after_the_other() -> None:
    condition = lasting()

    stands = [condition.saw(second <= 8, after(second)) for second in range(25)]

    assert stands == [False] * 5 + [True] * 13 + [False] * 7
    assert condition.since is None


def test_one_frame_without_it_before_it_stands_starts_the_count_anew() -> None:
    condition = lasting()

    assert not any(condition.saw(second % 4 != 0, after(second)) for second in range(60))


@given(Story)
def test_it_stands_only_where_it_held_and_falls_once_it_is_gone(story: list[tuple[bool, int]]) -> None:
    condition, second, shown = lasting(), 0, -1000
    for holds, passed in story:
        second += passed
        shown = second if holds else shown
        stands = condition.saw(holds, after(second))
        assert not stands or second - shown < 10
        assert condition.stands is stands
        assert (condition.since is not None) >= stands
    for more in range(11):
        condition.saw(False, after(second + more))
    assert not condition.stands


@given(Story, st.integers(-10_000, 10_000))
def test_a_clock_that_is_set_leaves_no_condition_for_ever(story: list[tuple[bool, int]], by: int) -> None:
    condition, second = lasting(), 0
    for number, (holds, passed) in enumerate(story):
        second += passed + (by if number == len(story) // 2 else 0)
        condition.saw(holds, after(second))
    for more in range(12):
        condition.saw(False, after(second + more))
    assert not condition.stands


@given(st.lists(st.booleans(), max_size=80))
def test_a_share_stands_from_its_number_on_until_hardly_any_is_left(story: list[bool]) -> None:
    share, stood = Share(), False
    for number, bad in enumerate(story):
        share.saw(bad, after(number))
        count = sum(story[max(0, number + 1 - LAST) : number + 1])
        stood = count >= RAISED_FROM or (stood and count > CLEARED_AT)
        assert (share.bad, share.stands) == (count, stood)


def test_what_is_said_of_camera_and_frame_travels() -> None:
    fault = CameraFault(FaultKind.MOVED, "bay", NOON, "moved 31 px")
    status = CameraStatus("ss", "cam", CameraState.SATURATED, NOON, NOON, live=True, faults=(fault,), faults_known=True)
    header = FrameHeader(
        "ss", "d", "cam", "bay", "f", NOON, NOON, shift=Shift(1.5, -2.25, 0.5), hidden=(Box(1, 2, 30, 40),)
    )

    assert CameraStatus.decode(status.encode()) == status
    assert FrameHeader.from_wire(pb.FrameHeader.FromString(header.to_wire().SerializeToString())) == header


def test_a_fault_of_a_later_version_is_passed_over_and_the_others_are_read() -> None:
    status = CameraStatus(
        "ss", "cam", CameraState.LIVE, NOON, NOON, live=True, faults=(CameraFault(FaultKind.DRIFT, "bay", NOON, "off"),)
    ).to_wire()
    later = status.faults.add()
    later.CopyFrom(status.faults[0])
    later.ClearField("kind")

    assert [it.kind for it in CameraStatus.from_wire(status).faults] == [FaultKind.DRIFT]
