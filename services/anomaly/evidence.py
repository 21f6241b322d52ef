"""What is worth keeping: the crops behind readings near a limit or threshold, and one of each asset in ten minutes.

Crops in every reading would be terabytes a year. Near a limit one in ten seconds shows how a fault grows; the rest is
for commissioning: what an asset looks like on ordinary days, and what equipment a detector found that nobody
registered. Hot spots have none. Capture times decide. A restart keeps one more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.detections import Region, RegionKind
from canairy.messages.evidence import AnomalyMap, Evidence
from canairy.messages.reading import Reading
from canairy.site.model import Asset, Site

NEAR_K: Final = 5.0
NEAR_SHARE: Final = 0.8  # of the threshold
NEAR_EVERY: Final = timedelta(seconds=10)
EVERY: Final = timedelta(minutes=10)


@dataclass(slots=True)
class EvidenceRule:
    """`limits_c`: the lowest limit of each registered asset, None where it has none."""

    limits_c: Mapping[str, float | None]
    _kept: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, site: Site) -> EvidenceRule:
        """By the limits of the site file."""
        return cls({asset.id: _lowest(asset) for asset in site.assets})

    def of_reading(self, reading: Reading, region: Region, where: AnomalyMap | None) -> Evidence | None:
        """The evidence of a reading when it is worth keeping."""
        at = reading.header.captured_at
        if reading.closed:
            self._kept.pop(reading.asset, None)
        if region.crop is None or not self._kind_is_kept(reading) or not self._due(reading, at):
            return None
        self._kept[reading.asset] = at
        max_c = None if reading.temperatures is None else reading.temperatures.max_c
        return Evidence(
            header=reading.header,
            frame=reading.frame,
            asset=reading.asset,
            x=region.x,
            y=region.y,
            crop=region.crop,
            max_c=max_c,
            anomaly=reading.anomaly,
            map=where,
            equipment=reading.equipment,
            uncertainty=reading.uncertainty,
        )

    def _kind_is_kept(self, reading: Reading) -> bool:
        """A registered asset, or equipment that is seen: where it was is no picture of it. The canary is neither."""
        return reading.asset in self.limits_c or (
            reading.kind is RegionKind.EQUIPMENT and reading.equipment is not None
        )

    def _due(self, reading: Reading, at: datetime) -> bool:
        kept = self._kept.get(reading.asset)
        # A capture time far behind the last one: the clock was set back, or a recording is played again.
        return kept is None or abs(at - kept) >= (NEAR_EVERY if self._near(reading) else EVERY)

    def _near(self, reading: Reading) -> bool:
        if reading.anomaly is not None and reading.anomaly.score >= NEAR_SHARE * reading.anomaly.threshold:
            return True
        limit_c, measured = self.limits_c.get(reading.asset), reading.temperatures
        return limit_c is not None and measured is not None and measured.max_c >= limit_c - NEAR_K


def _lowest(asset: Asset) -> float | None:
    given = [limit for limit in (asset.limits.high_c, asset.limits.high_high_c) if limit is not None]
    return min(given, default=None)
