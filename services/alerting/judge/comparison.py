"""Judges the ΔT of one member of a group once it is known what to compare it with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from canairy.messages.reading import Reading
from services.alerting.judge.delta import Reference, Shown, delta_grade, delta_uncertainty_k, reference
from services.alerting.judge.desk import Terms
from services.alerting.judge.excursion import Level, turn
from services.alerting.judge.memory import Memory, Point
from services.alerting.judge.rules import DELTA, AssetRules
from services.alerting.judge.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares a waiting reading, and lets go of it."""

    memory: Memory
    verdicts: Verdicts

    def compare(self, rules: AssetRules, reading: Reading, others: Iterable[Shown]) -> None:
        """Judge `reading` against what the others showed; it no longer waits."""
        point = self.memory.of(rules.name)
        point.waiting.remove(reading)
        self.memory.touch(point)
        against = reference(others)
        if against is not None:
            self._judge(rules, point, reading, against)

    def _judge(self, rules: AssetRules, point: Point, reading: Reading, against: Reference) -> None:
        measured = reading.temperatures
        if rules.delta_k is None or measured is None:
            return
        timing, lower_bound = rules.timing, reading.lower_bound
        sure_k = delta_uncertainty_k(reading, against)
        grade = delta_grade(measured.max_c, lower_bound, against, rules.delta_k, timing.dead_band_k, sure_k)
        watch, at = point.watch(DELTA), reading.header.captured_at
        late = watch.judged_at is not None and at < watch.judged_at
        if not late and grade.level is not Level.UNSURE:
            watch.judged_at = at
        what = turn(watch, at, grade.level, timing, late)
        self.verdicts.apply(what, point, watch, reading, Terms(rules.priority, rules.response), grade)
