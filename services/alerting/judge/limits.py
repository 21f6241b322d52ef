"""Is it too hot? Limits on the hottest point of a registered asset, and on a hot spot that nobody registered."""

from __future__ import annotations

from canairy.messages.reading import Reading, Temperatures
from services.alerting.judge import words
from services.alerting.judge.excursion import Level, level_of
from services.alerting.judge.grade import Grade
from services.alerting.judge.rules import HotSpotRules, Limit


def limit_level(max_c: float, limit: Limit, dead_band_k: float, lower_bound: bool) -> Level:
    """Where an asset's hottest point stands."""
    return level_of(max_c, limit.limit_c, dead_band_k, lower_bound)


def limit_grade(level: Level, max_c: float, limit: Limit, dead_band_k: float, lower_bound: bool) -> Grade:
    """The same, with its reasons."""
    value = words.temperature(max_c, lower_bound)
    clear = f"{value}, {words.fallen(limit.limit_c, dead_band_k)}"
    return Grade(level, limit.limit_c, f"{value} (limit {limit.limit_c:g})", clear)


def hot_spot_grade(reading: Reading, measured: Temperatures, rules: HotSpotRules) -> Grade:
    """Either limit of the view makes a hot spot an alarm; the reason names which. Both must be undercut to return.

    A reading that does not say how warm the surroundings are cannot undercut the limit over them.
    """
    parts = []
    if rules.high_c is not None:
        parts.append(_by_temperature(measured.max_c, rules.high_c, rules, reading.lower_bound))
    if rules.over_surroundings_k is not None:
        parts.append(_by_surroundings(reading, measured.max_c, rules.over_surroundings_k, rules))
    worst = max(parts, key=lambda part: part.level)
    value = words.temperature(measured.max_c, reading.lower_bound)
    over = "".join(part.over for part in parts if part.level is Level.OVER)
    clear = ", ".join(part.clear for part in parts)
    return Grade(worst.level, worst.limit, f"{value}{over}", f"{value}, {clear}", worst.compared_with, worst.delta_k)


def _by_temperature(max_c: float, limit_c: float, rules: HotSpotRules, lower_bound: bool) -> Grade:
    band_k = rules.timing.dead_band_k
    level = level_of(max_c, limit_c, band_k, lower_bound)
    return Grade(level, limit_c, f" (limit {limit_c:g})", words.fallen(limit_c, band_k))


def _by_surroundings(reading: Reading, max_c: float, limit_k: float, rules: HotSpotRules) -> Grade:
    band_k = rules.timing.dead_band_k
    around_c = reading.surroundings_c
    if around_c is None:
        return Grade(Level.UNSURE, limit_k, "", "surroundings not known", "surroundings")
    delta_k = max_c - around_c
    told = f"{words.difference(delta_k)} over surroundings"
    return Grade(
        level_of(delta_k, limit_k, band_k, reading.lower_bound),
        limit_k,
        f", {told} (limit {limit_k:g})",
        f"{told}, {words.fallen(limit_k, band_k)}",
        "surroundings",
        delta_k,
    )
