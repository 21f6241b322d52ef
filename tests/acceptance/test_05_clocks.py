"""Clocks that are set by an hour either way.

The clock of a test machine cannot be set, so these clocks are injected: the handlers and loops of all four services are
the real ones, on the broker in memory (`tests/helpers/plant.py`). The rules they prove:

- An hour forward or back raises no alarm, doubles none and hides none: limits, silence and the heartbeat go on at once.
- What was under way when the clock was set back is not taken for messages from the future.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from canairy.errors import InvalidMessage
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.frame import Frame
from canairy.stream.broker import Outgoing
from canairy.stream.memory import MemoryBroker
from canairy.stream.quarantine import Quarantine
from canairy.topics import ALL_TOPICS, AUDIT, CAMERAS, FRAMES, STATE
from services.alerting.alarm_view import AlarmView
from services.ingest.times import pushed_stamp
from tests.acceptance.helpers.waiting import until
from tests.helpers.plant import JOINT, MORNING, well

HOUR = timedelta(hours=1)
STEPS = pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])


@STEPS
def test_nothing_is_raised_lost_or_quarantined_by_a_step(by: timedelta) -> None:
    plant = well()

    plant.set_clock(by)
    plant.run(70)

    assert plant.lines() == []
    assert plant.dead() == []


@STEPS
def test_limits_go_on_being_judged_at_once(by: timedelta) -> None:
    plant = well()
    plant.celsius["cam-1"] = 90.0
    plant.run(2)

    plant.set_clock(by)
    plant.run(0.5)
    plant.celsius["cam-1"] = 40.0
    plant.run(0.5)
    returned = plant.lines(JOINT)
    plant.celsius["cam-1"] = 90.0
    plant.run(1)
    raised_again = plant.lines(JOINT)
    # The hour that comes twice passes; nothing of the first one comes to life.
    plant.run(65)

    assert returned == [f"raised {JOINT} high", f"returned {JOINT} high"]
    assert raised_again == [*returned, f"raised {JOINT} high"]
    assert plant.lines() == raised_again
    identifiers = [event["id"] for event in plant.events()]
    assert len(set(identifiers)) == len(identifiers)


@STEPS
def test_the_heartbeat_goes_on(by: timedelta) -> None:
    plant = well()
    before = len(plant.heartbeats())

    plant.set_clock(by)
    plant.run(10)

    assert 9 <= len(plant.heartbeats()) - before <= 11
    assert {tuple(beat["data"]["status"]) for beat in plant.heartbeats()} == {()}
    assert len({beat["id"] for beat in plant.heartbeats()}) == len(plant.heartbeats())


@STEPS
def test_no_camera_is_called_silent_for_a_step(by: timedelta) -> None:
    plant = well()

    plant.set_clock(by)
    plant.run(5)

    told: list[CameraStatus] = plant.records(CAMERAS, CameraStatus.decode)
    assert {status.state for status in told} == {CameraState.LIVE}


@STEPS
def test_a_camera_that_falls_silent_after_a_step_is_an_alarm_as_soon_as_ever(by: timedelta) -> None:
    plant = well()
    plant.set_clock(by)
    plant.run(1)

    plant.silent = {"cam-2"}
    plant.run(4.5)
    too_soon = plant.lines()
    plant.run(2)
    raised = plant.lines()
    plant.silent = set()
    plant.run(1)

    assert too_soon == []
    assert raised == ["raised cam-2 coverage"]
    assert plant.lines() == [*raised, "returned cam-2 coverage"]


@STEPS
def test_a_silence_that_stands_when_the_clock_is_set_ends_when_the_camera_is_back(by: timedelta) -> None:
    plant = well()
    plant.silent = {"cam-2"}
    plant.run(7)
    raised = plant.lines()

    plant.set_clock(by)
    plant.run(2)
    standing = plant.lines()
    plant.silent = set()
    plant.run(1)

    assert raised == standing == ["raised cam-2 coverage"]
    assert plant.lines() == [*raised, "returned cam-2 coverage"]


@STEPS
def test_something_hot_that_nobody_registered_is_found_after_a_step(by: timedelta) -> None:
    plant = well()
    plant.spots = {"cam-1"}
    plant.run(1)

    plant.set_clock(by)
    plant.spots = {"cam-1", "cam-3"}
    plant.run(1)

    assert plant.lines() == ["raised cam-1-view/find-1 hot_spot", "raised cam-3-view/find-1 hot_spot"]


@STEPS
def test_a_judge_that_starts_after_a_step_goes_on_from_the_state_of_before(by: timedelta) -> None:
    plant = well()
    plant.celsius["cam-1"] = 90.0
    plant.run(2)

    plant.set_clock(by)
    plant.restart_judge()
    plant.run(2)
    standing = plant.lines()
    plant.celsius["cam-1"] = 40.0
    plant.run(1)
    plant.restart_judge()
    plant.run(65)

    assert standing == [f"raised {JOINT} high"]
    assert plant.lines() == [f"raised {JOINT} high", f"returned {JOINT} high"]


def test_what_was_under_way_when_the_clock_was_set_back_is_no_message_from_the_future() -> None:
    """Over 200 messages that nobody had read yet: enough to quarantine every camera and to stop every service."""
    plant = well()
    for _ in range(80):
        plant.clocks.go_on(5)
        plant.film()
        plant.lag()

    plant.set_clock(-HOUR)
    plant.run(5)

    assert plant.dead() == []
    assert [line for line in plant.lines() if "coverage" not in line] == []
    states: list[CameraStatus] = plant.records(CAMERAS, CameraStatus.decode)
    assert CameraState.QUARANTINED not in {status.state for status in states}


def test_a_sender_whose_clock_is_wrong_is_refused_all_the_same() -> None:
    plant = well()
    told: list[Frame] = plant.records(FRAMES, Frame.decode)
    wrong = _at([it for it in told if it.header.camera == "cam-1"][-1], plant.clocks.now() + HOUR)

    plant.broker.append([Outgoing(FRAMES, "cam-1", wrong.encode())])
    plant.work()

    (dead,) = plant.dead()
    assert b"future" in dead.headers["dlq-reason"]


def _at(frame: Frame, at: datetime) -> Frame:
    return replace(frame, header=replace(frame.header, captured_at=at, received_at=at, frame="cam-1:wrong"))


def test_a_pushed_camera_whose_clock_was_set_back_with_ours_is_taken_at_once() -> None:
    newest = MORNING + HOUR

    stamp = pushed_stamp(MORNING, MORNING + timedelta(seconds=1), newest)

    assert stamp.captured_at == MORNING
    with pytest.raises(InvalidMessage, match="in order"):
        pushed_stamp(MORNING, newest, newest)


@STEPS
def test_a_quarantine_lasts_no_longer_for_a_step(by: timedelta) -> None:
    quarantine = Quarantine()
    for _ in range(quarantine.limits.per_key):
        quarantine.bad("cam-1", MORNING)
    assert quarantine.holds("cam-1", MORNING)

    held = quarantine.holds("cam-1", MORNING + by)

    assert not held
    assert quarantine.held(MORNING + by) == 0


def test_bad_messages_of_before_a_step_back_count_no_longer_than_their_minute() -> None:
    quarantine = Quarantine()
    for _ in range(quarantine.limits.per_key - 1):
        quarantine.bad("cam-1", MORNING)

    held = quarantine.bad("cam-1", MORNING - HOUR)

    assert not held


def test_the_alarm_list_grows_no_older_when_the_clock_is_set_back() -> None:
    """`as of` moves on at once, and not in an hour."""
    now = MORNING
    broker = MemoryBroker(ALL_TOPICS)
    view = AlarmView(lambda: broker.reader([STATE]), lambda: broker.reader([AUDIT]), lambda: now)
    view.start()
    try:
        until(lambda: view.snapshot().as_of == MORNING, "the first look")
        now = MORNING - HOUR
        until(lambda: view.snapshot().as_of == MORNING - HOUR, "a look by the new clock")
    finally:
        view.stop()
