"""What a reading says nothing about, and the words for it: what is not judged is not well.

A frame without temperatures shows its assets all the same: they are covered, and compared with what is normal where a
bank of grey levels knows it. Their limits, differences and hot spots are not judged: alarms of these that stand, stand
on, on stale data, and neither raise nor return.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from canairy.messages.reading import Reading
from services.alerting.judge.grade import Grade
from services.alerting.judge.rules import ANOMALY, AssetRules

NO_TEMPERATURES: Final = "not judged: no temperatures"


def unjudged(asset: AssetRules, reading: Reading) -> frozenset[str]:
    """The conditions of an asset that need temperatures, where it was seen without any; else none."""
    if reading.temperatures is not None or not reading.seen:
        return frozenset()
    return asset.conditions - {ANOMALY}


def with_unjudged(grade: Grade, asset: AssetRules, reading: Reading) -> Grade:
    """The same grade, whose reasons say which other conditions of the asset were not judged."""
    names = ", ".join(sorted(unjudged(asset, reading)))
    told = f"; {names} {NO_TEMPERATURES}" if names else ""
    return replace(grade, over=grade.over + told, clear=grade.clear + told)


def estimated(reading: Reading) -> str:
    """What is said behind temperatures that are an estimate; empty behind measured ones."""
    step_k = reading.header.estimate_step_k
    return "" if step_k is None else f" (an estimate in steps of {step_k:.2g} K)"
