"""One camera's frames: from what the source said to the message on thermal.frames."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from canairy.errors import InvalidMessage
from canairy.messages.camera import CameraState
from canairy.messages.frame import Frame
from canairy.messages.header import FrameHeader
from canairy.messages.picture import Image, Picture
from canairy.messages.radiometry import ASSUMED
from canairy.messages.thermogram import MAX_SIDE
from canairy.messages.wire import EPOCH
from canairy.site.model import Camera, Site
from canairy.topics import MAX_MESSAGE_BYTES
from services.ingest.drift import Measured
from services.ingest.estimated import Estimator
from services.ingest.grey import Looked, examine_grey
from services.ingest.housing import Housing
from services.ingest.masks import Masks
from services.ingest.outlook import Outlook
from services.ingest.picture import examine
from services.ingest.shelf import MemoryShelf, Shelf
from services.ingest.sight import Sight
from services.ingest.size import check_size
from services.ingest.source import Raw, RawPicture
from services.ingest.times import Stamp, live_stamp, possible, pushed_stamp, recorded_stamp, text
from services.ingest.watch import CameraWatch

MICROSECOND: Final = timedelta(microseconds=1)
# The rest of a message is header, radiometry and what Kafka adds around it.
_MOST_BYTES: Final = MAX_MESSAGE_BYTES - 64 * 1024
# What a frame of such a camera says of itself, so that nobody measures in it unknowingly.
_DOUBTFUL: Final = {CameraState.FROZEN: "camera_frozen", CameraState.BLACK: "camera_black"}


def _unmeasured(_name: str, _at: datetime) -> float | None:
    """Nobody measures."""
    return None


class Feed:
    """What is remembered of one camera; not for two threads at once."""

    def __init__(
        self,
        site: Site,
        camera: Camera,
        started_at: datetime,
        shelf: Shelf | None = None,
        measured: Measured = _unmeasured,
    ) -> None:
        self.camera = camera
        self.watch = CameraWatch(site.site.id, camera, started_at)
        self._masks = Masks(camera)
        self._estimator = Estimator(camera)
        self._outlook = Outlook(camera, shelf or MemoryShelf(), measured)
        self._site = site
        self._housing = Housing(camera)
        self._newest_at: datetime | None = None
        self._newest = ""

    def accept(self, raw: Raw, now: datetime, flags: tuple[str, ...]) -> Frame:
        """The message for one picture; `flags` are the site's.

        Raises:
            InvalidMessage: impossible temperatures or time, an unknown view, or too many bytes to travel.
        """
        raw = self._masks.onto(raw)
        if not isinstance(raw, RawPicture):
            raw = self._housing.seen_through(raw)
        picture = _look(raw)
        try:
            self._check(raw, picture)
            shown = self._estimator.onto(raw)
            image = _packed(shown, self._masks)
            stamp = self._stamp(raw, now)
            frame = f"{self.camera.id}:{(stamp.captured_at - EPOCH) // MICROSECOND}:{picture.mark}"
            self._keep_order(stamp.captured_at, frame)
        except InvalidMessage as error:
            self._watch_refused(picture, str(error), now)
            raise
        sight = self._saw(raw, picture, stamp, now)
        own = picture.flags if shown is raw else ()
        source = () if isinstance(shown, RawPicture) else shown.flags
        known = self._flags((*source, *own), stamp, flags)
        header = self._header(shown, frame, stamp, now, (*known, *sight.flags), sight)
        if isinstance(shown, RawPicture):
            return Frame(header, image)
        told = replace(
            header,
            estimate_step_k=shown.estimate_step_k,
            estimate_most_c=shown.estimate_most_c,
            location=shown.beside.location,
        )
        # The temperatures of a huge frame come first: a message takes no more.
        visible = shown.beside.visible if len(image.packed) + len(shown.beside.visible) <= _MOST_BYTES else b""
        return Frame(told, image, shown.radiometry or ASSUMED, visible)

    def refused(self, reason: str, now: datetime) -> None:
        """A frame or file of this camera could not be used."""
        if self.camera.watched_live:
            self._outlook.decoding.saw(reason, now)
            self.watch.faults(self._outlook.faults())

    def _saw(self, raw: Raw, picture: Looked, stamp: Stamp, now: datetime) -> Sight:
        sight = self._outlook.at(raw, picture, stamp.captured_at)
        self.watch.saw(picture, now, sight)
        if self.camera.watched_live:
            self._outlook.clock.saw(raw.taken_at, now)
            self._outlook.decoding.saw("", now)
        self.watch.faults(self._outlook.faults())
        return sight

    def _check(self, raw: Raw, picture: Looked) -> None:
        if self.camera.view(raw.view) is None:
            known = ", ".join(view.id for view in self.camera.views)
            raise InvalidMessage(f"{self.camera.id} has no view {raw.view!r}: its views are {known}")
        check_size(self.camera, raw.pixels if isinstance(raw, RawPicture) else raw.counts)
        picture.check_possible()

    def _stamp(self, raw: Raw, now: datetime) -> Stamp:
        if self.camera.kind == "push":
            return pushed_stamp(raw.taken_at, now, self._newest_at)
        if not self.camera.live:
            return recorded_stamp(raw.taken_at, raw.assigned, now)
        stamp = live_stamp(raw.taken_at, now, self._newest_at)
        possible(stamp.captured_at, now)
        return stamp

    def _keep_order(self, captured_at: datetime, frame: str) -> None:
        if self.camera.kind == "push" and captured_at == self._newest_at and frame != self._newest:
            raise InvalidMessage(f"captured at {text(captured_at)}, when another frame was: one picture has one time")
        self._newest_at, self._newest = captured_at, frame

    def _watch_refused(self, picture: Looked, reason: str, now: datetime) -> None:
        """A camera whose pictures are refused is not well; one that shows nothing at all is black first of all."""
        if not self.camera.watched_live:
            return
        if picture.blank:
            self.watch.saw(picture, now)
        else:
            self.watch.failed(reason, now)

    def _flags(self, own: tuple[str, ...], stamp: Stamp, flags: tuple[str, ...]) -> tuple[str, ...]:
        doubtful = _DOUBTFUL.get(self.watch.state)
        return (*stamp.flags, *own, *((doubtful,) if doubtful else ()), *(flags if self.camera.live else ()))

    def _header(
        self, raw: Raw, frame: str, stamp: Stamp, now: datetime, flags: tuple[str, ...], sight: Sight
    ) -> FrameHeader:
        return FrameHeader(
            site=self._site.site.id,
            site_digest=self._site.digest,
            camera=self.camera.id,
            view=sight.view or raw.view,
            frame=frame,
            captured_at=stamp.captured_at,
            received_at=now,
            live=self.camera.live,
            flags=flags,
            shift=sight.shift,
            hidden=sight.hidden,
        )


def _look(raw: Raw) -> Looked:
    if isinstance(raw, RawPicture):
        return examine_grey(raw.pixels)
    return examine(raw.counts, raw.scale_k, raw.offset_k)


def _packed(raw: Raw, masks: Masks) -> Image:
    if isinstance(raw, RawPicture):
        height, width = raw.pixels.shape[:2]
        if max(height, width) > MAX_SIDE:
            raise InvalidMessage(f"{width}x{height} pixels: sides must be 1 to {MAX_SIDE}")
        image: Image = Picture.of(raw.pixels)
    else:
        image = masks.packed(raw)
    if len(image.packed) > _MOST_BYTES:
        size = f"{image.width}x{image.height} pixels"
        raise InvalidMessage(f"{size} pack to {len(image.packed)} bytes, a message takes {MAX_MESSAGE_BYTES}")
    return image
