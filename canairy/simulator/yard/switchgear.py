"""Circuit breakers (0102) and disconnectors (0201), seen from the side; rises are kelvin over the air."""

from __future__ import annotations

from canairy.simulator.yard.brush import BARE, OXIDISED, PAINTED_FLAT, PORCELAIN, Brush
from canairy.simulator.yard.warmth import Warmth


def live_tank_breaker(brush: Brush, warmth: Warmth) -> None:
    """T shape: support insulator, housing, two interrupters that rise to either side; cabinet at the foot."""
    brush.limb((0, 0), (0, 0.45), 0.28, warmth.body_k + 1.5, PAINTED_FLAT)
    brush.limb((0, 0.45), (0, 1.9), (0.17, 0.15), warmth.insulator_k, PORCELAIN, sheds=14)
    brush.limb((0, 1.88), (0, 2.25), (0.2, 0.24), warmth.body_k)
    for number, side in enumerate((-1, 1)):
        brush.limb((side * 0.16, 2.12), (side * 1.05, 2.45), (0.19, 0.17), (2.2, 1.2), PORCELAIN, sheds=9)
        end = (side * 1.15, 2.49)
        brush.limb((side * 1.03, 2.44), end, 0.2, warmth.joint(number) * 0.7, OXIDISED)
        terminal(brush, warmth, number, (side * 1.24, 2.52), 0.07)


def dead_tank_breaker(brush: Brush, warmth: Warmth) -> None:
    """A lying tank with two bushings that lean apart, ring-type current transformers at their feet."""
    for side in (-1, 1):
        brush.limb((side * 0.42, 0.62), (side * 0.56, 0.98), 0.2, warmth.body_k * 0.9)
        rise = (warmth.insulator_k + 1, warmth.insulator_k)
        brush.limb((side * 0.56, 0.98), (side * 1.0, 2.05), (0.17, 0.11), rise, PORCELAIN, sheds=12)
    brush.limb((-0.95, 0.42), (0.95, 0.42), 0.34, warmth.body_k)
    for side in (-1, 1):
        brush.limb((side * 0.95, 0.42), (side * 1.02, 0.42), 0.38, warmth.body_k * 0.8)
    for number, side in enumerate((-1, 1)):
        terminal(brush, warmth, number, (side * 1.05, 2.17), 0.09)


def centre_break_disconnector(brush: Brush, warmth: Warmth) -> None:
    """Two turning posts on a beam; their arms meet in the middle."""
    brush.limb((-1.35, 0.06), (1.35, 0.06), 0.07, 0.5, PAINTED_FLAT)
    for number, side in enumerate((-1, 1)):
        brush.limb((side * 1.1, 0.1), (side * 1.1, 1.4), 0.14, warmth.insulator_k, PORCELAIN, sheds=11)
        brush.limb((side * 1.1, 1.38), (side * 1.1, 1.52), 0.13, warmth.joint(number) * 0.6, OXIDISED)
        brush.limb((side * 1.1, 1.5), (0, 1.54), 0.055, (warmth.joint(number) * 0.5, warmth.joint(2) * 0.6), BARE)
        terminal(brush, warmth, number, (side * 1.32, 1.52), 0.08)
    brush.limb((-0.14, 1.54), (0.14, 1.54), 0.1, warmth.joint(2), OXIDISED)
    _hot(brush, warmth, 2, (0, 1.54), 0.16)


def vertical_break_disconnector(brush: Brush, warmth: Warmth) -> None:
    """Three posts on a beam; one long blade lies from the hinge to the jaw."""
    brush.limb((-1.5, 0.06), (1.5, 0.06), 0.08, 0.5, PAINTED_FLAT)
    for u in (-1.3, -0.75, 1.2):
        brush.limb((u, 0.1), (u, 1.4), 0.13, warmth.insulator_k, PORCELAIN, sheds=11)
    brush.limb((-1.4, 1.44), (-0.6, 1.44), 0.07, warmth.joint(0) * 0.6, OXIDISED)
    brush.limb((-0.75, 1.58), (1.25, 1.58), 0.05, (warmth.joint(0) * 0.6, warmth.joint(1) * 0.7), BARE)
    brush.limb((-0.75, 1.4), (-0.75, 1.66), 0.12, warmth.joint(0), OXIDISED)
    brush.limb((1.2, 1.38), (1.2, 1.7), 0.11, warmth.joint(1), OXIDISED)
    brush.limb((1.2, 1.7), (1.42, 1.88), 0.025, warmth.joint(1) * 0.4, BARE)  # arcing horn
    _hot(brush, warmth, 0, (-0.75, 1.55), 0.16)
    _hot(brush, warmth, 1, (1.2, 1.58), 0.16)
    terminal(brush, warmth, 2, (1.45, 1.44), 0.08)


def terminal(brush: Brush, warmth: Warmth, number: int, centre: tuple[float, float], radius_m: float) -> None:
    """A bolted terminal, and the heat of its fault if it has one."""
    brush.ball(centre, (radius_m * 1.3, radius_m), warmth.joint(number), OXIDISED)
    _hot(brush, warmth, number, centre, radius_m * 1.8)


def _hot(brush: Brush, warmth: Warmth, number: int, centre: tuple[float, float], reach_m: float) -> None:
    """What a hot joint gives to the metal around it."""
    if warmth.hot_joint == number:
        brush.heat(centre, reach_m, 0.5 * warmth.hot_k)
