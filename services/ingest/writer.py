"""The one thread that writes to the broker; while it is away, to the spool; when it is back, the spool first.

An attempt to send may hang for many seconds when the broker is gone, and frames do not stop coming meanwhile. So
attempts run in a thread of their own, one at a time; one that does not end in a second is treated as failed for now:
what it carries is spooled first, what comes after it behind it. Should it succeed after all, that part of the spool
is forgotten; should it have half succeeded, what is sent twice is recognised downstream by its identifier.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from canairy import metrics
from canairy.errors import BrokerUnavailable
from canairy.log import get_logger
from canairy.stream.broker import Outgoing, Producer
from services.ingest.outbox import Outbox
from services.ingest.parcel import Care, Parcel
from services.ingest.spool import Spool, SpoolUnwritable
from services.ingest.tally import Tallies, added, tally, told

log = get_logger()
# A reason may hold a port, and be another one every second.
REASONS_SAID: Final = 5


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
    # How long after the spool is empty `losing` stays: until a canary has carried it.
    lost_told_s: float = 0.0


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
        # What the log has said of this absence: each reason once.
        self._said: set[str] = set()
        self._retry_at = 0.0
        self._spooling = spool.size_bytes > 0
        # Lost and not said yet; and in all since the spool was last empty.
        self._lost: Tallies = {}
        self._lost_in_all: Tallies = {}
        self._losing_until = clock()
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
        """Live messages were dropped since the spool was last empty, or it is empty only since a moment ago."""
        return bool(self._lost_in_all) or self._clock() < self._losing_until

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
        self._count_lost(self._spool.settled(), "spool_full")
        self._tell(last=True)

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
            self._look_after(_Attempt(attempt.future, self._spool.newest()))

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
        return self._look_after(_Attempt(future, through))

    def _look_after(self, attempt: _Attempt) -> _Attempt:
        self._spool.being_sent(attempt.through)
        self._attempt = attempt
        return attempt

    def _settle(self, attempt: _Attempt) -> bool:
        """Look on for a while; True when the attempt has succeeded. One that goes on stays `_attempt`."""
        wait([attempt.future], self._options.patience_s)
        if not attempt.future.done():
            self._is_away(f"no answer for {self._options.patience_s:g} s")
            return False
        self._attempt, dropped = None, self._spool.settled()
        try:
            attempt.future.result()
        except BrokerUnavailable as error:
            self._count_lost(dropped, "spool_full")
            self._is_away(str(error))
            return False
        self._is_back(attempt.through, dropped)
        return True

    def _is_away(self, reason: str) -> None:
        if reason not in self._said and len(self._said) < REASONS_SAID:
            log.warning("broker away, spooling", reason=reason)
            self._said.add(reason)
        self._away, self._retry_at = True, self._clock() + self._options.probe_s

    def _is_back(self, through: int, sent: Tallies) -> None:
        if self._away:
            # Said before the first part of it is forgotten: this is what will arrive.
            kept, size_bytes = told(added(sent, self._spool.kept())), self._spool.size_bytes
            log.info("broker back", spooled_bytes=size_bytes, kept=kept, lost=told(self._lost_in_all))
            self._away, self._said = False, set()
        if through:
            self._spool.remove(through)
        if not self._spool.size_bytes and (self._spooling or self._lost_in_all):
            self._emptied()

    def _emptied(self) -> None:
        self._say_lost()
        log.info("spool empty", lost=told(self._lost_in_all))
        if self._lost_in_all:
            self._losing_until = self._clock() + self._options.lost_told_s
        self._spooling, self._lost_in_all = False, {}

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
            self._count_lost(tally(kept), "spool_failed")
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

    def _count_lost(self, lost: Tallies, reason: str) -> None:
        for camera, one in lost.items():
            metrics.INGEST_DROPPED.labels(camera, reason).inc(one.count)
        self._lost, self._lost_in_all = added(self._lost, lost), added(self._lost_in_all, lost)

    def _tell(self, *, last: bool = False) -> None:
        metrics.INGEST_BROKER_AWAY.set(self._away)
        metrics.INGEST_SPOOL_BYTES.set(self._spool.size_bytes)
        if last or (self._clock() - self._said_at >= self._options.say_every_s):
            self._say_lost()

    def _say_lost(self) -> None:
        if self._lost:
            log.error("messages lost: the spool is full or cannot be written", lost=told(self._lost))
            self._lost, self._said_at = {}, self._clock()
