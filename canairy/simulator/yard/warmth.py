"""How warm a piece is: what belongs to its load, and what is a fault that a thermographer would grade.

Danger is graded by differences to similar parts under similar load, and these are kept clear of what is arguable, so
that a label is never wrong by a hair:

* a joint more than 15 K over its like: NETA ATS/MTS table 100.18, "major discrepancy; repair immediately"; simulated
  from 16 K up. Up to 3 K over its like a joint is at most "possible deficiency" and is simulated as normal; what lies
  between is not simulated.
* the body of an oil-filled current or voltage transformer 2 to 3 K over another phase's: DL/T 664, voltage heating,
  graded serious or above; simulated from 4 K up, and as normal up to 0.8 K.

Both sources are second-hand (excerpts).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

HOT_JOINT_K: Final = (16.0, 60.0)
HOT_BODY_K: Final = (4.0, 12.0)
LIKE_JOINT_K: Final = 1.5  # either side of the middle of similar joints: 3 K between any two
LIKE_BODY_K: Final = 0.4


@dataclass(frozen=True, slots=True)
class Warmth:
    """Kelvin over the air: of insulators, of tanks and housings, of joints; and a fault, on one joint or the body."""

    insulator_k: float
    body_k: float
    joint_k: float
    hot_joint: int | None = None
    hot_k: float = 0.0
    hot_body_k: float = 0.0

    @property
    def danger(self) -> bool:
        """Whether a fault was put in."""
        return self.hot_joint is not None or self.hot_body_k > 0

    def joint(self, number: int) -> float:
        """The rise of one joint."""
        return self.joint_k + (self.hot_k if number == self.hot_joint else 0.0)


def usual(generator: np.random.Generator, body_k: tuple[float, float]) -> Warmth:
    """A sound group's warmth at some load; bodies within `body_k` at full load."""
    load = float(generator.uniform(0.1, 1.0)) ** 2  # heat goes with the square of the current
    return Warmth(
        insulator_k=float(generator.uniform(0.2, 1.5)),
        body_k=body_k[0] + (body_k[1] - body_k[0]) * load,
        joint_k=float(generator.uniform(10, 25)) * load + 0.5,
    )


def of_phase(generator: np.random.Generator, group: Warmth) -> Warmth:
    """One sound phase of a group: nearly the same."""
    return replace(
        group,
        body_k=group.body_k + float(generator.uniform(-LIKE_BODY_K, LIKE_BODY_K)),
        joint_k=max(0.0, group.joint_k + float(generator.uniform(-LIKE_JOINT_K, LIKE_JOINT_K))),
    )


def with_fault(generator: np.random.Generator, sound: Warmth, joints: int, voltage_heated: bool) -> Warmth:
    """The same phase with a fault: a hot joint or, of instrument transformers, in half of the cases a warm body."""
    if voltage_heated and generator.random() < 0.5:
        return replace(sound, hot_body_k=float(generator.uniform(*HOT_BODY_K)))
    low, high = HOT_JOINT_K
    hot_k = low * (high / low) ** float(generator.random())
    return replace(sound, hot_joint=int(generator.integers(joints)), hot_k=hot_k)
