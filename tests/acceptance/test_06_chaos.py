"""Chaos with models: Triton is killed too. What it could not see is flagged and may come later; nothing else changes.

The rules alone come first, without any process; then a run under fire, and variants of anomaly under which Triton is
killed in the middle of a batch: the sound one passes, the faulty ones must not. Each story runs the program behind
`make chaos` to its end; the undisturbed run is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.helpers.chaos import LONGEST_S, Run, chaos
from tests.chaos import files
from tests.chaos.radiator import ASSET, READINGS
from tests.chaos.raw import Beat, Captures, Carried, DeadLetter, Decision, Event, Look, Raw, Timed
from tests.chaos.recording import BAD
from tests.chaos.schedule import MODEL, SERVER, TRITON, strikes
from tests.chaos.verdict import judge
from tests.chaos.verdict_models import due_by_canaries, due_by_scores

KILLS = 12
# Strikes on all three: the guard, the server, and a model's process.
SEED = 4
FRAMES = "frames_of_each_camera"
RECORDING = ("--seed", str(SEED), "--kills", str(KILLS))


# --- the rules ------------------------------------------------------------------------------------------------------

THRESHOLD = 16.0
NORMAL, ABNORMAL = 13.5, 28.0


def at(second: int) -> str:
    return f"2026-03-01T03:00:{second:02}+00:00"


def look(second: int, score: float | None, *, flagged: bool | None = None) -> Look:
    flag = score is None if flagged is None else flagged
    return Look(ASSET, at(second), score, None if score is None else THRESHOLD, flag)


def event(kind: str, captured_at: str, asset: str = ASSET, alarm: str = "a1") -> Event:
    return Event(alarm, kind, asset, captured_at, "low")


# Normal for five seconds, abnormal for seven, normal for eight.
SCORES = [NORMAL] * 5 + [ABNORMAL] * 7 + [NORMAL] * 8
LOOKS = [look(second, score) for second, score in enumerate(SCORES)]
SOUND = Raw(
    ended_at="2026-11-24T11:30:00+00:00",
    events=[event("raised", at(0), "lim-toggle", "b2")],
    timed=[Timed("c3-raised-1", "c3", "raised", BAD, "2026-11-24T11:20:00+00:00")],
    beats=[Beat("e5", "_canary:5", "2026-11-24T11:29:58+00:00")],
    decisions=[Decision("ack-b2", "b2", "accepted")],
    dead_letters=[DeadLetter("invalid", BAD, "thermal.frames/2/7")],
    canaries=["_canary:5"],
    unreadable=["thermal.frames/2/7"],
    scored=[ASSET],
    looks=LOOKS,
    carried=[Carried("_canary:5", "2026-11-24T11:29:58+00:00", flagged=False)],
    captures=[Captures(ASSET, 20), Captures("lim-toggle", 20)],
    anomalies=[event("raised", at(7)), event("returned", at(14))],
)


def unseen(*seconds: int) -> list[Look]:
    """The looks, but for seconds in which the model was away."""
    return [look(second, None if second in seconds else score) for second, score in enumerate(SCORES)]


def names(struck: Sequence[str] = (SERVER,), **changes: Any) -> set[str]:  # noqa: ANN401 - the fields of Raw
    """What is found in a run that is sound but for these."""
    return set(judge(SOUND, replace(SOUND, **changes), struck).names)


def test_a_run_that_says_the_same_holds() -> None:
    assert names(struck=()) == set()


def test_what_was_not_seen_while_triton_was_away_may_make_the_alarm_later_and_nothing_else() -> None:
    later = [event("raised", at(9)), event("returned", at(15))]
    away = [event("raised", at(1), "chaos-ss", "d4"), event("returned", at(2), "chaos-ss", "d4")]
    carried = [Carried("c1", at(1), flagged=True), Carried("c2", at(2), flagged=False)]

    assert names(looks=unseen(5, 6, 12), anomalies=later, carried=carried, away=away) == set()


def test_a_repeated_reading_counts_once_whatever_it_says() -> None:
    again = [*LOOKS[:6], LOOKS[5], look(5, None), *LOOKS[6:]]

    assert names(looks=again) == set()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"looks": LOOKS[:3] + LOOKS[4:]}, {"skipped reading"}),
        ({"looks": [*LOOKS, look(30, NORMAL)]}, {"unexpected reading"}),
        ({"looks": [*LOOKS[:3], look(3, None, flagged=False), *LOOKS[4:]]}, {"silent reading"}),
        ({"looks": [*LOOKS[:3], look(3, NORMAL, flagged=True), *LOOKS[4:]]}, {"flag beside a score"}),
        ({"looks": [*LOOKS[:3], look(3, NORMAL + 0.02), *LOOKS[4:]]}, {"changed score"}),
        ({"looks": [*LOOKS[:3], LOOKS[3]._replace(threshold=17.0), *LOOKS[4:]]}, {"changed score"}),
        ({"captures": [Captures(ASSET, 20), Captures("lim-toggle", 19)]}, {"skipped or unexpected reading"}),
        ({"captures": [Captures(ASSET, 20)]}, {"skipped or unexpected reading"}),
        (
            {"anomalies": []},
            {"alarm does not follow from its readings", "anomaly lost, doubled or changed"},
        ),
        (
            {"anomalies": [event("raised", at(7)), event("returned", at(14), alarm="z9")]},
            {"another alarm returned"},
        ),
        (
            {"anomalies": [event("raised", at(6)), event("returned", at(14))]},
            {"alarm does not follow from its readings", "anomaly too early"},
        ),
        (
            {"anomalies": [event("raised", at(8)), event("returned", at(14))]},
            {"alarm does not follow from its readings"},
        ),
        (
            {"anomalies": [event("raised", at(7)), event("returned", at(14))], "looks": unseen(6)},
            {"alarm does not follow from its readings"},
        ),
        (
            {"looks": unseen(*range(5, 12)), "anomalies": []},
            {"anomaly lost, doubled or changed"},
        ),
        (
            {"away": [event("raised", at(1), "chaos-ss")]},
            {"alarm does not follow from its readings", "models away at the end"},
        ),
        (
            {"carried": [Carried("c1", at(1), flagged=True), Carried("c2", at(2), flagged=False)]},
            {"alarm does not follow from its readings"},
        ),
    ],
)
def test_what_is_wrong_fails_by_name(changes: dict[str, Any], found: set[str]) -> None:
    assert names(**changes) == found


def test_an_alarm_that_waits_for_more_scores_than_it_counts_is_too_late() -> None:
    late = [event("raised", at(7 + 6)), event("returned", at(14 + 6))]

    assert "anomaly too late" in names(anomalies=late)


def test_a_priority_that_changed_fails_by_name() -> None:
    raised, returned = SOUND.anomalies

    assert names(anomalies=[raised._replace(priority="high"), returned]) == {"anomaly lost, doubled or changed"}


@pytest.mark.parametrize("struck", [(), ("kafka", "anomaly")])
def test_without_a_strike_on_triton_all_have_scores_and_the_models_are_never_away(struck: Sequence[str]) -> None:
    carried = [Carried("c1", at(1), flagged=True), Carried("c2", at(2), flagged=False)]
    away = [event("raised", at(1), "chaos-ss", "d4"), event("returned", at(2), "chaos-ss", "d4")]

    assert names(struck, looks=unseen(3)) == {"score missing without a strike on Triton"}
    assert names(struck, carried=carried, away=away) == {"models away without a strike on Triton"}


@pytest.mark.parametrize("struck", [TRITON, SERVER, MODEL])
def test_a_strike_on_any_of_its_processes_is_one_on_triton(struck: str) -> None:
    assert names([struck], looks=unseen(3)) == set()


@pytest.mark.parametrize(
    "changes",
    [{"anomalies": []}, {"anomalies": [event("raised", at(7))]}, {"carried": []}],
    ids=["none", "half", "beat"],
)
def test_an_undisturbed_run_that_shows_nothing_of_the_models_proves_nothing(changes: dict[str, Any]) -> None:
    empty = replace(SOUND, **changes)

    assert "nothing to compare" in judge(empty, empty).names


def test_an_undisturbed_run_in_which_a_score_is_missing_is_unsound() -> None:
    unsound = replace(SOUND, looks=unseen(3))

    assert dict(judge(unsound, SOUND, [SERVER]).names) == {"undisturbed: score missing without a strike on Triton": 1}


def test_a_canary_that_comes_late_or_again_changes_nothing() -> None:
    first, second = Carried("c1", at(5), flagged=True), Carried("c2", at(9), flagged=False)

    assert due_by_canaries([first, first._replace(flagged=False), Carried("c0", at(4), flagged=False), second]) == [
        ("raised", at(5)),
        ("returned", at(9)),
    ]


def test_so_many_of_the_newest_scores_raise_and_as_many_normal_ones_in_a_row_return() -> None:
    bird = [look(second, ABNORMAL if second in {2, 4} else NORMAL) for second in range(9)]

    assert due_by_scores(LOOKS) == [("raised", at(5 + READINGS - 1)), ("returned", at(12 + READINGS - 1))]
    assert due_by_scores(bird) == []


def test_the_strikes_of_a_run_without_models_are_those_of_before_there_were_any() -> None:
    with_models = {strike.process for strike in strikes(1, 200, models=True)}

    assert {TRITON, SERVER, MODEL} < with_models
    assert not {TRITON, SERVER, MODEL} & {strike.process for strike in strikes(1, 200)}


# --- the program ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def under_fire(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with strikes on Triton too, and its undisturbed one."""
    run = chaos(tmp_path_factory.mktemp("chaos") / str(SEED), *RECORDING)
    assert (run.folder / files.VERDICT).is_file(), run.text
    return run


@pytest.fixture
def variant(under_fire: Run, tmp_path: Path) -> Callable[[str], Run]:
    """Call it with a variant's name: the same recording through it, compared with the undisturbed run."""

    def run(name: str) -> Run:
        ended = chaos(tmp_path / name, *RECORDING, "--variant", name, "--undisturbed", str(under_fire.folder))
        # Who aims at Triton must have hit.
        assert ended.about["deaths"]["triton"] > 0, ended.text
        looks = Raw.read(ended.folder / files.DISTURBED).looks
        assert len(looks) < ended.about[FRAMES] or any(it.score is None for it in looks), ended.text
        return ended

    return run


@pytest.mark.kafka
@pytest.mark.timeout(LONGEST_S + 60)
class TestUnderFire:
    """With Kafka, Triton and all services."""

    def test_kills_of_triton_lose_nothing_and_double_nothing(self, under_fire: Run) -> None:
        told = files.read_told(under_fire.folder)["compared"]

        assert under_fire.code == 0, under_fire.text
        assert under_fire.found == set()
        # How many have the flag instead depends on how quickly Triton is back here.
        assert told["readings_with_score"] + told["readings_flagged_instead"] >= under_fire.about[FRAMES]
        assert told["anomaly_events"] == 2

    def test_guard_server_and_model_were_struck_and_each_time_it_died(self, under_fire: Run) -> None:
        struck = [it for it in files.read_struck(under_fire.folder) if it["process"].startswith(TRITON)]

        assert {it["process"] for it in struck} == {TRITON, SERVER, MODEL}
        assert not any(it.get("missed") for it in struck), under_fire.text
        assert under_fire.about["died_by_themselves"] == []

    def test_triton_killed_in_the_middle_of_a_batch_is_flagged_and_nothing_else_is_different(
        self, variant: Callable[[str], Run]
    ) -> None:
        ended = variant("triton-mid-batch")

        assert (ended.code, ended.found) == (0, set()), ended.text

    def test_an_anomaly_that_drops_the_flag_fails(self, variant: Callable[[str], Run]) -> None:
        ended = variant("flag-dropped")

        assert ended.code == 1
        assert "silent reading" in ended.found

    def test_an_anomaly_that_skips_what_it_cannot_score_fails(self, variant: Callable[[str], Run]) -> None:
        ended = variant("unscored-skipped")

        assert ended.code == 1
        assert "skipped reading" in ended.found
