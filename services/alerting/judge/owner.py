"""Whose state is it? A judge that began with another site's would end that site's alarms."""

from __future__ import annotations

from collections.abc import Iterable

from canairy.errors import ConfigurationError
from services.alerting.judge.memory import Point


def refuse_another_site(points: Iterable[Point], site: str) -> None:
    """Raises ConfigurationError naming the first point that was written by the judge of another site."""
    for point in points:
        other = next((it for it in _sites(point) if it != site), None)
        if other is not None:
            raise ConfigurationError(
                f"alarms.state holds {point.name} of site {other!r}, and this is {site!r}: one broker serves one site. "
                f"Set CANAIRY_KAFKA_BOOTSTRAP to the broker of {site}; if {other} is no more, make alarms.state anew"
            )


def _sites(point: Point) -> set[str]:
    found = {watch.alarm.site for watch in point.watches.values() if watch.alarm is not None}
    found |= {reading.header.site for reading in (point.last, *point.waiting) if reading is not None}
    return found | ({point.camera.site} if point.camera is not None else set())
