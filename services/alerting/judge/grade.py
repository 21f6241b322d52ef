"""What a comparison with a limit found, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass

from services.alerting.judge.excursion import Level


@dataclass(frozen=True, slots=True)
class Grade:
    """`limit` in degrees Celsius, or in kelvin where `delta_k` was compared with it.

    `delta_uncertainty_k` is the expanded uncertainty of that difference, None where it cannot be said.
    `over` and `clear` are the reasons to give when the alarm is raised and when it returns.
    """

    level: Level
    limit: float
    over: str
    clear: str
    compared_with: str = "limit"
    delta_k: float | None = None
    delta_uncertainty_k: float | None = None
