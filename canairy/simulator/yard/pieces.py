"""Six kinds of equipment, two shapes each, as a substation engineer would sketch them in thermal infrared.

Codes are those of the industrial thermal CCTV data set (see the site file). Sizes are typical of 66 to 170 kV outdoor
gear, in metres; the support below the foot is surroundings, as it is for whoever draws a box by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from canairy.models.detector_card import DANGER, NORMAL
from canairy.simulator.yard import joints, switchgear, transformers
from canairy.simulator.yard.brush import Brush
from canairy.simulator.yard.warmth import Warmth


@dataclass(frozen=True, slots=True)
class Shape:
    """One form of a kind: reaches `half_width_m` either side of its foot and `height_m` up; rises of bodies, kelvin."""

    draw: Callable[[Brush, Warmth], None]
    half_width_m: float
    height_m: float
    joints: int
    body_k: tuple[float, float]
    voltage_heated: bool = False
    stand: str = "post"
    apart_m: float = 0.6


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of equipment by its code."""

    code: str
    name: str
    shapes: tuple[Shape, ...]


def _instrument(
    draw: Callable[[Brush, Warmth], None],
    half_width_m: float,
    height_m: float,
    joints: int,
    body_k: tuple[float, float],
) -> Shape:
    return Shape(draw, half_width_m, height_m, joints, body_k, voltage_heated=True, apart_m=0.9)


KINDS: Final = (
    Kind(
        "0102",
        "circuit breaker",
        (
            Shape(switchgear.live_tank_breaker, 1.35, 2.7, 2, (1, 4)),
            Shape(switchgear.dead_tank_breaker, 1.3, 2.3, 2, (2, 6), stand="frame"),
        ),
    ),
    Kind(
        "0103",
        "transformer joint",
        (
            Shape(transformers.high_voltage_bushing, 0.5, 2.6, 1, (12, 30), stand="tank", apart_m=0.5),
            Shape(transformers.low_voltage_bushing, 0.45, 1.15, 1, (12, 30), stand="tank", apart_m=0.25),
        ),
    ),
    Kind(
        "0201",
        "disconnector",
        (
            Shape(switchgear.centre_break_disconnector, 1.5, 1.75, 3, (0.5, 2), stand="two posts"),
            Shape(switchgear.vertical_break_disconnector, 1.6, 1.9, 3, (0.5, 2), stand="two posts"),
        ),
    ),
    Kind(
        "0204",
        "voltage transformer",
        (
            _instrument(transformers.capacitor_voltage_transformer, 0.5, 3.2, 1, (1.5, 3.5)),
            _instrument(transformers.inductive_voltage_transformer, 0.55, 2.5, 1, (1.5, 3.5)),
        ),
    ),
    Kind(
        "0205",
        "current transformer",
        (
            _instrument(transformers.head_current_transformer, 0.75, 2.8, 2, (1.5, 5)),
            _instrument(transformers.tank_current_transformer, 0.6, 2.6, 2, (1.5, 5)),
        ),
    ),
    Kind(
        "0207",
        "cable/busbar joint",
        (
            Shape(joints.cable_termination, 0.3, 2.1, 1, (3, 10), stand="bracket", apart_m=0.7),
            Shape(joints.busbar_joint, 0.4, 1.1, 2, (3, 12), stand="post", apart_m=1.2),
        ),
    ),
)
STATES: Final = (NORMAL, DANGER)
# "0102 normal", "0102 danger", "0103 normal" ...: two of each kind, in this order, which the graph's suppression knows.
LABELS: Final = tuple(f"{kind.code} {state}" for kind in KINDS for state in STATES)
