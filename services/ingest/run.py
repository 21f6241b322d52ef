"""Ingest at work: cameras, writer and gRPC in threads, time's passing here; and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from canairy import trace
from canairy.health import Health
from canairy.log import get_logger
from canairy.site.model import Camera
from services.ingest.api import IngestServer
from services.ingest.cameras import CameraRunner, hand_over
from services.ingest.canary import CanaryClock
from services.ingest.clock import ClockSteps
from services.ingest.crew import Crew
from services.ingest.handler import IngestHandler
from services.ingest.outbox import Outbox
from services.ingest.source import Source
from services.ingest.writer import Writer

log = get_logger()
TICK_S: Final = 1.0
JOIN_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Ingest:
    """All parts, put together by the composition root."""

    handler: IngestHandler
    canary: CanaryClock
    outbox: Outbox
    writer: Writer
    server: IngestServer
    sources: Sequence[tuple[Camera, Source]]
    crew: Crew
    health: Health
    clock: Callable[[], datetime]
    steps: ClockSteps = field(default_factory=ClockSteps)
    _turned: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Work until the crew is told to stop; raises what a thread died of."""
        runner = CameraRunner(self.handler, self.outbox, self.clock, self.crew.wait)
        self.crew.start("writer", self._write)
        for camera, source in self.sources:
            self.crew.start(camera.id, runner.run, camera, source)
        self.server.start()
        self.health.ready()
        while not self.crew.stop.is_set():
            self._tick()
            self.crew.stop.wait(TICK_S)
        self._end()

    def _tick(self) -> None:
        now = self.clock()
        if by := self.steps.since_last(now):
            log.warning("the clock was set", by_s=round(by.total_seconds(), 1))
            self.handler.clock_set(by, now)
        for parcel in self.handler.tick(now):
            hand_over(self.outbox, parcel)
        if self.canary.due(now):
            with trace.span("ingest.canary"):
                hand_over(self.outbox, self.handler.canary(now))
        # Alive is who writes: a writer that hangs must show.
        if self._turned.is_set():
            self._turned.clear()
            self.health.turned()

    def _write(self) -> None:
        while not self.outbox.closed:
            self.writer.turn()
            self._turned.set()
        self.writer.finish()

    def _end(self) -> None:
        """Sources first, then who waits for an answer, then what is still in hand; all within 30 s."""
        log.info("ingest stops")
        self.health.not_ready("stopping")
        self.crew.stop.set()
        self.server.stop()
        self.outbox.close()
        self.crew.join(JOIN_S)
        log.info("ingest stopped", spooled_bytes=self.writer.spooled_bytes)
        if self.crew.failure is not None:
            raise self.crew.failure
