"""Times as operators see them: when clocks are set, in the hour that comes twice in autumn, and in odd zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from canairy.alerts import Alert
from canairy.messages.alarm import Alarm, AlarmState, Priority
from cli.alarms import _print_table
from cli.tail import TextLines, steady_clock
from cli.tail_line import HeartbeatWatch, clock, render
from tests.helpers.plant import JOINT, MORNING

HOUR = timedelta(hours=1)
STEPS = pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])


@STEPS
def test_tail_misses_heartbeats_by_a_clock_that_nobody_sets(by: timedelta, capsys: pytest.CaptureFixture[str]) -> None:
    wall, seconds = MORNING, 0.0
    began = datetime.now(UTC)
    steady = steady_clock(lambda: seconds)
    show = TextLines(ZoneInfo("UTC"), colour=False, clock=lambda: wall, steady=steady)

    seconds, wall = 60.0, wall + timedelta(seconds=60) + by
    show.tick()
    after_the_step = capsys.readouterr().out
    seconds, wall = 200.0, wall + timedelta(seconds=140)
    show.tick()
    after_three_minutes = capsys.readouterr().out

    assert after_the_step == ""
    assert after_three_minutes.startswith(f"{clock(wall, ZoneInfo('UTC'), wall)}  NO HEARTBEAT for 3 min")
    assert steady() - began >= timedelta(seconds=200)


# Zone, the first and second of two moments an hour (or half an hour) apart that its clocks show alike.
TWICE = [
    ("Europe/Berlin", "2026-10-25T00:30:00Z", 60, "02:30:00 CEST", "02:30:00 CET"),
    ("America/New_York", "2026-11-01T05:30:00Z", 60, "01:30:00 EDT", "01:30:00 EST"),
    ("America/St_Johns", "2026-11-01T04:00:00Z", 60, "01:30:00 NDT", "01:30:00 NST"),
    ("Australia/Adelaide", "2026-04-04T16:00:00Z", 60, "02:30:00 ACDT", "02:30:00 ACST"),
    ("Australia/Lord_Howe", "2026-04-04T14:45:00Z", 30, "01:45:00 +11", "01:45:00 +1030"),
]


@pytest.mark.parametrize(("zone", "first", "minutes", "shown", "shown_again"), TWICE)
def test_the_hour_that_comes_twice_can_be_told_from_itself(
    zone: str, first: str, minutes: int, shown: str, shown_again: str
) -> None:
    moment = datetime.fromisoformat(first)
    again = moment + timedelta(minutes=minutes)

    lines = [clock(it, ZoneInfo(zone), again) for it in (moment, again)]

    assert lines == [shown, shown_again]


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Asia/Seoul", "18:00:00 KST"), ("Asia/Kolkata", "14:30:00 IST"), ("Asia/Kathmandu", "14:45:00 +0545")],
)
def test_zones_without_summer_time_and_with_half_hours(zone: str, shown: str) -> None:
    assert clock(MORNING, ZoneInfo(zone), MORNING) == shown


def event(time: str, since: str) -> Alert:
    return Alert(
        id="e", type="io.canairy.alarm.raised.v1", kind="raised", site="plant", subject=JOINT,
        time=datetime.fromisoformat(time), captured_at=datetime.fromisoformat(time), asset=JOINT, priority="high",
        reason="81 °C (limit 80)", since=datetime.fromisoformat(since),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("time", "since", "shown_time", "shown_since"),
    [
        # Since before the change, raised after it: without the zone it would be since a time that has yet to come.
        ("2026-10-25T01:10:00Z", "2026-10-25T00:50:00Z", "02:10:00 CET", "since 02:50 CEST"),
        ("2026-10-25T00:50:00Z", "2026-10-25T00:10:00Z", "02:50:00 CEST", "since 02:10"),
        ("2026-03-29T01:10:00Z", "2026-03-29T00:50:00Z", "03:10:00 CEST", "since 01:50 CET"),
    ],
)
def test_since_names_its_zone_when_the_clocks_were_changed_meanwhile(
    time: str, since: str, shown_time: str, shown_since: str
) -> None:
    told = event(time, since)

    line = render(told, ZoneInfo("Europe/Berlin"), told.time)

    assert line == f"{shown_time}  HIGH  RAISED  cam-1-joint  81 °C (limit 80), {shown_since}"


def test_the_list_of_alarms_tells_both_hours_apart(capsys: pytest.CaptureFixture[str]) -> None:
    moments = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    alarms = [
        Alarm(
            id=f"alarm-{number}", version=1, site="plant", asset=JOINT, condition="high", reason="hot",
            state=AlarmState.UNACKNOWLEDGED, priority=Priority.HIGH, raised_at=moment, since=moment,
        )
        for number, moment in enumerate(moments)
    ]  # fmt: skip

    _print_table(alarms, moments[1], ZoneInfo("Europe/Berlin"))

    shown = capsys.readouterr().out
    assert "2026-10-25 02:30:00 CEST  hot" in shown
    assert "2026-10-25 02:30:00 CET   hot" in shown
    assert "as of 2026-10-25 02:30:00 CET" in shown


def test_a_missing_heartbeat_is_told_in_the_time_of_the_zone() -> None:
    watch = HeartbeatWatch(ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 0, 57, tzinfo=UTC))

    line = watch.tick(datetime(2026, 10, 25, 1, 0, tzinfo=UTC))

    assert (line or "").startswith("02:00:00 CET  NO HEARTBEAT for 3 min")
