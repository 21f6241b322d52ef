"""Silence: stale at once, an alarm after the site's delay, and only at the highest level that failed."""

from __future__ import annotations

from canairy.messages.alarm import Alarm
from canairy.messages.camera import CameraState
from canairy.messages.state import PointState
from tests.helpers.judging import Bench, Told, asset, at, camera, frame, reading, site, status, view

AFTER_S = 300
FIND_LIMIT = {"high_c": 70}


def bench(**changes: object) -> Bench:
    """cam-1 sees ds-a and ds-b in v1, cam-2 sees ds-c in v2: stale after 10 s; cam-3 plays a recording."""
    cameras = (
        camera("cam-1", view("v1", asset("ds-a", high_c=80), asset("ds-b")), rate_hz=0.5),
        camera("cam-2", view("v2", asset("ds-c")), rate_hz=0.5),
        camera("cam-3", view("v3", asset("ds-d")), source="folder:x"),
    )
    return Bench(site(*cameras, coverage_alarm_after="5m", **changes))


def alive(judge: Bench, seconds: float, *, without: tuple[str, ...] = (), a_c: float = 20) -> Told:
    """All is well at this time, except for cameras and assets in `without`."""
    messages = [status(name, seconds) for name in ("cam-1", "cam-2") if name not in without]
    seen = {name: temperature for name, temperature in (("ds-a", a_c), ("ds-b", 20)) if name not in without}
    first = frame(seconds, dict(seen)) if "cam-1" not in without else []
    second = [reading("ds-c", seconds, 20, camera="cam-2", view="v2")]
    if {"cam-2", "ds-c"} & set(without):
        second = []
    return judge.tell(*messages, *first, *second, now=at(seconds))


def live_on(judge: Bench, begin: int, end: int, *without: str) -> list[str]:
    """Ten seconds a step, up to `end`; what was told meanwhile."""
    lines: list[str] = []
    for seconds in range(begin, end + 1, 10):
        lines += alive(judge, seconds, without=without).lines
    return lines


def standing(judge: Bench, point: str, condition: str) -> Alarm:
    state = PointState.decode(judge.kept[point])
    return next(it.alarm for it in state.conditions if it.name == condition and it.alarm is not None)


class TestLevels:
    def test_an_asset_that_is_not_measured_any_more(self) -> None:
        judge = bench()
        alive(judge, 0)

        assert live_on(judge, 10, 290, "ds-b") == []
        assert live_on(judge, 300, 330, "ds-b") == ["raised ds-b coverage"]

        data = judge.alerts[0]["data"]
        assert (data["priority"], data["quality"], data["state"]) == ("low", "stale", "unacknowledged")
        assert data["since"] == data["captured_at"] == "2026-03-01T18:00:00.000000Z"
        assert data["reason"] == "not measured"
        assert judge.alerts[0]["time"] == "2026-03-01T18:05:00.000000Z"

    def test_a_view_of_which_nothing_is_measured(self) -> None:
        judge = bench()
        alive(judge, 0)

        assert live_on(judge, 10, 320, "ds-a", "ds-b") == ["raised v1 coverage"]

    def test_readings_without_temperatures_are_none(self) -> None:
        judge = bench()
        alive(judge, 0)
        for seconds in range(10, 320, 10):
            judge.tell(*(status(name, seconds) for name in ("cam-1", "cam-2")), now=at(seconds))
            judge.tell(*frame(seconds, {"ds-a": None, "ds-b": None}), now=at(seconds))
            judge.tell(reading("ds-c", seconds, 20, camera="cam-2", view="v2"), now=at(seconds))

        assert judge.lines == ["raised v1 coverage"]

    def test_a_camera_that_is_not_healthy(self) -> None:
        judge = bench()
        alive(judge, 0)
        lines: list[str] = []
        for seconds in range(10, 330, 10):
            silent = status("cam-1", seconds, CameraState.SILENT, since=at(8), reason="no frame for 8 s")
            lines += judge.tell(silent, now=at(seconds)).lines
            lines += alive(judge, seconds, without=("cam-1",)).lines

        assert lines == ["raised cam-1 coverage"]
        data = judge.alerts[0]["data"]
        assert data["reason"] == "camera silent"
        assert judge.alerts[0]["time"] == "2026-03-01T18:05:08.000000Z"

    def test_a_camera_whose_state_is_overdue(self) -> None:
        judge = bench()
        alive(judge, 0)

        assert live_on(judge, 10, 320, "cam-1") == ["raised cam-1 coverage"]

    def test_a_link_that_is_down_is_one_alarm_and_not_five(self) -> None:
        judge = bench()
        alive(judge, 0)
        lines = [line for seconds in range(1, 1000) for line in judge.tick(seconds).lines]

        assert lines == ["raised ss-1 coverage"]
        assert judge.alerts[0]["time"] == "2026-03-01T18:05:00.000000Z"

    def test_readings_that_end_before_the_states_are_still_one_alarm(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tell(status("cam-1", 2), status("cam-2", 2), now=at(2))

        lines = [line for seconds in range(3, 1000) for line in judge.tick(seconds).lines]

        assert lines == ["raised ss-1 coverage"]

    def test_what_was_never_seen_counts_from_the_start(self) -> None:
        judge = bench()
        judge.tick(0)

        assert live_on(judge, 10, 290, "ds-b") == []
        assert live_on(judge, 300, 300, "ds-b") == ["raised ds-b coverage"]

    def test_what_was_never_seen_counts_on_after_a_restart(self) -> None:
        judge = bench()
        live_on(judge, 0, 200, "ds-b")

        judge.restart()

        assert live_on(judge, 210, 320, "ds-b") == ["raised ds-b coverage"]

    def test_a_recording_owes_no_coverage(self) -> None:
        judge = Bench(site(camera("cam-3", view("v3", asset("ds-d")), source="folder:x")))

        assert [judge.tick(seconds).lines for seconds in (0, 400, 4000)] == [[], [], []]

    def test_a_camera_that_has_finished_owes_none_and_ends_what_it_owed(self) -> None:
        judge = bench()
        alive(judge, 0)
        live_on(judge, 10, 320, "ds-b")
        assert judge.lines == ["raised ds-b coverage"]

        judge.tell(status("cam-1", 330, CameraState.FINISHED), now=at(330))
        lines = live_on(judge, 340, 900, "cam-1")

        assert judge.lines == ["raised ds-b coverage", "returned ds-b coverage"]
        assert lines == []


class TestReturn:
    def test_an_asset_returns_with_its_next_valid_reading(self) -> None:
        judge = bench()
        alive(judge, 0)
        live_on(judge, 10, 320, "ds-b")

        assert alive(judge, 330).lines == ["returned ds-b coverage"]
        assert judge.alerts[-1]["data"]["captured_at"] == "2026-03-01T18:05:30.000000Z"

    def test_a_camera_returns_when_it_is_healthy_and_is_read(self) -> None:
        judge = bench()
        alive(judge, 0)
        live_on(judge, 10, 320, "cam-1")

        assert judge.tell(status("cam-1", 330), now=at(330)).lines == []
        assert judge.tell(*frame(331, {"ds-a": 20, "ds-b": 20}), now=at(331)).lines == ["returned cam-1 coverage"]

    def test_a_link_returns_with_the_first_state(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tick(400)

        assert judge.tell(status("cam-2", 401), now=at(401)).lines == ["returned ss-1 coverage"]

    def test_what_is_still_silent_below_counts_anew(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tick(400)

        assert live_on(judge, 410, 700, "ds-b") == ["returned ss-1 coverage"]
        assert live_on(judge, 710, 720, "ds-b") == ["raised ds-b coverage"]
        assert judge.alerts[-1]["time"] == "2026-03-01T18:11:50.000000Z"

    def test_a_short_failure_above_does_not_let_all_below_cry_at_once(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tick(299)

        # The states are back before the readings, and the readings are over their delay by now.
        judge.tell(status("cam-1", 299.5), status("cam-2", 299.5), now=at(299.5))

        assert judge.tick(301).lines == []

    def test_a_view_that_falters_does_not_hide_that_an_asset_is_gone(self) -> None:
        judge = bench()
        alive(judge, 0)
        lines: list[str] = []
        for seconds in range(1, 330):
            lines += alive(judge, seconds, without=("ds-a", "ds-b") if seconds % 20 else ("ds-b",)).lines

        assert lines == ["raised ds-b coverage"]


class TestBacklog:
    def test_a_backlog_is_not_silence(self) -> None:
        judge = bench()
        alive(judge, 0)

        for seconds in range(10, 600, 10):
            told = judge.tell(*frame(seconds, {"ds-a": 20, "ds-b": 20}), now=at(5000))
            assert told.lines == []

    def test_fresh_states_do_not_hide_that_readings_are_behind(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tell(*frame(10, {"ds-a": 20, "ds-b": 20}), now=at(5000))

        assert judge.tell(status("cam-1", 5000), status("cam-2", 5000), now=at(5000)).lines == []

    def test_a_process_that_has_just_started_waits_for_what_it_may_have_missed(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.restart()

        assert judge.tick(5000).lines == []
        assert judge.tick(5005).lines == ["raised ss-1 coverage"]


class TestQuarantine:
    def test_it_is_raised_at_once(self) -> None:
        judge = bench()
        alive(judge, 0)

        told = judge.tell(status("cam-1", 5, CameraState.QUARANTINED, reason="10 bad frames"), now=at(5))

        assert told.lines == ["raised cam-1 coverage"]
        assert told.alerts[0]["data"]["reason"] == "camera quarantined: 10 bad frames"

    def test_it_stands_while_ingest_says_that_all_is_well_and_nothing_is_read(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tell(status("cam-1", 5, CameraState.QUARANTINED), now=at(5))

        lines = [judge.tell(status("cam-1", seconds), now=at(seconds)).lines for seconds in range(6, 900, 10)]

        assert not any(line for told in lines for line in told if "cam-1" in line or "v1" in line)

    def test_it_returns_when_readings_come_again(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tell(status("cam-1", 5, CameraState.QUARANTINED), now=at(5))

        assert alive(judge, 70).lines == ["returned cam-1 coverage"]

    def test_a_repeat_of_an_old_one_raises_nothing(self) -> None:
        judge = bench()
        alive(judge, 0)
        quarantined = status("cam-1", 5, CameraState.QUARANTINED)
        judge.tell(quarantined, now=at(5))
        alive(judge, 70)

        assert judge.tell(quarantined, now=at(71)).lines == []

    def test_a_repeat_of_its_renewal_raises_nothing_once_the_camera_is_back(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tell(status("cam-1", 5, CameraState.QUARANTINED), now=at(5))
        renewed = status("cam-1", 65, CameraState.QUARANTINED)
        judge.tell(renewed, now=at(65))
        alive(judge, 130)

        assert judge.tell(renewed, now=at(131)).lines == []

    def test_without_a_reason_the_line_does_not_end_in_a_colon(self) -> None:
        judge = bench()
        alive(judge, 0)

        told = judge.tell(status("cam-1", 5, CameraState.QUARANTINED), now=at(5))

        assert told.alerts[0]["data"]["reason"] == "camera quarantined"

    def test_one_told_by_a_clock_that_is_a_little_behind_counts(self) -> None:
        judge = bench()
        alive(judge, 10)

        told = judge.tell(status("cam-1", 9.5, CameraState.QUARANTINED), now=at(10))

        assert told.lines == ["raised cam-1 coverage"]


class TestQuality:
    def test_a_standing_alarm_is_stale_at_once_without_an_event_or_a_new_version(self) -> None:
        judge = bench()
        alive(judge, 0, a_c=90)
        assert standing(judge, "ds-a", "high").quality == "good"
        alive(judge, 10, without=("ds-a",))
        assert standing(judge, "ds-a", "high").quality == "good"
        before = len(judge.alerts)

        alive(judge, 11, without=("ds-a",))

        alarm = standing(judge, "ds-a", "high")
        assert (alarm.quality, alarm.version) == ("stale", 1)
        assert len(judge.alerts) == before

    def test_it_is_good_again_with_the_next_valid_reading(self) -> None:
        judge = bench()
        alive(judge, 0, a_c=90)
        alive(judge, 20, without=("ds-a",))

        alive(judge, 21, a_c=90)

        assert standing(judge, "ds-a", "high").quality == "good"

    def test_a_frozen_camera_gives_stale_data(self) -> None:
        judge = bench()
        alive(judge, 0)
        judge.tell(status("cam-1", 1, CameraState.FROZEN), now=at(1))

        told = judge.tell(reading("ds-a", 2, 90), now=at(2))

        assert told.alerts[0]["data"]["quality"] == "stale"
