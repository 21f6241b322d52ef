"""Where the equipment is, and where it is hot: a frame in, its regions out.

Three ways to find equipment, and who wins where they do not agree:

1. A registered region is always told, as it was drawn. What a detector sees in it goes with it (`agreement`).
2. A detector's box that touches no region is equipment that nobody registered: a find with a name (`naming`).
3. A hot spot whose hottest pixel lies in a registered region (or within a few pixels of it) belongs to that asset; in
   the box of a find, to that find; every other one is a find of its own.

In a frame without temperatures there are no hot spots: bright is not hot. Regions and the detector's boxes are as ever,
and crops are grey levels.

Registered regions and finds move along with the view (`follow`), and what something stands before is not measured. A
frame that shows no temperatures of its view (a shutter, a camera on its way) has no regions, and what was found before
neither goes on nor ends.

While the detector is away there are regions and hot spots, the frame is flagged `model_unavailable`, and equipment that
it found before is measured where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from canairy.errors import InvalidMessage
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.equipment import Equipment
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY, MODEL_UNAVAILABLE, READS_LOW, FrameHeader, Place
from canairy.messages.wire import EPOCH
from canairy.present import AHEAD, SET_BACK, Present
from canairy.site.model import EACH_FILE, Asset, Site, View
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Partition, Received
from canairy.stream.step import Decoded
from canairy.stream.troubles import Troubles, other_site
from canairy.topics import DETECTIONS, FINDS, FRAMES
from canairy.trace import span, spans
from services.detection import regions
from services.detection.agreement import agree, bounds, rectangle
from services.detection.backlog import Backlog
from services.detection.detector import Looking
from services.detection.finds import Box, ViewFinds
from services.detection.finds_state import Remembered
from services.detection.follow import Look, followed, hides, uncovered
from services.detection.hotspots import HotSpot
from services.detection.naming import Seen, match
from services.detection.picture import Picture


class Detection:
    """The step of the detection service. Its memory, the names of finds per view, stands on thermal.finds."""

    def __init__(
        self,
        site: Site,
        shed_after: timedelta = timedelta(seconds=10),
        troubles: Troubles | None = None,
        detector: Looking | None = None,
    ) -> None:
        self._site = site
        self._detector = detector
        self._troubles = troubles or Troubles()
        self._backlog = Backlog(shed_after)
        self._views = {(camera.id, view.id): view for camera in site.cameras for view in camera.views}
        self._remembered: dict[str, Remembered] = {}
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
        return Picture.of(frame)

    def handle(self, batch: Sequence[Decoded[Picture]], now: datetime) -> Iterable[Outgoing]:
        """As `Step.handle`: one message of detections a frame, and what is remembered of its view."""
        self._present.latest(now)
        fresh = [decoded for decoded in batch if not self._answered(decoded)]
        kept = self._backlog.worth_a_look(fresh, now)
        # Asked first: this may raise, and then the same batch comes again.
        seen = self._see(kept)
        self._backlog.shed(fresh, kept)
        return self._told(kept, seen, now)

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

    # --- one batch --------------------------------------------------------------------------------------------

    def _answered(self, decoded: Decoded[Picture]) -> bool:
        header = decoded.message.frame.header
        remembered = self._remembered.get(header.view)
        return remembered is not None and remembered.reflects(_place(decoded.record), header.captured_at)

    def _see(self, batch: Sequence[Decoded[Picture]]) -> Sequence[Sequence[Equipment]] | None:
        """What the detector sees in each; None while it is away. Raises Unavailable while one waits for it."""
        if self._detector is None:
            return [()] * len(batch)
        asked = [index for index, decoded in enumerate(batch) if _worth_asking(decoded.message.frame.header)]
        with spans("ask detector", [batch[index].record.headers for index in asked]):
            found = self._detector.at([batch[index].message.shown for index in asked])
        if found is None:
            return None
        seen = dict(zip(asked, found, strict=True))
        return [seen.get(index, ()) for index in range(len(batch))]

    def _told(
        self, batch: Sequence[Decoded[Picture]], seen: Sequence[Sequence[Equipment]] | None, now: datetime
    ) -> Iterator[Outgoing]:
        for index, decoded in enumerate(batch):
            yield from self._look(decoded.record, decoded.message, None if seen is None else seen[index], now)

    # --- one frame --------------------------------------------------------------------------------------------

    def _look(
        self, record: Received, picture: Picture, seen: Sequence[Equipment] | None, now: datetime
    ) -> Iterator[Outgoing]:
        header, place = picture.frame.header, _place(record)
        with span("detect", record.headers) as headers:
            found, memory = self._regions(picture, seen, now)
            shed = self._backlog.shed_before(header.camera)
            about = self._troubles.onto(header if seen is not None else header.flagged(MODEL_UNAVAILABLE))
            message = Detections(about, place, tuple(found), shed, picture.frame.radiometry)
            yield Outgoing(DETECTIONS, header.camera, message.encode(), schema.header("Detections") | headers)
        if memory is not None:
            told = self._remembered[header.view] = Remembered(memory, place)
            yield Outgoing(FINDS, header.view, told.encode(), partition=record.partition, state=True)

    def _regions(
        self, picture: Picture, seen: Sequence[Equipment] | None, now: datetime
    ) -> tuple[list[Region], ViewFinds | None]:
        """The regions of a frame, and what is to be remembered of its view (None: nothing new)."""
        view = self._view(picture.frame)
        if view is None:
            return [Region(CANARY, RegionKind.REGISTERED, 0, 0, picture.frame.image)], None
        header = picture.frame.header
        if header.unfit:
            return [], None
        height, width = picture.counts.shape
        assets = followed(view.assets, header.shift, width, height)
        agreed = agree(assets, seen or ())
        registered = [
            replace(_registered(asset, picture), equipment=agreed.registered.get(asset.id)) for asset in assets
        ]
        spots = _unregistered(picture.hot_spots(), assets, picture)
        others = [it for it in agreed.others if not hides(header.hidden, rectangle(it))]
        boxes = [box for it in others if (box := picture.box(it)) is not None]
        look = _look(picture, looked=seen is not None)
        named, memory = self._name(header, view, spots, boxes, now, look)
        return registered + [_find_region(one, picture, look) for one in named], memory

    def _name(
        self, header: FrameHeader, view: View, spots: list[HotSpot], boxes: list[Box], now: datetime, look: Look
    ) -> tuple[list[Seen], ViewFinds | None]:
        if view.id == EACH_FILE:
            # Seen once and never again: its finds are numbered by strength and not remembered.
            return match(ViewFinds(header.view), spots, header.captured_at, boxes=boxes)[1], None
        remembered = self._remembered.get(header.view)
        before = ViewFinds(header.view) if remembered is None else _until(remembered.finds, now)
        after, seen = match(before, spots, header.captured_at, boxes=boxes, look=look)
        return seen, after if seen or after.finds else None

    def _view(self, frame: Frame) -> View | None:
        camera, view = frame.header.camera, frame.header.view
        return self._views.get((camera, view)) or self._views.get((camera, EACH_FILE))


def _place(record: Received) -> Place:
    return Place(record.topic, record.partition, record.offset)


def _until(known: ViewFinds, now: datetime) -> ViewFinds:
    """What is known of a view; a newest frame of the future is older than the setting back of the clock."""
    ahead = known.newest is not None and known.newest - now > SET_BACK
    return replace(known, newest=None) if ahead else known


def _newest(remembered: Remembered) -> datetime:
    return remembered.finds.newest or EPOCH


def _worth_asking(header: FrameHeader) -> bool:
    return header.camera != CANARY and not header.unfit


def _registered(asset: Asset, picture: Picture) -> Region:
    if hides(picture.frame.header.hidden, bounds(asset)):
        return Region(asset.id, RegionKind.REGISTERED, 0, 0, None, asset.region)
    return regions.registered(asset, picture)


def _unregistered(spots: list[HotSpot], assets: Sequence[Asset], picture: Picture) -> list[HotSpot]:
    height, width = picture.counts.shape
    taken = regions.occupied(tuple(asset.region for asset in assets), height, width)
    header = picture.frame.header
    free = [spot for spot in spots if not taken[spot.peak_y, spot.peak_x]]
    return [spot for spot in free if uncovered(header, spot.peak_x, spot.peak_y)]


def _look(picture: Picture, *, looked: bool) -> Look:
    header, (height, width) = picture.frame.header, picture.counts.shape
    clear = READS_LOW not in header.flags
    return Look(header.shift, width, height, looked, picture.frame.radiometric, clear, header.hidden)


def _find_region(seen: Seen, picture: Picture, look: Look) -> Region:
    find, spot, box = look.lying(seen.find), seen.sight.spot, seen.sight.box
    behind = not seen.sight and hides(look.hidden, find.place)
    return Region(
        asset=find.name,
        kind=RegionKind.EQUIPMENT if find.code else RegionKind.HOT_SPOT,
        x=find.x,
        y=find.y,
        crop=None if behind else picture.crop(*find.place),
        score=None if spot is None else spot.score,
        surroundings_c=None if spot is None else spot.surroundings_c,
        unseen=not seen.sight,
        closed=seen.closed,
        equipment=None if box is None else box.equipment,
    )
