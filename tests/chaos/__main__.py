"""`python -m tests.chaos --kills N --seed S --out FOLDER`: an undisturbed run, one under fire, and the verdict.

Exits with 1 when the verdict fails. `--undisturbed FOLDER` takes the undisturbed run of an earlier one; `--variant`
puts a faulty service in the place of a sound one (see `variants`), without strikes from outside: that one must fail.
`--without-models` leaves out Triton and what is compared with a memory bank: quicker, and the same strikes as before
there were models.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import describe
from tests.chaos import files
from tests.chaos.raw import Raw
from tests.chaos.run import Played, Scenario, play
from tests.chaos.schedule import MODEL, TRITON, strikes
from tests.chaos.stage import SESSION_S
from tests.chaos.variants import NEED_MODELS, VARIANTS
from tests.chaos.verdict import Verdict, judge

# Frames of each recorded camera for a strike: about as many as the judge reads until the next one, a message at a time.
FRAMES_PER_STRIKE: Final = 2
FEWEST_FRAMES: Final = 60
TOLD: Final = 20
# On a machine that has much else to do a model's answer may come too late, though nobody struck.
TRIES: Final = 3
# As the supervisor says it.
DEATH: Final = re.compile(r"(\S+) died \(([^)]+)\)")
# The second as Triton's guard tells that the server was killed, by us or, when a model was, by the guard itself.
KILLED: Final = ("signal SIGKILL", "exit 137")
# A server whose model's process is killed while it loads gives up by itself.
GAVE_UP: Final = (TRITON, "exit 1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write, tell; 0 when the verdict holds."""
    options = _options(arguments)
    begun = datetime.now(UTC)
    place = Path(tempfile.mkdtemp(prefix="chaos-"))
    baseline = options.undisturbed
    if baseline is None:
        frames, models = max(FEWEST_FRAMES, FRAMES_PER_STRIKE * options.kills), not options.without_models
        if (found := _undisturbed(Scenario(frames, models=models), place)) is None:
            return 1
        undisturbed = found
    else:
        frames = files.read_about(baseline)["frames_of_each_camera"]
        undisturbed = Raw.read(baseline / files.UNDISTURBED)
        models = bool(undisturbed.scored)
    schedule = () if options.variant else strikes(options.seed, options.kills, models=models)
    paced = options.variant in NEED_MODELS
    scenario = Scenario(frames, schedule, VARIANTS.get(options.variant, {}), models=models, paced=paced)
    played = _play(options.variant or "under fire", scenario, place)
    about = _about(options, begun, frames, played)
    verdict = files.write(options.out, about, undisturbed, played.raw, played.struck)
    _tell(verdict, options.out / files.VERDICT)
    if verdict.holds:
        shutil.rmtree(place, ignore_errors=True)
    else:
        _say(f"logs and topics of the run: {place}")
    return 0 if verdict.holds else 1


def _options(arguments: Sequence[str] | None) -> Any:  # noqa: ANN401 - argparse's
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="where the files of the run go")
    parser.add_argument("--undisturbed", type=Path, help="the folder of an earlier run of as many kills")
    parser.add_argument("--variant", choices=sorted(VARIANTS), default="")
    parser.add_argument("--without-models", action="store_true", help="no Triton, and nothing that needs it")
    found = parser.parse_args(arguments)
    if found.variant in NEED_MODELS and found.without_models:
        parser.error(f"variant {found.variant} is about the models")
    return found


def _undisturbed(scenario: Scenario, place: Path) -> Raw | None:
    """What the topics say when nobody strikes; again where a busy machine itself came between, None in the end."""
    for number in range(1, TRIES + 1):
        raw = _play(f"undisturbed {number}", scenario, place).raw
        if (verdict := judge(raw, raw)).holds:
            return raw
        _tell(verdict, place)
    return None


def _play(name: str, scenario: Scenario, place: Path) -> Played:
    _say(f"{name}: {scenario.frames} frames of each camera, {len(scenario.strikes)} strikes")
    played = play(scenario, place / name.replace(" ", "-"), _say)
    _say(f"{name}: {len(played.raw.events)} events in {played.took_s:.0f} s")
    return played


def _about(options: Any, begun: datetime, frames: int, played: Played) -> dict[str, Any]:  # noqa: ANN401
    deaths = [(found[1], found[2]) for line in played.said if (found := DEATH.match(line))]
    struck_a_model = any(it.process == MODEL for it in played.struck)
    ours = [*((process, how) for process, how in deaths if how in KILLED), *([GAVE_UP] if struck_a_model else [])]
    return {
        "seed": options.seed,
        "kills": len(played.struck),
        "variant": options.variant or None,
        "begun_at": begun.isoformat(timespec="seconds"),
        "under_fire_s": round(played.took_s, 1),
        "frames_of_each_camera": frames,
        "session_timeout_s": SESSION_S,
        "deaths": dict(Counter(process for process, _ in deaths)),
        # None of ours: nobody but us kills, and we kill with SIGKILL.
        "died_by_themselves": [f"{process}: {how}" for process, how in deaths if (process, how) not in ours],
        "machine": describe(),
    }


def _tell(verdict: Verdict, more: Path) -> None:
    for finding in verdict.findings[:TOLD]:
        _say(f"{finding.name}: {finding.text}")
    if len(verdict.findings) > TOLD:
        _say(f"... and {len(verdict.findings) - TOLD} more: see {more}")
    counts = ", ".join(f"{number} x {name}" for name, number in verdict.names.items())
    _say("the verdict holds: nothing lost, nothing doubled" if verdict.holds else f"the verdict FAILS: {counts}")


def _say(line: str) -> None:
    print(f"chaos: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
