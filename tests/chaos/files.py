"""The committed files of a run: benchmarks/chaos/SEED/. From them alone the verdict can be judged again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.chaos.raw import Raw
from tests.chaos.schedule import SERVER
from tests.chaos.striker import Struck
from tests.chaos.variants import NEED_MODELS
from tests.chaos.verdict import Verdict, judge

RUN: Final = "run.json"
STRUCK: Final = "kills.jsonl"
UNDISTURBED: Final = "undisturbed.json.gz"
DISTURBED: Final = "disturbed.json.gz"
VERDICT: Final = "verdict.json"


def write(
    folder: Path, about: Mapping[str, Any], undisturbed: Raw, disturbed: Raw, struck: Sequence[Struck]
) -> Verdict:
    """Write all of them; the verdict is judged from what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    undisturbed.write(folder / UNDISTURBED)
    disturbed.write(folder / DISTURBED)
    (folder / STRUCK).write_text("".join(json.dumps(it.to_json()) + "\n" for it in struck), encoding="utf-8")
    (folder / RUN).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    verdict = judge_again(folder)
    (folder / VERDICT).write_text(json.dumps(told(folder, verdict), indent=2) + "\n", encoding="utf-8")
    return verdict


def judge_again(folder: Path) -> Verdict:
    """The verdict as it follows from the raw sets of a run."""
    return judge(Raw.read(folder / UNDISTURBED), Raw.read(folder / DISTURBED), _struck_in(folder))


def _struck_in(folder: Path) -> set[str]:
    """The processes that were struck, from outside or by a variant whose anomaly kills Triton itself."""
    by_variant = {SERVER} if read_about(folder).get("variant") in NEED_MODELS else set()
    return {it["process"] for it in read_struck(folder)} | by_variant


def told(folder: Path, verdict: Verdict) -> dict[str, Any]:
    """What stands in verdict.json."""
    disturbed = Raw.read(folder / DISTURBED)
    return {
        "holds": verdict.holds,
        "compared": {
            "events": len(disturbed.events),
            "accepted_commands": len({it.command for it in disturbed.decisions if it.outcome == "accepted"}),
            "heartbeats": len(disturbed.beats),
            "coverage_events": len(disturbed.timed),
            "dead_letters": len(disturbed.dead_letters),
            "unreadable_messages": len(disturbed.unreadable),
            **(_compared_of_models(disturbed) if disturbed.scored else {}),
        },
        "findings": [{"name": it.name, "text": it.text} for it in verdict.findings],
    }


def _compared_of_models(run: Raw) -> dict[str, int]:
    return {
        "readings_with_score": sum(it.score is not None for it in run.looks),
        "readings_flagged_instead": sum(it.score is None for it in run.looks),
        "anomaly_events": len(run.anomalies),
        "models_away_events": len(run.away),
    }


def read_struck(folder: Path) -> list[dict[str, Any]]:
    """The strikes of a run."""
    return [json.loads(line) for line in (folder / STRUCK).read_text(encoding="utf-8").splitlines()]


def read_about(folder: Path) -> dict[str, Any]:
    """run.json."""
    found: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    return found


def read_told(folder: Path) -> dict[str, Any]:
    """verdict.json."""
    found: dict[str, Any] = json.loads((folder / VERDICT).read_text(encoding="utf-8"))
    return found
