"""High and high-high limits, on-delay, dead-band, lower bounds, and the life of an alarm."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from canairy.messages.header import OVER_RANGE
from canairy.messages.state import PointState
from tests.helpers.judging import Bench, acknowledge, asset, at, camera, reading, site, view


def bench(**limits: object) -> Bench:
    return Bench(site(camera("cam-1", view("v1", asset("ds-a", "A", None, high_c=80, dead_band_k=3, **limits)))))


def series(judge: Bench, *values: float, start: float = 0) -> list[str]:
    """One reading a second; what was told about each excursion."""
    lines: list[str] = []
    for second, value in enumerate(values):
        lines += judge.tell(reading("ds-a", start + second, value)).lines
    return lines


class TestLimits:
    def test_a_reading_at_the_limit_raises_and_one_below_does_not(self) -> None:
        judge = bench()

        assert series(judge, 79.99) == []
        assert series(judge, 80.0, start=1) == ["raised ds-a high"]

    def test_an_alarm_stands_while_it_is_within_the_dead_band(self) -> None:
        judge = bench()

        lines = series(judge, 81, 79, 77.0, 76.99, 79)

        assert lines == ["raised ds-a high", "returned ds-a high"]
        assert judge.alerts[-1]["data"]["captured_at"] == "2026-03-01T18:00:03.000000Z"

    def test_high_high_is_an_alarm_of_its_own_and_one_level_more_urgent(self) -> None:
        joint = asset("ds-a", high_c=80, high_high_c=100) | {"respond_within": "2h"}
        judge = Bench(site(camera("cam-1", view("v1", joint))))

        lines = series(judge, 101, 90, 70)

        assert lines == [
            "raised ds-a high",
            "raised ds-a high_high",
            "returned ds-a high_high",
            "returned ds-a high",
        ]
        assert [it["data"]["priority"] for it in judge.alerts[:2]] == ["medium", "high"]

    def test_a_reading_without_temperatures_changes_nothing(self) -> None:
        judge = bench()
        series(judge, 85)

        assert judge.tell(reading("ds-a", 1, None)).lines == []

    def test_the_reason_is_one_line_a_person_understands(self) -> None:
        judge = bench()

        series(judge, 94.2, 70)

        raised, returned = (it["data"] for it in judge.alerts)
        assert raised["reason"] == "94.2 °C (limit 80)"
        assert raised["response"] == "look after ds-a"
        assert returned["reason"] == "70.0 °C, under 77 (limit 80, dead-band 3)"


class TestOnDelay:
    def test_the_condition_must_hold_from_its_first_reading_over_the_limit(self) -> None:
        judge = bench(on_delay="10s")

        for second in (0, 4, 9.999):
            assert judge.tell(reading("ds-a", second, 85)).lines == []
        told = judge.tell(reading("ds-a", 10, 85))

        assert told.lines == ["raised ds-a high"]
        assert told.alerts[0]["data"]["since"] == "2026-03-01T18:00:00.000000Z"
        assert told.alerts[0]["time"] == "2026-03-01T18:00:10.000000Z"

    def test_a_reading_under_the_limit_starts_the_count_anew(self) -> None:
        judge = bench(on_delay="3s")

        assert series(judge, 85, 85, 79, 85, 85, 85) == []
        assert series(judge, 85, start=6) == ["raised ds-a high"]

    def test_time_of_the_judge_does_not_count(self) -> None:
        judge = bench(on_delay="10s")

        judge.tell(reading("ds-a", 0, 85), now=at(0))

        assert judge.tell(reading("ds-a", 1, 85), now=at(500)).lines == []

    def test_an_alarm_that_returned_needs_its_on_delay_again(self) -> None:
        judge = bench(on_delay="2s")
        series(judge, 85, 85, 85, 70)

        assert series(judge, 85, 85, start=4) == []
        assert series(judge, 85, start=6) == ["raised ds-a high"]


class TestLowerBound:
    def test_an_under_resolved_reading_may_raise(self) -> None:
        told = bench().tell(reading("ds-a", 0, 85, side_px=2))

        assert told.lines == ["raised ds-a high"]
        assert told.alerts[0]["data"]["reason"] == "at least 85.0 °C (limit 80)"

    @pytest.mark.parametrize(("side_px", "flags"), [(2, ()), (8, (OVER_RANGE,))])
    def test_a_lower_bound_never_clears(self, side_px: int, flags: tuple[str, ...]) -> None:
        judge = bench()
        series(judge, 85)

        assert judge.tell(reading("ds-a", 1, 20, side_px=side_px, flags=flags)).lines == []
        assert series(judge, 20, start=2) == ["returned ds-a high"]

    def test_a_lower_bound_under_the_limit_does_not_end_the_count(self) -> None:
        judge = bench(on_delay="2s")

        judge.tell(reading("ds-a", 0, 85))
        judge.tell(reading("ds-a", 1, 20, side_px=2))

        assert judge.tell(reading("ds-a", 2, 85)).lines == ["raised ds-a high"]


class TestRepeatedAndLate:
    def test_a_repeated_reading_changes_nothing_and_writes_nothing(self) -> None:
        judge = bench()
        first = reading("ds-a", 0, 85)
        judge.tell(first)

        again = judge.tell(first)

        assert list(again.outgoing) == []

    def test_more_than_five_seconds_behind_the_newest_is_not_judged(self) -> None:
        judge = bench()
        judge.tell(reading("ds-a", 10, 20))

        assert list(judge.tell(reading("ds-a", 4.999, 99)).outgoing) == []

    def test_within_five_seconds_a_late_reading_may_raise(self) -> None:
        judge = bench()
        judge.tell(reading("ds-a", 10, 20))

        told = judge.tell(reading("ds-a", 5, 99))

        assert told.lines == ["raised ds-a high"]
        assert told.alerts[0]["data"]["since"] == "2026-03-01T18:00:05.000000Z"

    def test_a_late_reading_never_clears(self) -> None:
        judge = bench()
        judge.tell(reading("ds-a", 10, 99))

        assert judge.tell(reading("ds-a", 9, 20)).lines == []

    def test_a_late_reading_does_not_move_the_count_back(self) -> None:
        judge = bench(on_delay="4s")
        judge.tell(reading("ds-a", 10, 99))
        judge.tell(reading("ds-a", 7, 99))

        assert judge.tell(reading("ds-a", 12, 99)).lines == []
        assert judge.tell(reading("ds-a", 14, 99)).lines == ["raised ds-a high"]

    def test_the_newest_reading_stays_the_last(self) -> None:
        judge = bench()
        judge.tell(reading("ds-a", 10, 20), reading("ds-a", 9, 21))

        last = PointState.decode(judge.kept["ds-a"]).last

        assert last is not None
        assert last.header.captured_at == at(10)

    def test_the_memory_of_captures_is_bounded(self) -> None:
        judge = bench()
        judge.tell(*(reading("ds-a", second / 10, 20) for second in range(300)))

        captures = PointState.decode(judge.kept["ds-a"]).captures

        assert len(captures) == 64
        assert captures[-1].captured_at - captures[0].captured_at <= timedelta(seconds=10)

    def test_what_a_full_memory_has_forgotten_is_late(self) -> None:
        judge = bench()
        judge.tell(*(reading("ds-a", second / 50, 20) for second in range(100)))

        assert list(judge.tell(reading("ds-a", 0, 99)).outgoing) == []

    def test_the_variant_without_the_check_judges_a_repeat_again(self) -> None:
        known, unknown = bench(), bench()
        unknown = Bench(unknown.site, know_captures=False)
        messages = [reading("ds-a", 0, 85), reading("ds-a", 1, 70)]

        for judge in (known, unknown):
            judge.tell(*messages)
            judge.tell(*messages)

        assert known.lines == ["raised ds-a high", "returned ds-a high"]
        assert unknown.lines != known.lines


class TestLife:
    def test_the_identifier_follows_from_what_it_is_about_and_when(self) -> None:
        judge = bench()
        series(judge, 85)

        text = "ss-1|ds-a|high|2026-03-01T18:00:00.000000+00:00"

        assert judge.alerts[0]["data"]["alarm"] == hashlib.sha256(text.encode()).hexdigest()[:12]

    def test_back_before_anybody_acknowledged_it_is_the_same_alarm(self) -> None:
        judge = bench()

        series(judge, 85, 70, 86)

        first, returned, again = (it["data"] for it in judge.alerts)
        assert first["alarm"] == returned["alarm"] == again["alarm"]
        assert [it["version"] for it in (first, returned, again)] == [1, 2, 3]
        assert [it["state"] for it in (first, returned, again)] == [
            "unacknowledged",
            "returned_unacknowledged",
            "unacknowledged",
        ]

    def test_acknowledged_and_returned_is_normal_and_the_next_is_a_new_alarm(self) -> None:
        judge = bench()
        series(judge, 85)
        alarm = judge.alerts[0]["data"]["alarm"]

        judge.tell(acknowledge(alarm))
        series(judge, 70, 85, start=1)

        assert [it["data"]["state"] for it in judge.alerts] == [
            "unacknowledged",
            "acknowledged",
            "normal",
            "unacknowledged",
        ]
        assert judge.alerts[-1]["data"]["alarm"] != alarm
        assert judge.alerts[-1]["data"]["version"] == 1

    def test_acknowledging_what_has_returned_makes_it_normal(self) -> None:
        judge = bench()
        series(judge, 85, 70)

        told = judge.tell(acknowledge(judge.alerts[0]["data"]["alarm"]))

        assert told.lines == ["acknowledged ds-a high"]
        assert told.alerts[0]["data"]["state"] == "normal"
