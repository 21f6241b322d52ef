"""Measure: the regions of a frame in, a reading each out. No judgement: that is alerting's.

Where the site file asks for it, a model says how unlike normal an asset looks. While the model is away, assets are
measured all the same, and their readings say so (flag `model_unavailable`). An asset whose bank is of another kind than
its crop (temperatures here, grey levels there) is not compared, and its reading says so (flag `no_comparison`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from canairy.messages.detections import Detections, Region
from canairy.messages.header import MODEL_UNAVAILABLE, NO_COMPARISON
from canairy.messages.reading import Reading
from canairy.site.model import Site
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Partition, Received
from canairy.stream.step import Decoded
from canairy.stream.troubles import Troubles, other_site
from canairy.topics import EVIDENCE, READINGS
from canairy.trace import span, spans
from services.anomaly.crops import Crops, Pixels
from services.anomaly.estimate import at_its_end
from services.anomaly.evidence import EvidenceRule
from services.anomaly.measure import seen_pixels
from services.anomaly.scoring import Scoring, Verdict, Verdicts
from services.anomaly.surface import NOTHING, Seen, Surface, see


class Anomaly:
    """The step of the anomaly service. It has no state to keep. Without `scoring`, no model is asked."""

    def __init__(self, site: Site, troubles: Troubles | None = None, scoring: Scoring | None = None) -> None:
        self._site = site.site.id
        self._troubles = troubles or Troubles()
        self._scoring = scoring
        self._evidence = EvidenceRule.of(site)
        self._surfaces = {asset.id: Surface.of(asset) for asset in site.assets}

    def decode(self, record: Received, now: datetime) -> Crops:
        """As `Step.decode`: pixels included, so that a damaged crop is found out here."""
        del now
        detections = Detections.decode(schema.payload(record, "Detections"))
        if detections.header.site != self._site:
            raise other_site("detections", detections.header.site, self._site)
        return Crops.of(replace(detections, header=self._troubles.onto(detections.header)))

    def handle(self, batch: Sequence[Decoded[Crops]], now: datetime) -> Iterable[Outgoing]:
        """As `Step.handle`: a reading for each region, in the order of the frame, and its evidence where it is kept."""
        del now
        frames = [decoded.message for decoded in batch]
        verdicts = self._verdicts(batch)
        if verdicts is None:
            frames, verdicts = [_unscored(crops) for crops in frames], [{} for _ in frames]
        return self._measured([decoded.record for decoded in batch], frames, verdicts)

    def state_of(self, partition: Partition) -> Partition | None:
        """As `Step.state_of`: there is none."""
        del partition
        return None

    def forget(self) -> None:
        """As `Step.forget`: there is nothing."""

    def restore(self, record: Received) -> None:
        """As `Step.restore`: never called, since there is no state."""

    def _verdicts(self, batch: Sequence[Decoded[Crops]]) -> Sequence[Verdicts] | None:
        if self._scoring is None:
            return [{} for _ in batch]
        with spans("ask patchcore", [decoded.record.headers for decoded in batch]):
            return self._scoring.of([decoded.message for decoded in batch])

    def _measured(
        self, records: Sequence[Received], frames: Sequence[Crops], verdicts: Sequence[Verdicts]
    ) -> Iterator[Outgoing]:
        for record, crops, said in zip(records, frames, verdicts, strict=True):
            with span("measure", record.headers) as headers:
                yield from self._readings(crops, said, headers)

    def _readings(self, crops: Crops, said: Verdicts, headers: dict[str, bytes]) -> Iterator[Outgoing]:
        for index, (region, pixels) in enumerate(zip(crops.detections.regions, crops.pixels, strict=True)):
            verdict = said.get(index)
            surface = self._surfaces.get(region.asset)
            seen = NOTHING if pixels is None else see(pixels, region, crops.detections.radiometry, surface)
            refused = self._scoring is not None and self._scoring.refuses(region.asset, pixels)
            about = _about(crops.detections, NO_COMPARISON) if refused else crops.detections
            reading = at_its_end(_reading(about, index, region, pixels, seen, verdict))
            yield Outgoing(READINGS, region.asset, reading.encode(), schema.header("Reading") | headers)
            evidence = self._evidence.of_reading(reading, region, None if verdict is None else verdict.map)
            if evidence is not None:
                yield Outgoing(EVIDENCE, region.asset, evidence.encode(), schema.header("Evidence") | headers)


def _unscored(crops: Crops) -> Crops:
    return replace(crops, detections=_about(crops.detections, MODEL_UNAVAILABLE))


def _about(detections: Detections, flag: str) -> Detections:
    return replace(detections, header=detections.header.flagged(flag))


def _reading(
    detections: Detections, index: int, region: Region, pixels: Pixels | None, seen: Seen, verdict: Verdict | None
) -> Reading:
    place = region.x, region.y, region.outline
    return Reading(
        header=detections.header.flagged(*seen.flags),
        frame=detections.frame,
        asset=region.asset,
        kind=region.kind,
        temperatures=seen.temperatures,
        uncertainty=seen.uncertainty,
        index=index,
        count=len(detections.regions),
        surroundings_c=region.surroundings_c,
        score=region.score,
        unseen=region.unseen,
        closed=region.closed,
        anomaly=None if verdict is None else verdict.score,
        equipment=region.equipment,
        seen_pixels=0 if pixels is None or pixels.radiometric else seen_pixels(pixels.counts.shape, *place),
    )
