"""Which process is hit with what, and when: drawn from a seed before anything runs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

KAFKA: Final = "kafka"
# Three deaths of Triton: of the process that guards it, which takes the server with it; of the server; of the process
# that one of its models computes in, which the server does not notice and the guard does.
TRITON: Final = "triton"
SERVER: Final = f"{TRITON}/server"
MODEL: Final = f"{TRITON}/model"
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
WEIGHTS_OF_MODELS: Final = {TRITON: 2, SERVER: 2, MODEL: 2}
FREEZES: Final = 0.1
# At once, so that it hits what has just come up; amid take-overs; after some work.
WAITS_S: Final = ((0.05, 0.8), (0.8, 3.0), (3.0, 7.0))
SHARES: Final = (0.25, 0.35, 0.4)


def strikes(seed: int, count: int, *, models: bool = False) -> Sequence[Strike]:
    """`count` strikes, on Triton too where there are models; the same seed gives the same ones."""
    dice = random.Random(seed)
    weights = WEIGHTS | (WEIGHTS_OF_MODELS if models else {})
    return tuple(_strike(dice, weights) for _ in range(count))


def _strike(dice: random.Random, weights: Mapping[str, int]) -> Strike:
    shortest, longest = dice.choices(WAITS_S, SHARES)[0]
    after_s = round(dice.uniform(shortest, longest), 3)
    if dice.random() < FREEZES:
        return Strike(dice.choice(JUDGES), Blow.FREEZE, after_s)
    return Strike(dice.choices(list(weights), list(weights.values()))[0], Blow.KILL, after_s)
