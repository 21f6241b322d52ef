"""One run: the recording through the stack, under strikes or without, until all is in; then what the topics say."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.chaos.evidence import gather
from tests.chaos.live import BadCamera, LiveCamera
from tests.chaos.night_shift import NightShift
from tests.chaos.offsets import left_behind
from tests.chaos.radiator import must_be_seen
from tests.chaos.raw import Raw
from tests.chaos.recording import BAD, Tape, recorded, write_site
from tests.chaos.schedule import Strike
from tests.chaos.stage import Stage, staged
from tests.chaos.striker import Striker, Struck
from tests.chaos.watch import Watch

# Ingest looks into a folder once a second: so it never sees two frames of a camera come at once.
DROP_EVERY_S: Final = 1.1
# The bad camera begins after this share of the recording.
BAD_FROM: Final = 0.2
# One silence of the live camera for so many strikes.
SILENCE_EVERY: Final = 50
# Without any progress; on a busy machine all of it may take long.
PATIENCE_S: Final = 120.0
LOOK_EVERY_S: Final = 0.5
# What is written and not yet read while cameras go on.
FEW: Final = 30


@dataclass(frozen=True, slots=True)
class Scenario:
    """`frames` of each recorded camera; without strikes all of them come at once, unless they are `paced`.

    `models`: whether the recording has an asset that is compared with a memory bank, and Triton runs.
    """

    frames: int
    strikes: Sequence[Strike] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    models: bool = True
    paced: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """What a run left: what the topics say, and the strikes and deaths as they were."""

    raw: Raw
    struck: Sequence[Struck]
    said: Sequence[str]
    took_s: float


def play(scenario: Scenario, place: Path, say: Callable[[str], None]) -> Played:
    """Run a scenario in the empty folder `place`."""
    began = time.monotonic()
    site_file = write_site(place / "site", models=scenario.models)
    at_once = not scenario.strikes and not scenario.paced
    tape = Tape(place / ("tape" if at_once else "site"), scenario.frames, recorded(models=scenario.models))
    while at_once and not tape.at_end:
        tape.drop()
    with staged(site_file, place / "data", scenario.modules) as stage:
        say(f"the stack is up after {time.monotonic() - began:.0f} s")
        if at_once:
            tape.hand_over(place / "site")
        watch = Watch(stage.settings)
        live = LiveCamera(stage.ingest_address)
        bad = BadCamera(stage.settings, lambda: tape.dropped >= BAD_FROM * tape.count)
        director = _Director(scenario, stage, tape, live, say)
        with watch, NightShift(watch, stage.alarm_addresses) as shift:
            with live, bad:
                struck = director.under_fire()
                director.until(lambda: director.all_in(watch, shift), "all to come in")
            ended_at = director.end_ingest()
            director.until(lambda: director.at_end(shift), "the groups to come to their ends")
            for worker in (watch, live, bad, shift):
                worker.check()
        raw = gather(stage.settings, ended_at, models=scenario.models)
    return Played(raw, struck, stage.said, time.monotonic() - began)


@dataclass(slots=True)
class _Director:
    scenario: Scenario
    stage: Stage
    tape: Tape
    live: LiveCamera
    say: Callable[[str], None]
    _dropped_at: float = 0.0
    _ending: bool = False
    # The fewest messages that were unread at any look.
    _fewest: float = math.inf

    def under_fire(self) -> Sequence[Struck]:
        """All strikes, while the recording goes on."""
        striker = Striker(self.stage, lambda: self.meanwhile(len(striker.struck)), self.say)
        striker.strike_all(self.scenario.strikes)
        return striker.struck

    def meanwhile(self, struck: int | None = None) -> None:
        """Start again what died; let the recording go on, no further than its share of the strikes."""
        if not self._ending:
            self.stage.stack.turn()
        strikes = len(self.scenario.strikes)
        share = 1.0 if struck is None or not strikes else (struck + 1) / strikes
        due = time.monotonic() - self._dropped_at >= DROP_EVERY_S
        if due and self.tape.dropped < min(1.0, share) * self.tape.count and not self._held_back():
            self.tape.drop()
            self._dropped_at = time.monotonic()
        self._silence(strikes)

    def all_in(self, watch: Watch, shift: NightShift) -> bool:
        """Everything is written, nearly all is read, and what the clock decides is as it should be at the end."""
        written = self.tape.at_end and all(watch.frames(name) == self.tape.count for name in self.tape.cameras)
        quiet = self.live.silences == self._silences and not self.live.silent and watch.silent() == {BAD}
        quiet = quiet and not watch.models_away()
        return self._unread() <= FEW and written and quiet and not shift.waiting()

    def at_end(self, shift: NightShift) -> bool:
        """Everything is read, and nobody waits."""
        return self._unread() == 0 and not shift.waiting()

    def end_ingest(self) -> datetime:
        """End what feeds the stack, so that the others can come to an end; the time at which it was told."""
        self._ending = True
        ended_at = datetime.now(UTC)
        self.stage.send("ingest", signal.SIGTERM)
        self.until(lambda: not self.stage.process("ingest").running, "ingest to end")
        return ended_at

    def until(self, seen: Callable[[], bool], what: str) -> None:
        """Wait as long as there is progress; when it does not come, the verdict will say what is missing."""
        self._fewest = math.inf
        deadline, come_to = time.monotonic() + PATIENCE_S, (self.tape.dropped, self._fewest)
        while not seen():
            if (self.tape.dropped, self._fewest) != come_to:
                deadline, come_to = time.monotonic() + PATIENCE_S, (self.tape.dropped, self._fewest)
            if time.monotonic() > deadline:
                self.say(f"no progress for {PATIENCE_S:.0f} s: waited in vain for {what}")
                return
            self.meanwhile()
            time.sleep(LOOK_EVERY_S)

    def _unread(self) -> float:
        """How many messages are not read yet; infinitely many while the broker does not say."""
        behind = left_behind(self.stage.settings)
        if behind is None:
            return math.inf
        unread = sum(it.end - max(0, it.committed) for it in behind)
        self._fewest = min(self._fewest, unread)
        return unread

    @property
    def _silences(self) -> int:
        return 1 + len(self.scenario.strikes) // SILENCE_EVERY

    def _held_back(self) -> bool:
        """The next frame waits for models that are away: it is one of those that somebody has to look at."""
        must = self.scenario.models and must_be_seen(self.tape.dropped, self.tape.count)
        return must and not self.stage.models_answer

    def _silence(self, strikes: int) -> None:
        """The live camera falls silent at even shares of the recording."""
        progress = self.tape.dropped / self.tape.count
        due = (self.live.silences + 0.5) / self._silences if strikes else 0.0
        if self.live.silences < self._silences and progress >= due and not self.live.silent:
            self.live.fall_silent()
