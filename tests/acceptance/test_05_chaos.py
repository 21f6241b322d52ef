"""Chaos: kills at random lose nothing and double nothing; where a step commits too early or a judge forgets, it shows.

Each story runs the program behind `make chaos` to its end, a stack of its own in it. The undisturbed run is shared.
Without models: those stand in `test_06_chaos`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from canairy.topics import READINGS
from deploy.local.jars import ROOT
from tests.acceptance.helpers.chaos import LONGEST_S, Run, chaos
from tests.chaos import files
from tests.chaos.schedule import Blow, strikes

KILLS = 20
SEED = 7
COMMITTED = sorted(path.parent for path in (ROOT / "benchmarks/chaos").glob(f"*/{files.VERDICT}"))
RECORDING = ("--seed", str(SEED), "--kills", str(KILLS), "--without-models")

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(LONGEST_S + 60)]


@pytest.fixture(scope="module")
def under_fire(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with 20 kills, and its undisturbed one."""
    return chaos(tmp_path_factory.mktemp("chaos") / str(SEED), *RECORDING)


@pytest.fixture
def variant(under_fire: Run, tmp_path: Path) -> Callable[[str], Run]:
    """Call it with a variant's name: the same recording through it, compared with the undisturbed run."""

    def run(name: str) -> Run:
        ended = chaos(tmp_path / name, *RECORDING, "--variant", name, "--undisturbed", str(under_fire.folder))
        # Who aims at itself must have hit.
        assert ended.about["deaths"]["anomaly"] > 0, ended.text
        return ended

    return run


def test_twenty_kills_lose_nothing_and_double_nothing(under_fire: Run) -> None:
    assert under_fire.code == 0, under_fire.text
    assert under_fire.found == set()
    assert files.read_told(under_fire.folder)["compared"]["accepted_commands"] > 5


def test_no_process_died_but_those_that_were_killed(under_fire: Run) -> None:
    assert under_fire.about["died_by_themselves"] == []


def test_each_kill_is_written_down_with_process_signal_time_and_ends(under_fire: Run) -> None:
    struck = files.read_struck(under_fire.folder)
    drawn = strikes(SEED, KILLS)
    known = [it["ends"] for it in struck if it["ends"] is not None]

    assert [it["signal"] for it in struck] == [it.blow for it in drawn]
    # Who is frozen is whoever judges then.
    assert all(
        it["process"] == strike.process for it, strike in zip(struck, drawn, strict=True) if strike.blow is Blow.KILL
    )
    assert [it["t_s"] for it in struck] == sorted(it["t_s"] for it in struck)
    assert [sum(it.get(READINGS, [0])) for it in known] == sorted(sum(it.get(READINGS, [0])) for it in known)
    assert known


def test_a_judge_that_was_frozen_past_its_session_had_been_replaced_before_it_woke(under_fire: Run) -> None:
    frozen = [it for it in files.read_struck(under_fire.folder) if it["signal"] == Blow.FREEZE]

    assert any(it["replaced"] for it in frozen), under_fire.text


def test_anomaly_killed_between_produce_and_commit_repeats_itself_and_nothing_is_judged_twice(
    variant: Callable[[str], Run],
) -> None:
    aimed = variant("aimed")

    assert aimed.code == 0, aimed.text
    assert aimed.found == set()


def test_with_commit_before_produce_events_are_lost_and_the_verdict_fails(variant: Callable[[str], Run]) -> None:
    turned_round = variant("commit-before-produce")

    assert turned_round.code == 1, turned_round.text
    assert "lost event" in turned_round.found


def test_without_the_check_of_known_captures_events_are_doubled_and_the_verdict_fails(
    variant: Callable[[str], Run],
) -> None:
    forgetful = variant("known-captures-off")

    assert forgetful.code == 1, forgetful.text
    assert {"doubled event", "doubled heartbeat"} & forgetful.found
    assert "lost event" not in forgetful.found


@pytest.mark.skipif(not COMMITTED, reason="no run of `make chaos` is committed")
@pytest.mark.parametrize("folder", COMMITTED, ids=lambda path: f"seed-{path.name}")
def test_the_verdict_of_a_committed_run_follows_from_its_raw_sets(folder: Path) -> None:
    verdict = files.judge_again(folder)

    assert files.read_told(folder) == files.told(folder, verdict)
    assert verdict.holds
    assert len(files.read_struck(folder)) == files.read_about(folder)["kills"]
