"""Where the equipment is, and where it is hot: a frame in, its regions out.

Two ways to find equipment agree by one rule: a hot spot whose hottest pixel lies in a registered region (or within
a few pixels of it) belongs to that asset, which is measured anyway; every other one becomes a find with a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from canairy import metrics
from canairy.errors import InvalidMessage
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY, Place
from canairy.messages.thermogram import Thermogram, to_celsius
from canairy.messages.wire import EPOCH
from canairy.present import AHEAD, SET_BACK, Present
from canairy.site.model import EACH_FILE, Site, View
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Partition, Received
from canairy.stream.step import Decoded
from canairy.stream.troubles import Troubles, other_site
from canairy.topics import DETECTIONS, FINDS, FRAMES
from canairy.trace import span
from services.detection import finds, regions
from services.detection.finds import Seen, ViewFinds
from services.detection.finds_state import Remembered
from services.detection.hotspots import HotSpot, find_hotspots


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame with its pixels: uint16 counts and float32 degrees Celsius, both (height, width)."""

    frame: Frame
    counts: npt.NDArray[np.uint16]
    celsius: npt.NDArray[np.float32]


class Detection:
    """The step of the detection service. Its memory, the names of finds per view, stands on thermal.finds."""

    def __init__(
        self, site: Site, shed_after: timedelta = timedelta(seconds=10), troubles: Troubles | None = None
    ) -> None:
        self._site = site
        self._troubles = troubles or Troubles()
        self._shed_after = shed_after
        self._views = {(camera.id, view.id): view for camera in site.cameras for view in camera.views}
        self._remembered: dict[str, Remembered] = {}
        self._shed: Counter[str] = Counter()
        self._present = Present()

    def decode(self, record: Received, now: datetime) -> Picture:
        """As `Step.decode`: pixels included, so that a damaged frame is found out here."""
        frame = Frame.decode(schema.payload(record, "Frame"))
        header = frame.header
        if header.site != self._site.site.id:
            raise other_site("a frame", header.site, self._site.site.id)
        if header.camera != CANARY and self._view(frame) is None:
            raise InvalidMessage(f"camera {header.camera!r} with view {header.view!r} is not in the site file")
        if header.captured_at > self._present.latest(now) + AHEAD:
            raise InvalidMessage(f"{header.camera}: captured at {header.captured_at}, which is in the future ({now})")
        counts = frame.thermogram.counts()
        return Picture(frame, counts, to_celsius(counts, frame.thermogram.scale_k, frame.thermogram.offset_k))

    def handle(self, batch: Sequence[Decoded[Picture]], now: datetime) -> Iterable[Outgoing]:
        """As `Step.handle`: one message of detections a frame, and what is remembered of its view."""
        self._present.latest(now)
        for decoded in self._keep_up(batch, now):
            yield from self._look(decoded.record, decoded.message, now)

    def state_of(self, partition: Partition) -> Partition | None:
        """As `Step.state_of`: a camera's finds stand in the partition of the same number."""
        return Partition(FINDS, partition.number) if partition.topic == FRAMES else None

    def forget(self) -> None:
        """As `Step.forget`."""
        self._remembered = {}

    def restore(self, record: Received) -> None:
        """As `Step.restore`: the newer memory of a view counts, for a frozen process may write an old one late.

        One of an earlier time and a later frame is newer: the clock was set back in between.
        """
        if record.value is None:
            return
        told = Remembered.decode(record.value)
        known = self._remembered.get(record.key)
        if known is None or _newest(told) >= _newest(known) or told.frame.offset > known.frame.offset:
            self._remembered[record.key] = told

    # --- frames that come too late ----------------------------------------------------------------------------

    def _keep_up(self, batch: Sequence[Decoded[Picture]], now: datetime) -> list[Decoded[Picture]]:
        """Of live frames that are too old, only the newest of each camera is kept."""
        newest = {decoded.message.frame.header.camera: decoded for decoded in batch}
        kept = []
        for decoded in batch:
            header = decoded.message.frame.header
            late = header.live and now - header.received_at > self._shed_after
            if late and newest[header.camera] is not decoded:
                self._shed[header.camera] += 1
                metrics.FRAMES_SHED.labels(header.camera).inc()
            else:
                kept.append(decoded)
        return kept

    # --- one frame --------------------------------------------------------------------------------------------

    def _look(self, record: Received, picture: Picture, now: datetime) -> Iterator[Outgoing]:
        header, place = picture.frame.header, Place(record.topic, record.partition, record.offset)
        remembered = self._remembered.get(header.view)
        if remembered is not None and remembered.reflects(place, header.captured_at):
            return
        with span("detect", record.headers) as headers:
            found, memory = self._regions(picture, now)
            shed = self._shed.pop(header.camera, 0)
            message = Detections(self._troubles.onto(header), place, tuple(found), shed)
            yield Outgoing(DETECTIONS, header.camera, message.encode(), schema.header("Detections") | headers)
        if memory is not None:
            told = self._remembered[header.view] = Remembered(memory, place)
            yield Outgoing(FINDS, header.view, told.encode(), partition=record.partition, state=True)

    def _regions(self, picture: Picture, now: datetime) -> tuple[list[Region], ViewFinds | None]:
        """The regions of a frame, and what is to be remembered of its view (None: nothing new)."""
        thermogram = picture.frame.thermogram
        view = self._view(picture.frame)
        if view is None:
            return [Region(CANARY, RegionKind.REGISTERED, 0, 0, thermogram)], None
        scale = thermogram.scale_k, thermogram.offset_k
        registered = [regions.registered(asset, picture.counts, *scale) for asset in view.assets]
        spots = _unregistered(find_hotspots(picture.celsius), view, picture)
        seen, memory = self._name(picture, view, spots, now)
        return registered + [_find_region(one, picture.counts, *scale) for one in seen], memory

    def _name(
        self, picture: Picture, view: View, spots: list[HotSpot], now: datetime
    ) -> tuple[list[Seen], ViewFinds | None]:
        header = picture.frame.header
        if view.id == EACH_FILE:
            # Seen once and never again: its finds are numbered by strength and not remembered.
            return finds.match(ViewFinds(header.view), spots, header.captured_at)[1], None
        remembered = self._remembered.get(header.view)
        before = ViewFinds(header.view) if remembered is None else _until(remembered.finds, now)
        after, seen = finds.match(before, spots, header.captured_at)
        return seen, after if seen or after.finds else None

    def _view(self, frame: Frame) -> View | None:
        camera, view = frame.header.camera, frame.header.view
        return self._views.get((camera, view)) or self._views.get((camera, EACH_FILE))


def _until(known: ViewFinds, now: datetime) -> ViewFinds:
    """What is known of a view; a newest frame of the future is older than the setting back of the clock."""
    ahead = known.newest is not None and known.newest - now > SET_BACK
    return replace(known, newest=None) if ahead else known


def _newest(remembered: Remembered) -> datetime:
    return remembered.finds.newest or EPOCH


def _unregistered(spots: list[HotSpot], view: View, picture: Picture) -> list[HotSpot]:
    height, width = picture.counts.shape
    taken = regions.occupied(tuple(asset.region for asset in view.assets), height, width)
    return [spot for spot in spots if not taken[spot.peak_y, spot.peak_x]]


def _find_region(seen: Seen, counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float) -> Region:
    find, spot = seen.find, seen.spot
    crop = counts[find.y : find.y + find.height, find.x : find.x + find.width]
    return Region(
        asset=find.name,
        kind=RegionKind.HOT_SPOT,
        x=find.x,
        y=find.y,
        crop=Thermogram.of(crop, scale_k, offset_k) if crop.size else None,
        score=None if spot is None else spot.score,
        surroundings_c=None if spot is None else spot.surroundings_c,
        unseen=spot is None,
        closed=seen.closed,
    )
