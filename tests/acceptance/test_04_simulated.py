"""The simulated cameras of the shared stack: what their script makes happen in the first minute, in live time."""

from __future__ import annotations

from datetime import datetime, timedelta

from canairy import topics
from canairy.messages.camera import CameraState, CameraStatus
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.stack import RunningStack

DELAY = timedelta(seconds=15)


def test_a_camera_that_falls_silent_is_one_alarm_and_returns_with_it(stack: RunningStack) -> None:
    stack.until(lambda: len(stack.log.events("sim-04")) >= 2, "the silence of the simulated camera, and its end")

    events = stack.log.events("sim-04")
    assert kinds(events) == ["coverage raised", "coverage returned"]
    assert events[0]["data"]["priority"] == "low"
    assert events[0]["data"]["quality"] == "stale"
    assert events[0]["data"]["reason"].startswith("camera silent")
    # Its time is when it was due: event time, whatever the judge was doing then.
    since = datetime.fromisoformat(events[0]["data"]["since"])
    assert datetime.fromisoformat(events[0]["time"]) == since + DELAY
    for below in ("sim-04-bay", "vt-304-a", "vt-304-b", "vt-304-c"):
        assert not stack.log.events(below)


def test_its_state_tells_the_silence_and_its_end(stack: RunningStack) -> None:
    stack.until(lambda: len(stack.log.events("sim-04")) >= 2, "the silence of the simulated camera, and its end")

    states = [CameraStatus.decode(record.value or b"") for record in stack.log.records(topics.CAMERAS, "sim-04")]
    silent = next(status for status in states if status.state is CameraState.SILENT)
    assert silent.reason.startswith("sim-04: no frame for ")
    assert states[-1].state is CameraState.LIVE


def test_what_appears_before_a_simulated_camera_is_found_and_alarmed(stack: RunningStack) -> None:
    event = stack.until(lambda: stack.log.events("sim-03-bay/find-1"), "the simulated hot spot")[0]

    assert event["data"]["condition"] == "hot_spot"
    assert event["data"]["camera"] == "sim-03"


def test_a_simulated_camera_is_measured_in_live_time(stack: RunningStack) -> None:
    event = stack.until(lambda: stack.log.events("ds-301-a", "high"), "the joint crossing its limit")[0]
    assert 80.0 <= event["data"]["temperature_c"] < 84.5
    assert 0 <= event["data"]["data_age_s"] < 2.0
