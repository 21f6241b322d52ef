"""Is this machine's clock synchronised, and was it set just now?

The kernel says whether it is synchronised to whoever asks with adjtimex(2), without any right.
Where the call does not exist or is forbidden (some containers), the answer is unknown and nothing is flagged: a
warning that is always on is not read. A clock that is disciplined without the kernel's knowledge (chrony without
`rtcsync`) reads as not synchronised; CANAIRY_CLOCK_CHECK=false says that somebody else watches it.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from canairy import metrics

# <sys/timex.h>: `modes` 0 only reads; the sixth field holds the status bits.
STA_UNSYNC: Final = 0x0040
CHECKED_FOR_S: Final = 10.0
SET_BY_AT_LEAST: Final = timedelta(seconds=5)


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def kernel_synchronised() -> bool | None:
    """What the kernel says; None when it cannot be asked."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    timex = _Timex()
    if adjtimex is None or adjtimex(ctypes.byref(timex)) < 0:
        return None
    return not timex.status & STA_UNSYNC


class ClockSteps:
    """Finds out that the wall clock was set, by a clock that nobody can set. Asked often, slewing is no step."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._before: tuple[datetime, float] | None = None

    def since_last(self, now: datetime) -> timedelta:
        """By how much it was set since the last call; nothing for less than 5 s."""
        before, self._before = self._before, (now, self._monotonic())
        if before is None:
            return timedelta(0)
        by = now - before[0] - timedelta(seconds=self._before[1] - before[1])
        return by if abs(by) >= SET_BY_AT_LEAST else timedelta(0)


class ClockCheck:
    """Asks at most every ten seconds, and shows the answer as a metric."""

    def __init__(
        self,
        ask: Callable[[], bool | None] = kernel_synchronised,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._asked_at: float | None = None
        self._invalid = False

    def invalid(self) -> bool:
        """The clock is known to be not synchronised."""
        now = self._monotonic()
        if self._asked_at is None or now - self._asked_at >= CHECKED_FOR_S:
            answer = self._ask()
            self._asked_at, self._invalid = now, answer is False
            metrics.INGEST_CLOCK.set(-1 if answer is None else int(answer))
        return self._invalid
