"""The thread of one camera: what its source says goes to the handler, what the handler answers to the outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from canairy import metrics, trace
from canairy.log import get_logger
from canairy.site.model import Camera
from services.ingest.handler import IngestHandler
from services.ingest.outbox import Outbox
from services.ingest.parcel import Care, Parcel
from services.ingest.source import Event, Failed, Source

log = get_logger()
FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 30.0
# A live frame that finds no room for so long is lost; a recording waits and looks whether the service stops.
ROOM_WITHIN_S: Final = 1.0


class CameraRunner:
    """Runs sources. `wait` pauses for seconds and answers whether the service stops."""

    def __init__(
        self,
        handler: IngestHandler,
        outbox: Outbox,
        clock: Callable[[], datetime],
        wait: Callable[[float], bool],
    ) -> None:
        self._handler = handler
        self._outbox = outbox
        self._clock = clock
        self._wait = wait

    def run(self, camera: Camera, source: Source) -> None:
        """Until the service stops: read the source, and after a failure again, waiting twice as long each time."""
        retry_s = FIRST_RETRY_S
        while True:
            failed = False
            for event in _guarded(camera, source):
                failed = isinstance(event, Failed)
                retry_s = retry_s if failed else FIRST_RETRY_S
                self._take(event)
            if self._wait(retry_s):
                return
            retry_s = min(2 * retry_s, LONGEST_RETRY_S) if failed else FIRST_RETRY_S

    def _take(self, event: Event) -> None:
        with trace.span("ingest.frame"):
            parcels = self._handler.handle(event, self._clock())
        for parcel in parcels:
            hand_over(self._outbox, parcel)


def hand_over(outbox: Outbox, parcel: Parcel) -> bool:
    """Put a parcel in the outbox; False when it was lost for want of room, or the service stops."""
    while not outbox.put(parcel, ROOM_WITHIN_S):
        if outbox.closed:
            return False
        if parcel.care is not Care.PATIENT:
            metrics.INGEST_DROPPED.labels(parcel.camera, "no_room").inc()
            log.error("frame lost: the writer does not keep up", camera=parcel.camera)
            return False
    return True


def _guarded(camera: Camera, source: Source) -> Iterator[Event]:
    """What the source says, and its failure as an event: whatever a camera's driver raises stops no other camera."""
    try:
        yield from source.events()
    except Exception as error:  # noqa: BLE001 - only what `events` raises arrives here
        yield Failed(camera.id, str(error) or type(error).__name__)
