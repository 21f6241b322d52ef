"""Measure: the regions of a frame in, a reading each out. No judgement: that is alerting's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from canairy.messages.detections import Detections, Region
from canairy.messages.reading import Reading
from canairy.site.model import Site
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Partition, Received
from canairy.stream.step import Decoded
from canairy.stream.troubles import Troubles, other_site
from canairy.topics import READINGS
from canairy.trace import span
from services.anomaly.measure import Celsius, measure


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """Detections with the pixels of each region: float32 (height, width) degrees Celsius, None where there are none."""

    detections: Detections
    celsius: tuple[Celsius | None, ...]


class Anomaly:
    """The step of the anomaly service. It remembers nothing."""

    def __init__(self, site: Site, troubles: Troubles | None = None) -> None:
        self._site = site.site.id
        self._troubles = troubles or Troubles()

    def decode(self, record: Received, now: datetime) -> Crops:
        """As `Step.decode`: pixels included, so that a damaged crop is found out here."""
        del now
        detections = Detections.decode(schema.payload(record, "Detections"))
        if detections.header.site != self._site:
            raise other_site("detections", detections.header.site, self._site)
        detections = replace(detections, header=self._troubles.onto(detections.header))
        return Crops(detections, tuple(_pixels(region) for region in detections.regions))

    def handle(self, batch: Sequence[Decoded[Crops]], now: datetime) -> Iterable[Outgoing]:
        """As `Step.handle`: a reading for each region, in the order of the frame."""
        del now
        for decoded in batch:
            with span("measure", decoded.record.headers) as headers:
                yield from _readings(decoded.message, schema.header("Reading") | headers)

    def state_of(self, partition: Partition) -> Partition | None:
        """As `Step.state_of`: there is none."""
        del partition
        return None

    def forget(self) -> None:
        """As `Step.forget`: there is nothing."""

    def restore(self, record: Received) -> None:
        """As `Step.restore`: never called, since there is no state."""


def _pixels(region: Region) -> Celsius | None:
    return None if region.crop is None else region.crop.celsius()


def _readings(crops: Crops, headers: dict[str, bytes]) -> Iterator[Outgoing]:
    regions = crops.detections.regions
    for index, (region, celsius) in enumerate(zip(regions, crops.celsius, strict=True)):
        temperatures = None if celsius is None else measure(celsius, region.x, region.y, region.outline)
        reading = Reading(
            header=crops.detections.header,
            frame=crops.detections.frame,
            asset=region.asset,
            kind=region.kind,
            temperatures=temperatures,
            index=index,
            count=len(regions),
            surroundings_c=region.surroundings_c,
            score=region.score,
            unseen=region.unseen,
            closed=region.closed,
        )
        yield Outgoing(READINGS, region.asset, reading.encode(), headers)
