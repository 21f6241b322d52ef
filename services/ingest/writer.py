"""The one thread that writes to the broker; while it is away, to the spool; when it is back, the spool first.

An attempt to send may hang for many seconds when the broker is gone, and frames do not stop coming meanwhile. So
attempts run in a thread of their own, one at a time; one that does not end in a second is treated as failed for now:
what it carries is spooled first, what comes after it behind it. Should it succeed after all, that part of the spool
is forgotten; should it have half succeeded, what is sent twice is recognised downstream by its identifier.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from canairy import metrics
from canairy.errors import BrokerUnavailable
from canairy.log import get_logger
from canairy.stream.broker import Outgoing, Producer
from services.ingest.outbox import Outbox
from services.ingest.parcel import Care, Parcel
from services.ingest.spool import Spool, SpoolUnwritable

log = get_logger()


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """Times in seconds: `send_s` bounds one attempt, `patience_s` how long we look on, `probe_s` the pause between."""

    take_s: float = 0.5
    send_s: float = 5.0
    patience_s: float = 1.0
    probe_s: float = 1.0
    finish_s: float = 12.0
    lines: int = 16
    drain_messages: int = 256
    drain_bytes: int = 8 * 1024 * 1024
    say_every_s: float = 10.0


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A send under way, and the number of the message up to which it empties the spool."""

    future: Future[None]
    through: int = 0


class Writer:
    """Turns parcels into messages on the broker, in the order in which each camera handed them over."""

    def __init__(
        self,
        outbox: Outbox,
        producer: Producer,
        spool: Spool,
        options: WriterOptions | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._producer = producer
        self._spool = spool
        self._options = options or WriterOptions()
        self._clock = clock
        self._sender = ThreadPoolExecutor(1, "kafka")
        self._attempt: _Attempt | None = None
        self._away = False
        # The log has said why, and not only that it is slow.
        self._explained = False
        self._retry_at = 0.0
        self._spooling = spool.size_bytes > 0
        self._losing = False
        self._lost: Counter[str] = Counter()
        self._said_at = clock() - self._options.say_every_s

    @property
    def spool_in_use(self) -> bool:
        """The broker is away, or what waited for it is still being sent."""
        return self._away or self._spooling

    @property
    def spooled_bytes(self) -> int:
        """What waits on disk."""
        return self._spool.size_bytes

    @property
    def losing(self) -> bool:
        """Live messages were dropped since the spool was last empty."""
        return self._losing

    def turn(self) -> None:
        """Take what has been handed over, and write it or keep it; lasts at most `take_s` + `patience_s`."""
        resting = self._away and self._clock() < self._retry_at
        direct = not resting and not self._spooling and self._attempt is None
        parcels = self._outbox.take(self._options.take_s if direct or resting else 0.0, patient=direct)
        if direct:
            self._write(parcels)
        else:
            self._keep(parcels)
            self._keep_the_rest()
            self._drain(resting)
        self._tell()

    def finish(self) -> None:
        """After the outbox was closed: write what is in it; to the spool when the broker does not take it."""
        while parcels := self._outbox.take(0, patient=True):
            if self.spool_in_use or self._attempt is not None:
                # Recordings are read again at the next start.
                self._keep([parcel for parcel in parcels if parcel.care is not Care.PATIENT])
            else:
                self._write(parcels)
        if self._attempt is not None:
            wait([self._attempt.future], self._options.finish_s)
            self._settle(self._attempt)
        self._sender.shutdown(wait=False, cancel_futures=True)
        self._tell()

    # --- the broker -------------------------------------------------------------------------------------------

    def _write(self, parcels: Sequence[Parcel]) -> None:
        """Send at once; keep what does not get through."""
        if not parcels:
            return
        attempt = self._begin([message for parcel in parcels for message in parcel.messages])
        if self._settle(attempt):
            for parcel in parcels:
                parcel.written()
            return
        self._keep(parcels)
        if self._attempt is not None and self._spooling:
            self._attempt = _Attempt(attempt.future, self._spool.newest())

    def _drain(self, resting: bool) -> None:
        """Send the oldest part of the spool, one attempt at a time."""
        if self._attempt is None:
            oldest = [] if resting else self._spool.oldest(self._options.drain_messages, self._options.drain_bytes)
            if not oldest:
                return
            self._begin([spooled.message for spooled in oldest], oldest[-1].seq)
        if self._attempt is not None:
            self._settle(self._attempt)

    def _begin(self, messages: Sequence[Outgoing], through: int = 0) -> _Attempt:
        future = self._sender.submit(self._producer.send, messages, self._options.send_s)
        self._attempt = _Attempt(future, through)
        return self._attempt

    def _settle(self, attempt: _Attempt) -> bool:
        """Look on for a while; True when the attempt has succeeded. One that goes on stays `_attempt`."""
        wait([attempt.future], self._options.patience_s)
        if not attempt.future.done():
            self._is_away(f"no answer for {self._options.patience_s:g} s", explained=False)
            return False
        self._attempt = None
        try:
            attempt.future.result()
        except BrokerUnavailable as error:
            self._is_away(str(error), explained=True)
            return False
        self._is_back(attempt.through)
        return True

    def _is_away(self, reason: str, *, explained: bool) -> None:
        if not self._away or (explained and not self._explained):
            log.warning("broker away, spooling", reason=reason)
        self._explained = explained or (self._away and self._explained)
        self._away, self._retry_at = True, self._clock() + self._options.probe_s

    def _is_back(self, through: int) -> None:
        if through:
            self._spool.remove(through)
        if self._away:
            log.info("broker back", spooled_bytes=self._spool.size_bytes)
            self._away = False
        if self._spooling and not self._spool.size_bytes:
            log.info("spool empty")
            self._spooling = self._losing = False

    # --- the spool --------------------------------------------------------------------------------------------

    def _keep(self, parcels: Sequence[Parcel]) -> None:
        """What cannot be sent now, by the care it needs."""
        self._outbox.put_back([parcel for parcel in parcels if parcel.care is Care.PATIENT])
        kept = [parcel for parcel in parcels if self._worth_keeping(parcel)]
        if not kept:
            return
        try:
            self._count_lost(self._spool.append(kept), "spool_full")
        except SpoolUnwritable as error:
            log.exception("spool cannot be written", reason=str(error))
            self._count_lost(Counter(parcel.camera for parcel in kept), "spool_failed")
            return
        self._spooling = True
        for parcel in kept:
            parcel.written()

    def _keep_the_rest(self) -> None:
        """All that stands in line: the next look is maybe a second away, and the line has an end."""
        for _ in range(self._options.lines):
            parcels = self._outbox.take(0, patient=False)
            if not parcels:
                return
            self._keep(parcels)

    def _worth_keeping(self, parcel: Parcel) -> bool:
        return parcel.care in {Care.KEEP, Care.FRAME} or (parcel.care is Care.PERISHABLE and not self._away)

    def _count_lost(self, lost: Mapping[str, int], reason: str) -> None:
        for camera, count in lost.items():
            metrics.INGEST_DROPPED.labels(camera, reason).inc(count)
        self._lost += Counter(lost)
        self._losing = self._losing or bool(lost)

    def _tell(self) -> None:
        metrics.INGEST_BROKER_AWAY.set(self._away)
        metrics.INGEST_SPOOL_BYTES.set(self._spool.size_bytes)
        if self._lost and self._clock() - self._said_at >= self._options.say_every_s:
            log.error("messages lost: the spool is full or cannot be written", lost=dict(self._lost))
            self._lost, self._said_at = Counter(), self._clock()
