"""Whose time counts, and what is said when it is doubtful. All four services' handlers, on clocks that a test sets.

- A live camera's own time counts within 2 s of ingest's; else the time of arrival, flagged, and both are kept.
- A clock that the kernel calls not synchronised marks readings and events, and is one alarm of the site.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from canairy.alerts import Alert
from canairy.messages.frame import Frame
from canairy.messages.header import CLOCK_CORRECTED, TIME_INVALID
from canairy.messages.reading import Reading
from canairy.topics import ALERTS, FRAMES, READINGS
from cli.tail_line import render
from services.ingest.clock import ClockCheck
from services.ingest.conditions import Conditions
from tests.helpers.plant import JOINT, Plant, well


@pytest.mark.parametrize(("ahead_s", "own"), [(1.9, True), (-1.9, True), (2.1, False), (-2.1, False), (-86_400, False)])
def test_a_live_cameras_own_time_counts_within_2_s_of_ours(ahead_s: float, own: bool) -> None:
    plant = well(1)
    plant.camera_ahead_s["cam-1"] = ahead_s

    plant.run(1)

    record = [it for it in plant.broker.records(FRAMES) if it.key == "cam-1"][-1]
    header = Frame.decode(record.value or b"").header
    taken_at = plant.clocks.now() + timedelta(seconds=ahead_s)
    assert header.received_at == plant.clocks.now()
    assert header.captured_at == (taken_at if own else plant.clocks.now())
    assert (CLOCK_CORRECTED in header.flags) is not own
    # Not believed, and not forgotten.
    assert record.headers.get("source-time") == (None if own else taken_at.isoformat().encode())


def test_frames_of_a_camera_whose_clock_runs_wild_come_in_order_all_the_same() -> None:
    plant = well(1)
    for ahead_s in (1.5, -1.5, 3600, -3600, 0.5):
        plant.camera_ahead_s["cam-1"] = ahead_s
        plant.run(0.5)

    headers = [it.header for it in plant.records(FRAMES, Frame.decode) if it.header.camera == "cam-1"]
    times = [it.captured_at for it in headers]
    assert times == sorted(set(times))
    assert plant.dead() == []


# --- a clock that is not synchronised ---------------------------------------------------------------------------------


def test_a_clock_that_is_not_synchronised_marks_readings_and_events_and_is_one_alarm() -> None:
    plant = well()
    answer = False
    check = ClockCheck(lambda: answer, plant.clocks.monotonic)
    plant.ingest._around = type(plant.ingest._around)(Conditions(clock_invalid=check.invalid).flags)

    plant.run(3)
    plant.celsius["cam-1"] = 90.0
    plant.run(3)
    answer = True
    plant.run(3)

    readings: list[Reading] = plant.records(READINGS, Reading.decode)
    marked = [TIME_INVALID in it.header.flags for it in readings if it.asset == JOINT]
    assert marked.count(True) >= 60
    assert not marked[0]
    assert not marked[-1]
    assert plant.lines("plant") == ["raised plant clock", "returned plant clock"]
    (hot,) = plant.events(JOINT)
    assert hot["data"]["flags"] == [TIME_INVALID]
    beats = [beat["data"]["status"] for beat in plant.heartbeats()]
    assert beats[0] == beats[-1] == []
    assert beats.count([TIME_INVALID]) in {5, 6, 7}


def test_the_alarm_of_the_clock_survives_a_restart_and_says_what_to_do() -> None:
    plant = well()
    plant.flags = (TIME_INVALID,)
    plant.run(2)

    plant.restart_judge()
    plant.run(3)

    (raised,) = plant.events("plant")
    line = render(Alert.parse(_of(plant, "plant")), ZoneInfo("Asia/Seoul"), plant.clocks.now())
    assert raised["data"]["priority"] == "low"
    assert "LOW  RAISED  plant  clock not synchronised: times may be wrong" in line
    assert "DO: check the time service (NTP)" in line


def _of(plant: Plant, asset: str) -> bytes | None:
    return next(it.value for it in plant.broker.records(ALERTS) if it.key == asset)


def test_a_kernel_that_cannot_be_asked_marks_nothing() -> None:
    assert not ClockCheck(lambda: None).invalid()
