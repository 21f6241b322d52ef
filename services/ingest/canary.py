"""The canary: a synthetic over-limit frame that walks the whole way once a minute.

Its event on thermal.alerts is the site's heartbeat; its absence is what a SCADA system alarms on. So it goes through
the same codec, topics and measurements as any frame, and carries the site's status as flags.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from canairy.messages.frame import Frame
from canairy.messages.header import CANARY, FrameHeader
from canairy.messages.thermogram import KELVIN, Thermogram
from canairy.messages.wire import EPOCH
from canairy.site.model import Site
from services.ingest.picture import examine

SIDE_PX: Final = 64
HOT_PX: Final = 5
COLD_C: Final = 20.0
HOT_C: Final = 100.0
SCALE_K: Final = 0.01
MICROSECOND: Final = timedelta(microseconds=1)


def canary_frame(site: Site, now: datetime, flags: tuple[str, ...]) -> Frame:
    """A frame of 64x64 pixels at 20 degC with 5x5 pixels of 100 degC in its middle."""
    counts = np.full((SIDE_PX, SIDE_PX), round((COLD_C + KELVIN) / SCALE_K), np.uint16)
    first = (SIDE_PX - HOT_PX) // 2
    counts[first : first + HOT_PX, first : first + HOT_PX] = round((HOT_C + KELVIN) / SCALE_K)
    mark = examine(counts, SCALE_K, 0.0).mark
    frame = f"{CANARY}:{(now - EPOCH) // MICROSECOND}:{mark}"
    header = FrameHeader(site.site.id, site.digest, CANARY, CANARY, frame, now, now, live=True, flags=flags)
    return Frame(header, Thermogram.of(counts, SCALE_K, 0.0))


class CanaryClock:
    """Says when the next canary is due: at the first look, then once a period."""

    def __init__(self, period: timedelta) -> None:
        self._period = period
        self._last: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Whether one is due now; asked once, it is sent."""
        if self._last is not None and abs(now - self._last) < self._period:
            return False
        self._last = now
        return True
