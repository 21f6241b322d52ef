"""A view without a reference of its own learns one: what it shows in its first good frames, if that can be recognised.

Five frames a second apart at least are averaged, which takes noise out. They must all lie within a pixel of each other
and match their own average far better than a view must to be recognised later; if not (bare walls, equal bars, a camera
that is being set up), there is nothing to hold a frame against, and it is tried again five minutes later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from canairy.log import get_logger
from canairy.thermal.registration import Reference
from canairy.thermal.registration_edges import Flags, edges_of
from services.ingest.grid import Kelvin
from services.ingest.overlay import NOTHING, Overlay

log = get_logger()
FRAMES: Final = 5
APART: Final = timedelta(seconds=1)
AGAIN: Final = timedelta(minutes=5)
# Recognising needs 0.26, 5.5 and 0.23 (docs/decisions/0014-moved-views.md): hours later less will be left.
LEAST_PEAK: Final = 0.5
LEAST_CONTRAST: Final = 7.0
LEAST_AGREEMENT: Final = 0.5
STILL_PX: Final = 1.0


@dataclass(slots=True)
class Teaching:
    """The frames of one view so far. `view`: its name, for the log; `overlay`: where nothing is learnt."""

    view: str = ""
    overlay: Overlay = NOTHING
    _frames: list[Kelvin] = field(default_factory=list)
    _next_at: datetime | None = None
    _told: bool = False

    def due(self, at: datetime) -> bool:
        """Whether a frame taken `at` is wanted."""
        return self._next_at is None or not at < self._next_at <= at + AGAIN

    def saw(self, picture: Kelvin, at: datetime) -> Kelvin | None:
        """A good frame that is due, float32 (height, width), kelvin; the reference of that shape, once it is known."""
        if self._frames and self._frames[0].shape != picture.shape:
            self._frames.clear()
        self._next_at = at + APART
        self._frames.append(picture.copy())
        if len(self._frames) < FRAMES:
            return None
        frames, self._frames = self._frames, []
        learnt = np.asarray(np.mean(frames, axis=0), np.float32)
        if _recognised(learnt, frames, self.overlay.seen(*learnt.shape)):
            return learnt
        if not self._told:
            log.info("a view is not learnt: there is too little to recognise it by", view=self.view)
            self._told = True
        self._next_at = at + AGAIN
        return None


def _recognised(learnt: Kelvin, frames: list[Kelvin], seen: Flags | None) -> bool:
    reference = Reference(edges_of(learnt, seen))
    for frame in frames:
        found = reference.register(edges_of(frame, seen))
        if found.peak < LEAST_PEAK or found.contrast < LEAST_CONTRAST or found.agreement < LEAST_AGREEMENT:
            return False
        if found.move is None or found.move.farthest_px > STILL_PX:
            return False
    return True
