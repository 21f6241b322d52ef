"""Cable terminations and busbar joints (0207), seen from the side."""

from __future__ import annotations

from canairy.simulator.yard.brush import BARE, OXIDISED, PAINT, PORCELAIN, Brush
from canairy.simulator.yard.switchgear import terminal
from canairy.simulator.yard.warmth import Warmth


def cable_termination(brush: Brush, warmth: Warmth) -> None:
    """The cable comes up through a gland into a slim tapered insulator; a lug and a bar go on from its top."""
    brush.limb((0, -1.2), (0, 0.02), 0.065, warmth.body_k, own=False)
    brush.limb((0, 0), (0, 0.28), (0.09, 0.15), warmth.body_k)
    brush.limb((0, 0.28), (0, 0.36), 0.19, warmth.body_k * 0.5, OXIDISED)
    brush.limb((0, 0.36), (0, 1.6), (0.19, 0.09), (warmth.body_k * 0.5, warmth.insulator_k), PORCELAIN, sheds=9)
    brush.limb((0, 1.58), (0, 1.82), 0.055, warmth.joint(0) * 0.8, OXIDISED)
    terminal(brush, warmth, 0, (0, 1.88), 0.09)


def busbar_joint(brush: Brush, warmth: Warmth) -> None:
    """A tubular bar on a post insulator, its two ends held by one bolted clamp."""
    brush.limb((-1.6, 0.98), (1.6, 0.98), 0.06, warmth.joint_k * 0.5, BARE, own=False)
    brush.limb((0, 0), (0, 0.84), 0.12, warmth.insulator_k, PORCELAIN, sheds=7)
    brush.limb((0, 0.82), (0, 0.9), 0.14, warmth.joint_k * 0.4, OXIDISED)
    brush.limb((-0.34, 0.98), (0.34, 0.98), 0.1, (warmth.joint(0) * 0.9, warmth.joint(1) * 0.9), OXIDISED)
    for number, u in enumerate((-0.2, 0.2)):
        brush.limb((u, 0.84), (u, 1.12), 0.05, warmth.joint(number), PAINT)
        terminal(brush, warmth, number, (u, 0.98), 0.09)
