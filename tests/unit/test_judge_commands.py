"""Acknowledging alarms: decided in order, once, and written down."""

from __future__ import annotations

from canairy.messages.state import PointState
from canairy.topics import AUDIT
from tests.helpers.judging import Bench, acknowledge, asset, camera, reading, site, view


def raised() -> tuple[Bench, str]:
    """A judge with one alarm, and the alarm's identifier."""
    judge = Bench(site(camera("cam-1", view("v1", asset("ds-a", high_c=80)))))
    judge.tell(reading("ds-a", 0, 85))
    return judge, judge.alerts[0]["data"]["alarm"]


class TestAccepted:
    def test_an_acknowledgement_is_told_and_audited(self) -> None:
        judge, alarm = raised()

        told = judge.tell(acknowledge(alarm, 42, key="k1", user="kim", version=1))

        event = told.alerts[0]
        assert event["time"] == "2026-03-01T18:00:42.000000Z"
        assert event["data"]["captured_at"] == "2026-03-01T18:00:00.000000Z"
        assert event["data"]["acknowledged_by"] == "kim"
        assert event["data"]["state"] == "acknowledged"
        assert told.audit == [
            {
                "command": "k1",
                "action": "acknowledge",
                "site": "ss-1",
                "alarm": alarm,
                "asset": "ds-a",
                "user": "kim",
                "comment": "",
                "expected_version": 1,
                "issued_at": "2026-03-01T18:00:42.000000Z",
                "outcome": "accepted",
                "reason": "",
                "version": 2,
            }
        ]
        assert [it.key for it in told.outgoing if it.topic == AUDIT] == ["ds-a"]

    def test_the_same_key_again_is_accepted_again_without_a_second_event(self) -> None:
        judge, alarm = raised()
        first = judge.tell(acknowledge(alarm))

        again = judge.tell(acknowledge(alarm))

        assert again.audit == first.audit
        assert again.alerts == []

    def test_it_is_so_after_a_restart_and_after_the_alarm_is_long_over(self) -> None:
        judge, alarm = raised()
        first = judge.tell(acknowledge(alarm))
        judge.tell(reading("ds-a", 100, 20))
        judge.tell(reading("ds-a", 101, 85))

        judge.restart()

        assert judge.tell(acknowledge(alarm)).audit == first.audit

    def test_a_key_that_is_no_longer_remembered_is_known_by_its_alarm(self) -> None:
        judge, alarm = raised()
        judge.tell(acknowledge(alarm, key="first"))
        judge.tell(*(acknowledge("none", key=f"k{n}") for n in range(150)))

        again = judge.tell(acknowledge(alarm, key="first"))

        assert (again.audit[0]["outcome"], again.alerts) == ("accepted", [])

    def test_the_memory_of_decisions_is_bounded(self) -> None:
        judge, alarm = raised()
        judge.tell(*(acknowledge(alarm, key=f"k{n}") for n in range(150)))

        assert len(PointState.decode(judge.kept["_commands"]).decisions) == 100

    def test_how_good_the_data_are_then_follows_from_messages_and_not_from_the_last_look_at_the_clock(self) -> None:
        fresh, grown_old = raised(), raised()

        soon = fresh[0].tell(acknowledge(fresh[1], 5))
        later = grown_old[0].tell(acknowledge(grown_old[1], 5.1))

        assert soon.alerts[0]["data"]["quality"] == "good"
        assert later.alerts[0]["data"]["quality"] == "stale"


class TestRejected:
    def test_an_unknown_alarm(self) -> None:
        judge, _ = raised()

        told = judge.tell(acknowledge("0123456789ab"))

        assert told.alerts == []
        assert told.audit[0]["outcome"] == "rejected"
        assert "0123456789ab" in told.audit[0]["reason"]
        assert [it.key for it in told.outgoing if it.topic == AUDIT] == ["0123456789ab"]

    def test_a_version_that_is_no_longer_the_alarms(self) -> None:
        judge, alarm = raised()
        judge.tell(reading("ds-a", 1, 20), reading("ds-a", 2, 85))

        told = judge.tell(acknowledge(alarm, version=1))

        assert told.audit[0]["outcome"] == "rejected"
        assert told.audit[0]["reason"] == "the alarm is at version 3, not 1: look at it again"

    def test_the_second_of_two_users(self) -> None:
        judge, alarm = raised()

        told = judge.tell(acknowledge(alarm, key="k1", user="kim"), acknowledge(alarm, key="k2", user="lee"))

        assert [it["outcome"] for it in told.audit] == ["accepted", "rejected"]
        assert told.audit[1]["reason"] == "already acknowledged by kim"
        assert len(told.alerts) == 1

    def test_a_key_that_was_used_for_another_alarm(self) -> None:
        judge, alarm = raised()
        judge.tell(acknowledge(alarm, key="k1"))

        told = judge.tell(acknowledge("0123456789ab", key="k1"))

        assert told.audit[0]["outcome"] == "rejected"
        assert told.audit[0]["alarm"] == "0123456789ab"
