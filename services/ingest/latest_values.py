"""The newest value of each measurement, for reference patches whose temperature a sensor tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.measurement import Measurement

# A surface in the shade follows the air in minutes; a sensor that is older says nothing about now.
FRESH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LatestValues:
    """Written by the server's threads, read by the cameras': one value replaces another, which needs no lock."""

    _newest: dict[str, Measurement] = field(default_factory=dict)

    def saw(self, measurement: Measurement) -> None:
        """It was pushed; an older one than is known says nothing new."""
        known = self._newest.get(measurement.name)
        if known is None or measurement.measured_at >= known.measured_at:
            self._newest[measurement.name] = measurement

    def at(self, name: str, at: datetime) -> float | None:
        """The value at a time; None where none is known within five minutes of it."""
        known = self._newest.get(name)
        return None if known is None or abs(at - known.measured_at) > FRESH else known.value
