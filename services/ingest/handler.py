"""What ingest does with what its sources say: pure but for its memory, one lock a camera.

a frame       → thermal.frames            or thermal.frames.dlq when it cannot be one
a bad file    → thermal.frames.dlq
time passes   → thermal.cameras           at every change and every 5 s
a minute      → thermal.frames            the canary
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from canairy import metrics, topics
from canairy.errors import InvalidMessage
from canairy.log import get_logger
from canairy.messages.camera import CameraState
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY, CLOCK_CORRECTED, UNFIT
from canairy.messages.measurement import Measurement
from canairy.site.model import Site
from canairy.stream import dead_letter as dlq
from canairy.stream import schema
from canairy.stream.broker import Outgoing
from services.ingest.canary import canary_frame
from services.ingest.feed import Feed
from services.ingest.latest_values import LatestValues
from services.ingest.parcel import Care, Parcel
from services.ingest.shelf import Shelf
from services.ingest.source import Event, Failed, Finished, Raw, RawFrame, RawPicture, Unreadable
from services.ingest.watch import Report

log = get_logger()
FILE_HEADER: Final = "dlq-file"
# What a camera said the time was, where we did not believe it.
SOURCE_TIME_HEADER: Final = "source-time"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the handler asks of the world: the site's flags now, and the headers that carry the trace on."""

    flags: Callable[[], tuple[str, ...]] = tuple
    trace: Callable[[], Mapping[str, bytes]] = dict


@dataclass(slots=True)
class _Line:
    feed: Feed
    lock: threading.Lock = field(default_factory=threading.Lock)


class IngestHandler:
    """Decides what is written; what it answers is handed to the outbox in the same order."""

    def __init__(self, site: Site, started_at: datetime, around: Surroundings, shelf: Shelf | None = None) -> None:
        self._site = site
        self._around = around
        self._values = LatestValues()
        feeds = (Feed(site, camera, started_at, shelf, self._values.at) for camera in site.cameras)
        self._lines = {feed.camera.id: _Line(feed) for feed in feeds}

    def handle(self, event: Event, now: datetime) -> list[Parcel]:
        """What a source that ingest reads itself has said."""
        line = self._lines[event.camera]
        with line.lock:
            match event:
                case RawFrame() | RawPicture():
                    parcels = [self._frame_or_dead_letter(line.feed, event, now)]
                case Unreadable():
                    parcels = [self._dead_letter(event, event.reason)]
                    line.feed.refused(event.reason, now)
                case Finished():
                    parcels = []
                    line.feed.watch.finished(now)
                case Failed():
                    parcels = []
                    line.feed.watch.failed(event.reason, now)
            return parcels + self._status(line.feed, now)

    def pushed(self, raw: Raw, now: datetime) -> list[Parcel]:
        """A frame that was pushed to us; raises InvalidMessage with the reason for whoever pushed it."""
        line = self._lines[raw.camera]
        with line.lock:
            try:
                parcel = self._frame(line.feed, raw, now)
            except InvalidMessage:
                metrics.INGEST_REFUSED.labels(raw.camera).inc()
                raise
            return [parcel, *self._status(line.feed, now)]

    def measured(self, measurement: Measurement, written: Callable[[], None]) -> Parcel:
        """A measurement that was pushed to us."""
        self._values.saw(measurement)
        headers = self._headers("Measurement")
        message = Outgoing(topics.MEASUREMENTS, measurement.name, measurement.encode(), headers)
        return Parcel(measurement.name, (message,), Care.KEEP, written)

    def tick(self, now: datetime) -> list[Parcel]:
        """Time has passed: the statuses that are due."""
        parcels: list[Parcel] = []
        for line in self._lines.values():
            with line.lock:
                parcels += self._status(line.feed, now)
        return parcels

    def clock_set(self, by: timedelta, now: datetime) -> None:
        """The clock was set by so much, to `now`."""
        for line in self._lines.values():
            with line.lock:
                line.feed.watch.clock_set(by, now)

    def canary(self, now: datetime) -> Parcel:
        """The canary, with the site's status."""
        frame = canary_frame(self._site, now, self._around.flags())
        return Parcel(CANARY, (self._message(frame),), Care.PERISHABLE)

    # --- frames -----------------------------------------------------------------------------------------------

    def _frame(self, feed: Feed, raw: Raw, now: datetime) -> Parcel:
        frame = feed.accept(raw, now, self._around.flags())
        metrics.INGEST_FRAMES.labels(raw.camera).inc()
        for flag in UNFIT.intersection(frame.header.flags):
            metrics.INGEST_SKIPPED.labels(raw.camera, flag).inc()
        return Parcel(
            raw.camera, (self._message(frame, raw.taken_at),), _care(feed), raw.written, frame.header.captured_at
        )

    def _frame_or_dead_letter(self, feed: Feed, raw: Raw, now: datetime) -> Parcel:
        try:
            return self._frame(feed, raw, now)
        except InvalidMessage as error:
            feed.refused(str(error), now)
            return self._dead_letter(raw, str(error))

    def _dead_letter(self, event: Raw | Unreadable, reason: str) -> Parcel:
        """By name: a file can be looked at where it lies, and a live camera's frames would fill the topic."""
        metrics.INGEST_REFUSED.labels(event.camera).inc()
        log.warning("frame refused", camera=event.camera, file=_printable(event.file), reason=reason)
        headers = self._headers("Frame") | {
            dlq.KIND: dlq.INVALID.encode(),
            dlq.REASON: reason.encode("utf-8", "backslashreplace")[:1000],
            dlq.SERVICE: b"ingest",
            FILE_HEADER: os.fsencode(event.file),
        }
        message = Outgoing(topics.dead_letters(topics.FRAMES), event.camera, b"", headers)
        return Parcel(event.camera, (message,), _care(self._lines[event.camera].feed), event.written)

    def _message(self, frame: Frame, taken_at: datetime | None = None) -> Outgoing:
        headers = self._headers("Frame")
        if taken_at is not None and CLOCK_CORRECTED in frame.header.flags:
            headers[SOURCE_TIME_HEADER] = taken_at.isoformat().encode()
        return Outgoing(topics.FRAMES, frame.header.camera, frame.encode(), headers)

    # --- cameras ----------------------------------------------------------------------------------------------

    def _status(self, feed: Feed, now: datetime) -> list[Parcel]:
        report = feed.watch.report(now, self._around.flags())
        if report is None:
            return []
        if report.changed:
            _say(report)
        status = report.status
        message = Outgoing(topics.CAMERAS, status.camera, status.encode(), self._headers("CameraStatus"))
        return [Parcel(status.camera, (message,), Care.KEEP if report.changed else Care.PERISHABLE)]

    def _headers(self, message: str) -> dict[str, bytes]:
        return schema.header(message) | dict(self._around.trace())


def _care(feed: Feed) -> Care:
    return Care.FRAME if feed.camera.live else Care.PATIENT


def _say(report: Report) -> None:
    status = report.status
    metrics.INGEST_CAMERA_HEALTHY.labels(status.camera).set(status.state.healthy)
    for fault in report.new_faults:
        log.warning("camera fault", camera=status.camera, view=fault.view, fault=fault.kind.name, reason=fault.reason)
    well = status.state.healthy or status.state.under_way or status.state is CameraState.UNKNOWN
    say = log.info if well else log.warning
    say("camera", camera=status.camera, state=status.state.name.lower(), reason=status.reason)


def _printable(file: str) -> str:
    return file.encode("utf-8", "backslashreplace").decode()
