"""The canary becomes the site's heartbeat, and nothing else."""

from __future__ import annotations

from canairy.messages.header import CANARY, MODEL_UNAVAILABLE, SPOOL_IN_USE
from tests.helpers.judging import Bench, asset, camera, canary, reading, site, status, view


def bench() -> Bench:
    return Bench(site(camera("cam-1", view("v1", asset("ds-a", high_c=80), high_c=70))))


def test_one_canary_is_one_heartbeat_and_no_alarm() -> None:
    told = bench().tell(canary(0))

    event = told.alerts[0]
    assert [it["type"] for it in told.alerts] == ["io.canairy.alarm.heartbeat.v1"]
    assert (event["subject"], event["time"]) == (CANARY, "2026-03-01T18:00:00.000000Z")
    assert (event["data"]["status"], event["data"]["temperature_c"]) == ([], 95.0)


def test_it_carries_what_is_wrong_with_the_site() -> None:
    told = bench().tell(canary(0, flags=(SPOOL_IN_USE, MODEL_UNAVAILABLE)))

    assert told.alerts[0]["data"]["status"] == ["model_unavailable", "spool_in_use"]


def test_one_that_is_measured_below_its_limit_or_not_at_all_was_lost_on_the_way() -> None:
    told = bench().tell(canary(0, 89.9), canary(60, None))

    assert [it["data"]["status"] for it in told.alerts] == [["canary_not_measured"]] * 2


def test_a_repeat_is_no_second_heartbeat_even_after_an_hour_and_a_restart() -> None:
    judge = bench()
    hour = [canary(60 * minute) for minute in range(60)]
    judge.tell(*hour)

    judge.restart()
    judge.tell(*hour)

    assert len(judge.alerts) == 60
    assert len({it["id"] for it in judge.alerts}) == 60


def test_finds_in_its_frame_and_its_own_state_are_nothing() -> None:
    judge = bench()

    told = judge.tell(
        canary(0, index=0, count=2),
        reading(f"{CANARY}/find-1", 0, 95, camera=CANARY, view=CANARY, index=1, count=2),
        status(CANARY, 0),
    )

    assert len(told.alerts) == 1
    assert set(judge.kept) == {CANARY}
