"""What is wrong with the whole site is one alarm of the site, told by the canary."""

from __future__ import annotations

import pytest

from canairy.messages.header import DISK_FULL, MODEL_UNAVAILABLE, SPOOL_IN_USE, TIME_INVALID
from tests.helpers.judging import Bench, acknowledge, asset, camera, canary, site, view

FLAGS = [(TIME_INVALID, "clock", "low"), (DISK_FULL, "disk", "medium"), (MODEL_UNAVAILABLE, "models", "low")]


def bench() -> Bench:
    return Bench(site(camera("cam-1", view("v1", asset("ds-a", high_c=80)))))


@pytest.mark.parametrize(("flag", "name", "priority"), FLAGS)
def test_it_is_raised_once_while_it_lasts_and_returns(flag: str, name: str, priority: str) -> None:
    judge = bench()

    for minute, flags in enumerate([(), (flag,), (flag, SPOOL_IN_USE), (), ()]):
        judge.tell(canary(60 * minute, flags=flags))

    events = [it for it in judge.alerts if not it["type"].endswith("heartbeat.v1")]
    assert [it["type"].split(".")[3] for it in events] == ["raised", "returned"]
    assert {(it["subject"], it["data"]["condition"], it["data"]["priority"]) for it in events} == {
        ("ss-1", name, priority)
    }
    assert events[0]["time"] == "2026-03-01T18:01:00.000000Z"
    assert events[0]["data"]["response"]


def test_both_at_a_time_are_two_alarms() -> None:
    judge = bench()

    told = judge.tell(canary(0, flags=(TIME_INVALID, DISK_FULL)))

    assert sorted(told.lines)[1:] == ["raised ss-1 clock", "raised ss-1 disk"]


def test_repeats_and_late_canaries_change_nothing() -> None:
    judge = bench()
    judge.tell(canary(0), canary(60, flags=(DISK_FULL,)))

    told = judge.tell(canary(60, flags=(DISK_FULL,)), canary(0), canary(57))

    assert [line for line in told.lines if "ss-1" in line] == []


def test_it_stands_through_a_restart_and_is_acknowledged_as_any_alarm() -> None:
    judge = bench()
    raised = judge.tell(canary(0, flags=(DISK_FULL,))).alerts[-1]["data"]["alarm"]

    judge.restart()
    again = judge.tell(canary(60, flags=(DISK_FULL,)))
    acknowledged = judge.tell(acknowledge(raised, 61))
    returned = judge.tell(canary(120))

    assert [line for line in again.lines if "disk" in line] == []
    assert acknowledged.lines == ["acknowledged ss-1 disk"]
    assert returned.lines[-1] == "returned ss-1 disk"
    assert returned.alerts[-1]["data"]["state"] == "normal"


def test_what_an_operator_can_do_nothing_about_stays_in_the_status() -> None:
    told = bench().tell(canary(0, flags=(SPOOL_IN_USE,)))

    assert [it["data"].get("status") for it in told.alerts] == [[SPOOL_IN_USE]]
