"""Between the cameras' threads and the one writer: bounded, in order, with room for each kind of its own.

Live frames and recordings wait for room (so a pushing client or a folder is held back); statuses and measurements
never wait, since they are small and few. Recordings stand in a line of their own, which the writer leaves alone
while the broker is away: a file can wait on the disk where it lies.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from services.ingest.parcel import Care, Parcel

ROOM_BYTES: Final = 64 * 1024 * 1024
BATCH_BYTES: Final = 4 * 1024 * 1024
BATCH_PARCELS: Final = 64


class Outbox:
    """Two lines of parcels, live and patient, each with `room_bytes`."""

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room_bytes = room_bytes
        self._changed = threading.Condition()
        self._live = _Queue()
        self._patient = _Queue()
        self._closed = False

    @property
    def closed(self) -> bool:
        """No parcel is taken in any more."""
        return self._closed

    def put(self, parcel: Parcel, timeout_s: float) -> bool:
        """Hand over one parcel; False when there was no room within `timeout_s`, or the outbox was closed."""
        queue = self._patient if parcel.care is Care.PATIENT else self._live
        waits = parcel.care in {Care.PATIENT, Care.FRAME}
        with self._changed:
            room = self._changed.wait_for(
                lambda: self._closed or not waits or queue.size_bytes < self._room_bytes, timeout_s
            )
            if self._closed or not room:
                return False
            queue.append(parcel)
            self._changed.notify_all()
            return True

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until a live frame would be taken; False when none would be within `timeout_s`, or when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._live.size_bytes < self._room_bytes, timeout_s)
            return not self._closed and self._live.size_bytes < self._room_bytes

    def take(self, timeout_s: float, *, patient: bool) -> list[Parcel]:
        """The next parcels, oldest first, live ones before recordings; those only with `patient`."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._live) or (patient and bool(self._patient)), timeout_s)
            taken = self._live.take(BATCH_PARCELS, BATCH_BYTES)
            if patient:
                taken += self._patient.take(BATCH_PARCELS, BATCH_BYTES)
            self._changed.notify_all()
            return taken

    def put_back(self, parcels: Sequence[Parcel]) -> None:
        """Recordings that could not be written stand first in their line again."""
        with self._changed:
            for parcel in reversed(parcels):
                self._patient.prepend(parcel)

    def close(self) -> None:
        """Take in nothing more; whoever waits for room is told so."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def empty(self) -> bool:
        """Nothing waits in either line."""
        with self._changed:
            return not self._live and not self._patient


class _Queue:
    """A deque that knows its size in bytes."""

    def __init__(self) -> None:
        self._parcels: deque[Parcel] = deque()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._parcels)

    def append(self, parcel: Parcel) -> None:
        self._parcels.append(parcel)
        self.size_bytes += parcel.size_bytes

    def prepend(self, parcel: Parcel) -> None:
        self._parcels.appendleft(parcel)
        self.size_bytes += parcel.size_bytes

    def take(self, limit: int, limit_bytes: int) -> list[Parcel]:
        taken: list[Parcel] = []
        taken_bytes = 0
        while self._parcels and len(taken) < limit and taken_bytes < limit_bytes:
            parcel = self._parcels.popleft()
            taken.append(parcel)
            taken_bytes += parcel.size_bytes
        self.size_bytes -= taken_bytes
        return taken
