"""How the judge words its reasons: short enough for one line at three in the morning."""

from __future__ import annotations


def temperature(celsius: float, lower_bound: bool) -> str:
    """`94.2 °C`, or `at least 94.2 °C` where the true value may be higher."""
    return f"{'at least ' if lower_bound else ''}{celsius:.1f} °C"


def difference(kelvin: float) -> str:
    """`+41 K`; with a decimal where rounding could hide which side of a limit it is on."""
    return f"{kelvin:+.0f} K" if abs(kelvin) >= 20 else f"{kelvin:+.1f} K"


def fallen(limit: float, dead_band_k: float) -> str:
    """What was undercut when an alarm returned, and what it follows from."""
    band = f", dead-band {dead_band_k:g}" if dead_band_k else ""
    return f"under {limit - dead_band_k:g} (limit {limit:g}{band})"
