"""One camera's frames: from what the source said to the message on thermal.frames."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from canairy.errors import InvalidMessage
from canairy.messages.camera import CameraState
from canairy.messages.frame import Frame, Radiometry
from canairy.messages.header import OVER_RANGE, FrameHeader
from canairy.messages.thermogram import Thermogram
from canairy.messages.wire import EPOCH
from canairy.site.model import Camera, Site
from canairy.topics import MAX_MESSAGE_BYTES
from services.ingest.drift import Measured
from services.ingest.outlook import Outlook
from services.ingest.picture import Picture, examine
from services.ingest.shelf import MemoryShelf, Shelf
from services.ingest.sight import Sight
from services.ingest.source import RawFrame
from services.ingest.times import Stamp, live_stamp, possible, pushed_stamp, recorded_stamp, text
from services.ingest.watch import CameraWatch

MICROSECOND: Final = timedelta(microseconds=1)
# Of the message: header, radiometry and what Kafka adds around it.
_ROOM_BYTES: Final = 64 * 1024
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
        self._outlook = Outlook(camera, shelf or MemoryShelf(), measured)
        self._site = site
        self._radiometry = Radiometry(**camera.radiometry.model_dump())
        self._newest_at: datetime | None = None
        self._newest = ""

    def accept(self, raw: RawFrame, now: datetime, flags: tuple[str, ...]) -> Frame:
        """The message for one picture; `flags` are the site's.

        Raises:
            InvalidMessage: impossible temperatures or time, an unknown view, or too many bytes to travel.
        """
        picture = examine(raw.counts, raw.scale_k, raw.offset_k)
        try:
            self._check(raw, picture)
            thermogram = _packed(raw)
            stamp = self._stamp(raw, now)
            frame = f"{self.camera.id}:{(stamp.captured_at - EPOCH) // MICROSECOND}:{picture.mark}"
            self._keep_order(stamp.captured_at, frame)
        except InvalidMessage as error:
            self._watch_refused(picture, str(error), now)
            raise
        sight = self._saw(raw, picture, stamp, now)
        header = self._header(raw, frame, stamp, now, (*self._flags(picture, stamp, flags), *sight.flags), sight)
        return Frame(header, thermogram, raw.radiometry or self._radiometry)

    def refused(self, reason: str, now: datetime) -> None:
        """A frame or file of this camera could not be used."""
        if self.camera.live and self.camera.kind != "push":
            self._outlook.decoding.saw(reason, now)
            self.watch.faults(self._outlook.faults())

    def _saw(self, raw: RawFrame, picture: Picture, stamp: Stamp, now: datetime) -> Sight:
        sight = self._outlook.at(raw, picture, stamp.captured_at)
        self.watch.saw(picture, now, sight)
        if self.camera.live and self.camera.kind != "push":
            self._outlook.clock.saw(raw.taken_at, now)
            self._outlook.decoding.saw("", now)
        self.watch.faults(self._outlook.faults())
        return sight

    def _check(self, raw: RawFrame, picture: Picture) -> None:
        if self.camera.view(raw.view) is None:
            known = ", ".join(view.id for view in self.camera.views)
            raise InvalidMessage(f"{self.camera.id} has no view {raw.view!r}: its views are {known}")
        picture.check_possible()

    def _stamp(self, raw: RawFrame, now: datetime) -> Stamp:
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

    def _watch_refused(self, picture: Picture, reason: str, now: datetime) -> None:
        """A camera whose pictures are refused is not well; one that shows nothing at all is black first of all."""
        if not self.camera.live or self.camera.kind == "push":
            return
        if picture.blank:
            self.watch.saw(picture, now)
        else:
            self.watch.failed(reason, now)

    def _flags(self, picture: Picture, stamp: Stamp, flags: tuple[str, ...]) -> tuple[str, ...]:
        doubtful = _DOUBTFUL.get(self.watch.state)
        own = (OVER_RANGE,) if picture.saturated else ()
        return (*stamp.flags, *own, *((doubtful,) if doubtful else ()), *(flags if self.camera.live else ()))

    def _header(
        self, raw: RawFrame, frame: str, stamp: Stamp, now: datetime, flags: tuple[str, ...], sight: Sight
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


def _packed(raw: RawFrame) -> Thermogram:
    thermogram = Thermogram.of(raw.counts, raw.scale_k, raw.offset_k)
    if len(thermogram.packed) > MAX_MESSAGE_BYTES - _ROOM_BYTES:
        height, width = raw.counts.shape
        raise InvalidMessage(
            f"{width}x{height} pixels pack to {len(thermogram.packed)} bytes, a message takes {MAX_MESSAGE_BYTES}"
        )
    return thermogram
