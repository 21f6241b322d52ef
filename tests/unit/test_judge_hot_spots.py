"""Finds that nobody registered: the view's limit makes them alarms."""

from __future__ import annotations

from canairy.messages.state import PointState
from services.alerting.judge.intake import Input
from tests.helpers.judging import Bench, acknowledge, asset, at, camera, reading, site, view

FIND = "v1/find-1"


def bench(**limit: object) -> Bench:
    return Bench(site(camera("cam-1", view("v1", asset("ds-a"), **limit))))


class TestLimit:
    def test_too_hot(self) -> None:
        told = bench(high_c=70, response="look").tell(reading(FIND, 0, 75, surroundings_c=20))

        assert told.lines == ["raised v1/find-1 hot_spot"]
        assert told.alerts[0]["data"]["reason"] == "75.0 °C (limit 70)"
        assert told.alerts[0]["data"]["response"] == "look"

    def test_too_far_over_its_surroundings(self) -> None:
        told = bench(over_surroundings_k=20).tell(reading(FIND, 0, 45, surroundings_c=20))

        assert told.alerts[0]["data"]["reason"] == "45.0 °C, +25 K over surroundings (limit 20)"
        assert told.alerts[0]["data"]["delta_k"] == 25

    def test_either_raises_and_both_must_be_undercut_to_return(self) -> None:
        judge = bench(high_c=70, over_surroundings_k=20, dead_band_k=2)

        judge.tell(reading(FIND, 0, 75, surroundings_c=60))
        judge.tell(reading(FIND, 1, 60, surroundings_c=30))
        assert judge.lines == ["raised v1/find-1 hot_spot"]

        judge.tell(reading(FIND, 2, 47, surroundings_c=30))
        assert judge.lines[-1] == "returned v1/find-1 hot_spot"

    def test_unknown_surroundings_do_not_clear(self) -> None:
        judge = bench(over_surroundings_k=20)
        judge.tell(reading(FIND, 0, 45, surroundings_c=20))

        assert judge.tell(reading(FIND, 1, 20)).lines == []

    def test_a_find_of_a_view_without_a_limit_is_no_alarm(self) -> None:
        judge = bench()

        assert judge.tell(reading(FIND, 0, 400, surroundings_c=20)).lines == []
        assert FIND not in judge.kept

    def test_an_unseen_find_is_judged_by_its_last_place(self) -> None:
        judge = bench(high_c=70)
        judge.tell(reading(FIND, 0, 75))

        assert judge.tell(reading(FIND, 1, 30, unseen=True)).lines == ["returned v1/find-1 hot_spot"]


class TestClosed:
    def test_a_hot_spot_that_is_gone_returns(self) -> None:
        judge = bench(high_c=70)
        judge.tell(reading(FIND, 0, 75))

        told = judge.tell(reading(FIND, 1, 75, closed=True))

        assert told.lines == ["returned v1/find-1 hot_spot"]
        assert told.alerts[0]["data"]["reason"] == "hot spot gone"

    def test_it_is_forgotten_when_its_alarm_is_normal_and_its_last_messages_are_old(self) -> None:
        judge = bench(high_c=70)
        judge.tell(reading(FIND, 0, 75), reading(FIND, 1, 75, closed=True))
        judge.tell(reading("ds-a", 20, 20))
        assert FIND in judge.kept

        told = judge.tell(acknowledge(judge.alerts[0]["data"]["alarm"]))

        assert [it.value for it in told.states if it.key == FIND] == [None]

    def test_what_was_forgotten_does_not_come_alive_again(self) -> None:
        judge = bench(high_c=70)
        messages = [reading(FIND, 0, 65), reading(FIND, 1, 75), reading(FIND, 2, 75, closed=True)]
        judge.tell(*messages)
        judge.tell(acknowledge(judge.alerts[0]["data"]["alarm"]))
        judge.tell(reading("ds-a", 20, 20))
        assert FIND not in judge.kept

        judge.restart()

        assert list(judge.tell(*messages, now=at(21)).outgoing) == []

    def test_a_late_reading_of_what_is_gone_is_not_judged(self) -> None:
        judge = bench(high_c=70)
        judge.tell(reading(FIND, 1, 60, closed=True))

        assert judge.tell(reading(FIND, 0, 99)).lines == []

    def test_a_find_that_never_alarmed_is_forgotten_too(self) -> None:
        judge = bench(high_c=70)
        judge.tell(reading(FIND, 0, 60), reading(FIND, 1, 60, closed=True))
        assert PointState.decode(judge.kept[FIND]).last is not None

        judge.tell(reading("ds-a", 12, 20))

        assert FIND not in judge.kept

    def test_when_it_is_forgotten_does_not_depend_on_batches(self) -> None:
        gone = [reading(FIND, 0, 75), reading(FIND, 1, 75, closed=True)]
        alarm = bench(high_c=70).tell(*gone).alerts[0]["data"]["alarm"]
        messages: list[Input] = [
            *gone,
            acknowledge(alarm, key="k1"),
            reading("ds-a", 20, 20),
            acknowledge(alarm, key="k2"),
        ]
        at_once, one_by_one = bench(high_c=70), bench(high_c=70)

        told = at_once.tell(*messages).audit

        assert told == [entry for message in messages for entry in one_by_one.tell(message).audit]
        assert [entry["outcome"] for entry in told] == ["accepted", "rejected"]
