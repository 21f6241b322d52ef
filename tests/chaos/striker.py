"""Strikes the processes of a stage as the schedule says, and writes down each strike with where the topics ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.chaos.offsets import Ends
from tests.chaos.schedule import JUDGES, Blow, Strike
from tests.chaos.stage import Stage

# A frozen judge is woken after this long even when nobody has taken over (the other one, or Kafka, has just died).
LONGEST_FREEZE_S: Final = 20.0
RUNNING_WITHIN_S: Final = 30.0
LOOK_EVERY_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Struck:
    """A strike as it was: `ends` are the ends of the topics' partitions just before, None while Kafka was away.

    `replaced`: whether another had taken over from the frozen judge before it was woken. `missed`: the process did not
    run, though it was waited for.
    """

    number: int
    at: str
    t_s: float
    process: str
    signal: str
    ends: dict[str, list[int]] | None
    replaced: bool | None = None
    missed: bool = False

    def to_json(self) -> dict[str, Any]:
        """For the committed file: the last two only where there is something to say."""
        left_out = {"replaced"} if self.replaced is None else set()
        left_out |= set() if self.missed else {"missed"}
        return {name: value for name, value in asdict(self).items() if name not in left_out}


@dataclass(slots=True)
class Striker:
    """`meanwhile` is called all the time: it starts again what died, and lets the recording go on."""

    stage: Stage
    meanwhile: Callable[[], None]
    say: Callable[[str], None]
    struck: list[Struck] = field(default_factory=list)
    _killed_at: dict[str, datetime] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    def strike_all(self, strikes: Sequence[Strike]) -> None:
        """One after the other."""
        ends = Ends(self.stage.settings)
        try:
            for strike in strikes:
                self._wait(strike.after_s)
                self._strike(strike, ends)
        finally:
            ends.close()

    def _strike(self, strike: Strike, ends: Ends) -> None:
        name = self._judge(strike.process) if strike.blow is Blow.FREEZE else strike.process
        self._until(lambda: self.stage.pid(name) is not None, RUNNING_WITHIN_S)
        where = ends.now() if self.stage.broker_listens else None
        at, t_s = datetime.now(UTC), time.monotonic() - self._began
        replaced, missed = None, False
        if strike.blow is Blow.FREEZE:
            replaced = self._freeze(name)
        else:
            missed = not self.stage.send(name, signal.SIGKILL)
            self._killed_at[name] = at
        number = len(self.struck) + 1
        self.struck.append(Struck(number, at.isoformat(), round(t_s, 3), name, strike.blow, where, replaced, missed))
        self.say(f"{number:4} {t_s:7.1f} s  {strike.blow.value:16} {name}{' (did not run)' if missed else ''}")

    def _freeze(self, name: str) -> bool:
        (other,) = set(JUDGES) - {name}
        begun = datetime.now(UTC)
        self.stage.send(name, signal.SIGSTOP)

        def replaced() -> bool:
            took_over = self.stage.judges.took_over(other)
            return took_over is not None and took_over > begun

        try:
            return self._until(replaced, LONGEST_FREEZE_S)
        finally:
            self.stage.send(name, signal.SIGCONT)

    def _judge(self, otherwise: str) -> str:
        """Who judges now, once one does and the other could; the schedule's word counts when that never comes."""
        self._until(lambda: self._judging() is not None, RUNNING_WITHIN_S)
        return self._judging() or otherwise

    def _judging(self) -> str | None:
        name = self.stage.judges.now()
        took_over = None if name is None else self.stage.judges.took_over(name)
        both_run = all(self.stage.process(it).running for it in JUDGES) and self.stage.broker_listens
        if name is None or took_over is None or not both_run:
            return None
        return name if took_over > self._killed_at.get(name, took_over - timedelta(seconds=1)) else None

    def _wait(self, seconds: float) -> None:
        self._until(lambda: False, seconds)

    def _until(self, seen: Callable[[], bool], at_most_s: float) -> bool:
        deadline = time.monotonic() + at_most_s
        while not seen():
            if time.monotonic() > deadline:
                return False
            self.meanwhile()
            time.sleep(LOOK_EVERY_S)
        return True
