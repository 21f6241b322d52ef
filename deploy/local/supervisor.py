"""Keeps processes running: starts again what died, later each time, and ends all of them in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.local.process import Process

BACK_OFF_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
# A process that ran this long has recovered: its next death is a first one again.
RECOVERED_AFTER_S: Final = 60.0


@dataclass(slots=True)
class _Watched:
    """A process, how often it died in a row, and what is known of its present life."""

    process: Process
    started_at: float
    deaths: int = 0
    restart_at: float | None = None


class Supervisor:
    """Watches processes that run already or are started here. `say` gets one line for each thing that happens.

    `back_off_s`: how long who died waits, the first time in a row, the second... and every further time.
    Not for threads: `turn` starts children and must be called from the main thread (see `Process`).
    """

    def __init__(
        self,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        back_off_s: Sequence[float] = BACK_OFF_S,
    ) -> None:
        self._say = say
        self._clock = clock
        self._back_off_s = back_off_s
        self._watched: list[_Watched] = []

    @property
    def processes(self) -> Sequence[Process]:
        """What is watched, in the order in which it was given."""
        return [watched.process for watched in self._watched]

    def watch(self, process: Process) -> None:
        """Keep this process running; it is started now when it is not."""
        if not process.running:
            process.start()
        self._watched.append(_Watched(process, self._clock()))

    @property
    def most_deaths(self) -> int:
        """How often in a row the process died that died most often."""
        return max((watched.deaths for watched in self._watched), default=0)

    def turn(self) -> None:
        """Look at every process once, and start again what is due."""
        for watched in self._watched:
            self._look_at(watched)

    def stop(self, order: Sequence[Process], grace_s: float, within_s: float) -> None:
        """End the processes one after the other: each gets `grace_s`, and less when `within_s` would be exceeded."""
        self._watched = []
        deadline = self._clock() + within_s
        for process in order:
            was_running = process.running
            ended = process.stop(max(0.1, min(grace_s, deadline - self._clock())))
            if was_running and not ended:
                self._say(f"{process.name} did not end in time and was killed")

    def _look_at(self, watched: _Watched) -> None:
        if watched.process.running:
            return
        if watched.restart_at is None:
            watched.restart_at = self._clock() + self._note_death(watched)
        if self._clock() >= watched.restart_at:
            watched.process.start()
            watched.started_at, watched.restart_at = self._clock(), None
            self._say(f"{watched.process.name} started again")

    def _note_death(self, watched: _Watched) -> float:
        """Count a death and say it; returns the seconds to wait."""
        if self._clock() - watched.started_at >= RECOVERED_AFTER_S:
            watched.deaths = 0
        wait_s = self._back_off_s[min(watched.deaths, len(self._back_off_s) - 1)]
        watched.deaths += 1
        process = watched.process
        where = f"; see {process.log}" if process.log else ""
        self._say(f"{process.name} died ({process.outcome}), starts again in {wait_s:g} s{where}")
        return wait_s
