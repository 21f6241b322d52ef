"""Which process is hit with what, and when: drawn from a seed before anything runs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

KAFKA: Final = "kafka"
JUDGES: Final = ("alerting", "standby")


class Blow(StrEnum):
    """KILL: SIGKILL. FREEZE: SIGSTOP past the session, until another has taken over, then SIGCONT."""

    KILL = "SIGKILL"
    FREEZE = "SIGSTOP, SIGCONT"


@dataclass(frozen=True, slots=True)
class Strike:
    """`after_s`: seconds after the strike before. A frozen process is whoever judges then."""

    process: str
    blow: Blow
    after_s: float


# How often each is hit, out of the sum.
WEIGHTS: Final = {KAFKA: 2, "ingest": 3, "detection": 4, "anomaly": 4, "alerting": 3, "standby": 3}
FREEZES: Final = 0.1
# At once, so that it hits what has just come up; amid take-overs; after some work.
WAITS_S: Final = ((0.05, 0.8), (0.8, 3.0), (3.0, 7.0))
SHARES: Final = (0.25, 0.35, 0.4)


def strikes(seed: int, count: int) -> Sequence[Strike]:
    """`count` strikes; the same seed gives the same ones."""
    dice = random.Random(seed)
    return tuple(_strike(dice) for _ in range(count))


def _strike(dice: random.Random) -> Strike:
    shortest, longest = dice.choices(WAITS_S, SHARES)[0]
    after_s = round(dice.uniform(shortest, longest), 3)
    if dice.random() < FREEZES:
        return Strike(dice.choice(JUDGES), Blow.FREEZE, after_s)
    return Strike(dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0], Blow.KILL, after_s)
