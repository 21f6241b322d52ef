"""Bushings of power transformers (0103), voltage (0204) and current transformers (0205), seen from the side."""

from __future__ import annotations

from canairy.simulator.yard.brush import BARE, OXIDISED, PAINTED_FLAT, PORCELAIN, Brush
from canairy.simulator.yard.switchgear import terminal
from canairy.simulator.yard.warmth import Warmth


def high_voltage_bushing(brush: Brush, warmth: Warmth) -> None:
    """Turret, tapered insulator that the oil below keeps warm at its foot, expansion pot, terminal."""
    oil_k = warmth.body_k
    brush.limb((0, 0), (0, 0.45), (0.34, 0.3), oil_k * 0.8)
    brush.limb((0, 0.45), (0, 0.55), 0.36, oil_k * 0.7)
    brush.limb((0, 0.55), (0, 2.05), (0.25, 0.15), (oil_k * 0.5 + 1, warmth.insulator_k + 1), PORCELAIN, sheds=15)
    brush.limb((0, 2.03), (0, 2.33), 0.17, warmth.joint(0) * 0.5 + 1)
    terminal(brush, warmth, 0, (0, 2.44), 0.11)


def low_voltage_bushing(brush: Brush, warmth: Warmth) -> None:
    """Short and stout, few wide sheds, a flat palm with the bars of the low-voltage side."""
    oil_k = warmth.body_k
    brush.limb((0, 0), (0, 0.12), 0.32, oil_k * 0.8)
    brush.limb((0, 0.12), (0, 0.7), (0.27, 0.2), (oil_k * 0.6, oil_k * 0.3 + 1), PORCELAIN, sheds=4)
    brush.limb((0, 0.68), (0, 0.84), 0.12, warmth.joint(0) * 0.7, OXIDISED)
    for u in (-0.12, 0.12):
        brush.limb((u, 0.8), (u, 1.12), 0.055, warmth.joint(0) * 0.7, BARE)
    terminal(brush, warmth, 0, (0, 0.88), 0.12)


def capacitor_voltage_transformer(brush: Brush, warmth: Warmth) -> None:
    """Base tank, two capacitor stacks one on the other, a ring and the line terminal on top."""
    hot_k = warmth.hot_body_k
    brush.limb((0, 0), (0, 0.6), 0.36, warmth.body_k, PAINTED_FLAT)
    brush.limb((0, 0.6), (0, 1.72), 0.18, warmth.insulator_k + hot_k * 0.2, PORCELAIN, sheds=13)
    brush.limb((0, 1.7), (0, 1.82), 0.17, warmth.insulator_k + hot_k, OXIDISED)
    brush.limb((0, 1.82), (0, 2.92), 0.18, warmth.insulator_k + hot_k, PORCELAIN, sheds=13)
    brush.limb((0, 2.9), (0, 3.02), 0.17, warmth.joint(0) * 0.5, OXIDISED)
    brush.limb((-0.42, 2.86), (0.42, 2.86), 0.045, 0.5, BARE)
    terminal(brush, warmth, 0, (0, 3.1), 0.08)


def inductive_voltage_transformer(brush: Brush, warmth: Warmth) -> None:
    """A wide round tank that holds core and windings, a tapered insulator, a small head."""
    body_k = warmth.body_k + warmth.hot_body_k
    brush.limb((0, 0), (0, 0.2), 0.5, body_k)
    brush.ball((0, 0.5), (0.5, 0.4), body_k * 1.1)
    rise = (warmth.insulator_k + 0.4 * body_k, warmth.insulator_k)
    brush.limb((0, 0.8), (0, 2.05), (0.24, 0.13), rise, PORCELAIN, sheds=12)
    brush.ball((0, 2.16), (0.2, 0.17), 1.0 + warmth.joint(0) * 0.2)
    terminal(brush, warmth, 0, (0, 2.39), 0.07)


def head_current_transformer(brush: Brush, warmth: Warmth) -> None:
    """Inverted: core and windings in a large head on a slender column, a terminal either side, bellows on top."""
    body_k = warmth.body_k + warmth.hot_body_k
    brush.limb((0, 0), (0, 0.32), 0.27, 1.0, PAINTED_FLAT)
    rise = (warmth.insulator_k, warmth.insulator_k + 0.3 * body_k)
    brush.limb((0, 0.32), (0, 1.75), (0.19, 0.16), rise, PORCELAIN, sheds=14)
    for side in (-1, 1):
        brush.limb((0, 2.05), (side * 0.62, 2.05), 0.055, warmth.joint((side + 1) // 2) * 0.7, OXIDISED)
    brush.limb((0, 1.74), (0, 1.86), (0.2, 0.36), body_k)
    brush.limb((0, 1.86), (0, 2.36), 0.38, body_k)
    brush.ball((0, 2.36), (0.38, 0.16), body_k)
    brush.limb((0, 2.44), (0, 2.72), 0.17, body_k * 0.7)
    for side in (-1, 1):
        terminal(brush, warmth, (side + 1) // 2, (side * 0.65, 2.05), 0.08)


def tank_current_transformer(brush: Brush, warmth: Warmth) -> None:
    """Hairpin: core and windings in a square tank at the foot, a thick column, the terminals of both ends on top."""
    body_k = warmth.body_k + warmth.hot_body_k
    brush.limb((0, 0), (0, 0.72), 0.42, body_k, PAINTED_FLAT)
    brush.limb((0, 0.72), (0, 0.8), 0.28, body_k * 0.8)
    rise = (warmth.insulator_k + 0.3 * body_k, warmth.insulator_k)
    brush.limb((0, 0.8), (0, 2.1), (0.24, 0.21), rise, PORCELAIN, sheds=12)
    brush.limb((0, 2.08), (0, 2.38), 0.26, warmth.joint_k * 0.4 + 0.5, PAINTED_FLAT)
    brush.limb((0, 2.38), (0, 2.55), (0.2, 0.12), 0.8)
    for side in (-1, 1):
        number = (side + 1) // 2
        brush.limb((side * 0.24, 2.22), (side * 0.46, 2.22), 0.05, warmth.joint(number) * 0.8, OXIDISED)
        terminal(brush, warmth, number, (side * 0.48, 2.22), 0.08)
