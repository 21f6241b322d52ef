"""ΔT between similar components under similar load: the rule for the reference.

A bad joint only ever heats, so a thermographer takes a cool one of the same kind as the sound one. The reference here
is the *lower median* of the other members' hottest points: among three phases the cooler of the other two, so that
two bad phases still stand out against the sound one; in larger groups one reading that is falsely cold (something in
the line of sight) does not condemn all the others. Members as cool as the reference, within 3 K (NETA MTS 100.18
takes note from 1 to 3 K on), are named beside it: `+41 K over B/C`.

Who may be a reference: a member with a temperature that is not a lower bound. A lower bound (under-resolved or over
range) is truly warmer than it reads, so the difference to it is too great to raise an alarm by, and what an
unresolved target shows is not sure to be the component, so nothing is cleared by it either. Without any reference
there is no judgement: nothing is raised, nothing cleared. A member's own lower bound may raise and never clears.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median_low
from typing import Final, NamedTuple

from canairy.messages.reading import Reading
from canairy.messages.uncertainty import Uncertainty
from canairy.thermal.uncertainty import COVERAGE, difference_k
from services.alerting.judge import words
from services.alerting.judge.excursion import Level, level_of
from services.alerting.judge.grade import Grade
from services.alerting.judge.rules import AssetRules

ALIKE_K: Final = 3.0


class Shown(NamedTuple):
    """What one other member showed: `max_c` None when it was not measured, `uncertainty` None when that is not known.

    `frame` is the identifier of the frame that showed it.
    """

    member: AssetRules
    max_c: float | None
    lower_bound: bool
    uncertainty: Uncertainty | None = None
    frame: str = ""


class Reference(NamedTuple):
    """What a member is compared with: its temperature, the members that show it, and whose it exactly is."""

    celsius: float
    members: tuple[AssetRules, ...]
    shown: Shown


def reference(others: Iterable[Shown]) -> Reference | None:
    """The lower median of the members that may be one, or None."""
    usable = [(shown.max_c, shown) for shown in others if shown.max_c is not None and not shown.lower_bound]
    if not usable:
        return None
    celsius = median_low(max_c for max_c, _ in usable)
    alike = tuple(shown.member for max_c, shown in usable if abs(max_c - celsius) <= ALIKE_K)
    return Reference(celsius, alike, next(shown for max_c, shown in usable if max_c == celsius))


def delta_uncertainty_k(reading: Reading, against: Reference) -> float | None:
    """Expanded uncertainty of the difference, kelvin; None where that of either temperature is not known.

    Within one frame the camera's offset cancels, as far as emissivities are alike; between frames nothing does.
    """
    one, other = reading.uncertainty, against.shown.uncertainty
    if one is None or other is None:
        return None
    same_frame = against.shown.frame == reading.header.frame
    return round(COVERAGE * difference_k(one, other, same_frame=same_frame), 2)


def delta_grade(
    max_c: float,
    lower_bound: bool,
    against: Reference,
    limit_k: float,
    dead_band_k: float,
    uncertainty_k: float | None = None,
) -> Grade:
    """How far `max_c` stands over the reference, and how sure that is."""
    delta_k = max_c - against.celsius
    over_whom = "/".join(member.label for member in against.members)
    told = f"{words.temperature(max_c, lower_bound)}, {words.difference(delta_k)} over {over_whom}"
    level: Level = level_of(delta_k, limit_k, dead_band_k, lower_bound)
    return Grade(
        level,
        limit_k,
        f"{told} (limit {limit_k:g})",
        f"{told}, {words.fallen(limit_k, dead_band_k)}",
        "/".join(member.name for member in against.members),
        delta_k,
        uncertainty_k,
    )
