"""The verdict on a run under fire: what each kind of damage is called, and that an undamaged run has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import files
from tests.chaos.raw import Beat, DeadLetter, Decision, Event, Left, Raw, Timed
from tests.chaos.recording import BAD, LIVE
from tests.chaos.schedule import Blow, strikes
from tests.chaos.striker import Struck
from tests.chaos.verdict import judge

ENDED = "2026-11-24T11:30:00+00:00"
RAISED = Event("a1", "raised", "lim-toggle", "2026-03-01T03:00:00+00:00", "high")
RETURNED = RAISED._replace(type="returned", captured_at="2026-03-01T03:00:02+00:00")
LOW = Event("b2", "raised", "ph-a", "2026-03-01T03:00:01+00:00", "low")
STANDS = Timed("c3-raised-1", "c3", "raised", BAD, "2026-11-24T11:20:00+00:00")
SILENT = Timed("d4-raised-1", "d4", "raised", LIVE, "2026-11-24T11:21:00+00:00")
BACK = Timed("d4-returned-2", "d4", "returned", LIVE, "2026-11-24T11:22:00+00:00")
BEAT = Beat("e5-heartbeat", "_canary:5", "2026-11-24T11:29:58+00:00")
ACCEPTED = Decision("ack-a1", "a1", "accepted")
UNREADABLE = "thermal.frames/2/7"
BURIED = DeadLetter("invalid", BAD, UNREADABLE)
SOUND = Raw(
    ended_at=ENDED,
    events=(RAISED, RETURNED, LOW),
    timed=(STANDS, SILENT, BACK),
    beats=(BEAT,),
    decisions=(ACCEPTED,),
    dead_letters=(BURIED,),
    canaries=(BEAT.frame,),
    unreadable=(UNREADABLE,),
)


def names(**changes: Any) -> dict[str, int]:  # noqa: ANN401 - the fields of Raw
    """What is found in a run that is sound but for these."""
    return dict(judge(SOUND, replace(SOUND, **changes)).names)


def test_a_run_that_says_the_same_in_another_order_holds() -> None:
    again = replace(
        SOUND, events=(LOW, RETURNED, RAISED), decisions=(ACCEPTED, ACCEPTED), dead_letters=(BURIED, BURIED)
    )

    assert judge(SOUND, again).holds


def test_a_lost_event_fails_by_name() -> None:
    assert names(events=(RAISED, LOW)) == {"lost event": 1}


def test_a_doubled_event_fails_by_name() -> None:
    assert names(events=(RAISED, RETURNED, RETURNED, LOW)) == {"doubled event": 1}


def test_of_an_event_that_came_twice_in_the_undisturbed_run_both_must_come() -> None:
    twice = replace(SOUND, events=(RAISED, RAISED, RETURNED, LOW))

    assert dict(judge(twice, SOUND).names) == {"lost event": 1}


@pytest.mark.parametrize(
    "changed",
    [
        RETURNED._replace(captured_at="2026-03-01T03:00:04+00:00"),
        RETURNED._replace(priority="medium"),
        RETURNED._replace(alarm="f6"),
    ],
)
def test_an_event_with_another_time_priority_or_alarm_fails_by_name(changed: Event) -> None:
    assert names(events=(RAISED, changed, LOW)) == {"changed event": 1}


def test_an_event_that_the_undisturbed_run_does_not_know_fails_by_name() -> None:
    assert names(events=(RAISED, RETURNED, LOW, LOW._replace(asset="ph-b"))) == {"unexpected event": 1}


def test_a_missing_command_fails_by_name() -> None:
    assert names(decisions=()) == {"missing command": 1}
    assert names(decisions=(ACCEPTED._replace(outcome="rejected"),)) == {"missing command": 1}


def test_a_command_that_only_the_disturbed_run_accepted_fails_by_name() -> None:
    assert names(decisions=(ACCEPTED, Decision("ack-b2", "b2", "accepted"))) == {"unexpected command": 1}


def test_a_crashed_dead_letter_fails_by_name_even_of_the_bad_camera() -> None:
    assert names(dead_letters=(BURIED, BURIED._replace(kind="crashed"))) == {"crashed dead letter": 1}


def test_a_dead_letter_of_a_good_camera_fails_by_name() -> None:
    assert names(dead_letters=(BURIED, DeadLetter("invalid", "limits", "thermal.frames/0/1"))) == {
        "good message refused": 1
    }


def test_a_bad_message_that_nobody_put_aside_fails_by_name() -> None:
    assert names(dead_letters=()) == {"bad message without a dead letter": 1}


def test_a_consumer_left_behind_fails_by_name() -> None:
    assert names(left_behind=(Left("chaos-ss.anomaly", "thermal.detections/1", 7, 9),)) == {"consumer left behind": 1}


@pytest.mark.parametrize(
    ("beats", "name"),
    [
        ((BEAT, BEAT), "doubled heartbeat"),
        ((BEAT, Beat("f6-heartbeat", "_canary:6", BEAT.time)), "heartbeat without a canary"),
        ((BEAT._replace(time="2026-11-24T11:29:20+00:00"),), "no heartbeat at the end"),
    ],
)
def test_each_canary_has_one_heartbeat_and_the_last_is_young(beats: Sequence[Beat], name: str) -> None:
    assert names(beats=beats) == {name: 1}


def test_a_canary_without_a_heartbeat_fails_by_name() -> None:
    assert names(canaries=(BEAT.frame, "_canary:6")) == {"lost heartbeat": 1}


def test_coverage_may_come_at_other_times_and_more_often() -> None:
    again = [
        it._replace(id=it.id.replace("d4", "g7"), alarm="g7", time="2026-11-24T11:25:00+00:00") for it in (SILENT, BACK)
    ]

    assert names(timed=(SILENT, STANDS, BACK, *again)) == {}


@pytest.mark.parametrize(
    ("timed", "found"),
    [
        ((STANDS, SILENT, SILENT, BACK), {"doubled coverage event", "coverage out of order"}),
        ((STANDS, BACK), {"coverage out of order"}),
        ((STANDS, SILENT), {"wrong coverage at the end"}),
        ((SILENT, BACK), {"wrong coverage at the end"}),
    ],
)
def test_coverage_is_raised_and_returned_in_turn_and_only_the_bad_camera_stands(
    timed: Sequence[Timed], found: set[str]
) -> None:
    assert names(timed=timed).keys() == found


def test_coverage_of_the_time_after_the_end_does_not_count() -> None:
    after = Timed("h8-raised-1", "h8", "raised", "chaos-ss", "2026-11-24T11:30:20+00:00")

    assert names(timed=(STANDS, SILENT, BACK, after)) == {}


@pytest.mark.parametrize("field", ["events", "timed", "beats", "decisions", "unreadable"])
def test_an_undisturbed_run_that_shows_nothing_proves_nothing(field: str) -> None:
    empty = replace(SOUND, **{field: ()})  # type: ignore[arg-type]

    assert "nothing to compare" in judge(empty, empty).names


def test_an_undisturbed_run_that_is_unsound_itself_fails() -> None:
    assert dict(judge(replace(SOUND, beats=(BEAT, BEAT)), SOUND).names) == {"undisturbed: doubled heartbeat": 1}


def test_the_verdict_follows_from_the_files_of_a_run(tmp_path: Path) -> None:
    struck = [Struck(1, ENDED, 2.5, "kafka", Blow.KILL, None), Struck(2, ENDED, 4, "standby", Blow.FREEZE, {}, True)]

    verdict = files.write(tmp_path, {"seed": 1}, SOUND, replace(SOUND, events=(RAISED, LOW)), struck)

    assert files.judge_again(tmp_path) == verdict
    assert files.read_told(tmp_path) == files.told(tmp_path, verdict)
    assert [finding["name"] for finding in files.read_told(tmp_path)["findings"]] == ["lost event"]
    assert [it["process"] for it in files.read_struck(tmp_path)] == ["kafka", "standby"]


def test_a_seed_gives_the_same_strikes_and_another_others() -> None:
    assert strikes(1, 50) == strikes(1, 50)
    assert strikes(1, 50) != strikes(2, 50)
    assert {strike.process for strike in strikes(1, 200)} == {
        "kafka", "ingest", "detection", "anomaly", "alerting", "standby",
    }  # fmt: skip
