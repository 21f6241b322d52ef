"""Is there room on ingest's disk? Without it the next outage of the broker loses frames at once.

Said while the broker is there, so that somebody can free space before it matters. Its own files need room too: what
folders have been read is remembered there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from canairy import metrics

LEAST_FREE_BYTES: Final = 32 * 1024 * 1024
CHECKED_FOR_S: Final = 2.0


def free_bytes(folder: Path) -> int:
    """What may still be written where `folder` is; 0 when the disk cannot be asked."""
    try:
        volume = os.statvfs(folder)
    except OSError:
        return 0
    return volume.f_bavail * volume.f_frsize


class DiskCheck:
    """Asks at most every two seconds, and shows the answer as a metric."""

    def __init__(self, free: Callable[[], int], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._monotonic = monotonic
        self._asked_at: float | None = None
        self._full = False

    def full(self) -> bool:
        """Less is free than a few dozen frames take."""
        now = self._monotonic()
        if self._asked_at is None or now - self._asked_at >= CHECKED_FOR_S:
            free = self._free()
            self._asked_at, self._full = now, free < LEAST_FREE_BYTES
            metrics.INGEST_DISK_FREE_BYTES.set(free)
        return self._full
