"""The faults of one view, from looks at its frames: moved, unmatched, reads low, occluded. Times are the frames'.

A look costs some 13 ms, so there is one every five seconds (two, until it is known what is usual), and one at every
frame that differs from the one before it by more than noise; while something is not as it was and not told yet, there
is one at every frame. A frame of a view that moved or is not matched is unfit at once, and its alarm comes when that
lasts: a shutter, a person or a bird is gone by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.fault import CameraFault, FaultKind
from canairy.messages.header import READS_LOW, VIEW_MOVED, VIEW_UNMATCHED
from canairy.thermal.view_shift import View
from services.ingest.grid import Kelvin
from services.ingest.lasting import Lasting
from services.ingest.sight import Sight
from services.ingest.view_look import Look, Looking

LOOK_EVERY: Final = timedelta(seconds=5)
LEARN_EVERY: Final = timedelta(seconds=2)
_UNFIT_VIEWS: Final[dict[View, tuple[str, ...]]] = {
    View.MOVED: (VIEW_MOVED,),
    View.UNMATCHED: (VIEW_UNMATCHED,),
}


def _lasting() -> dict[FaultKind, Lasting]:
    return {
        FaultKind.MOVED: Lasting(timedelta(seconds=5), timedelta(seconds=5)),
        FaultKind.UNMATCHED: Lasting(timedelta(seconds=5), timedelta(seconds=5)),
        FaultKind.READS_LOW: Lasting(timedelta(seconds=10), timedelta(seconds=20)),
        FaultKind.OCCLUDED: Lasting(timedelta(seconds=5), timedelta(seconds=10)),
    }


@dataclass(slots=True)
class ViewWatch:
    """Watches the view `name`."""

    name: str
    looking: Looking
    last: Look | None = None
    _looked_at: datetime | None = None
    _lasting: dict[FaultKind, Lasting] = field(default_factory=_lasting)

    def due(self, at: datetime) -> bool:
        """Whether the frame taken `at` is to be looked at."""
        every = LOOK_EVERY if self.looking.known else LEARN_EVERY
        if self.last is None or self._looked_at is None or abs(at - self._looked_at) >= every:
            return True
        # What may be a fault and is not told yet.
        return any(it.since is not None and not it.stands for it in self._lasting.values())

    def saw(self, picture: Kelvin, at: datetime) -> Sight:
        """Look at a frame that is fit, float32 (height, width), kelvin."""
        self.took(self._look(picture), at)
        return self.again()

    def again(self) -> Sight:
        """A frame that nobody looks at lies as the last one did."""
        return Sight(self.name) if self.last is None else self._sight(self.last)

    def took(self, look: Look, at: datetime) -> None:
        """A look at a frame taken `at`."""
        self.last, self._looked_at = look, at
        self._lasting[FaultKind.MOVED].saw(look.view is View.MOVED, at)
        self._lasting[FaultKind.UNMATCHED].saw(look.view is View.UNMATCHED, at)
        self._lasting[FaultKind.READS_LOW].saw(look.reads_low, at)
        self._lasting[FaultKind.OCCLUDED].saw(look.hidden is not None, at)

    def left(self) -> None:
        """The camera shows another view now: what was not told yet is not counted on when it comes back."""
        for lasting in self._lasting.values():
            lasting.pause()
        self.last = None if not any(it.stands for it in self._lasting.values()) else self.last
        self._looked_at = None

    def faults(self) -> Iterator[CameraFault]:
        """Those that stand."""
        for kind, lasting in self._lasting.items():
            if lasting.stands and lasting.since is not None and self.last is not None:
                yield CameraFault(kind, self.name, lasting.since, self._reason(kind, self.last))

    def _look(self, picture: Kelvin) -> Look:
        if not self.looking.fits(picture):
            return Look(View.UNMATCHED)
        return self.looking.look(picture, self.looking.edges_in(picture))

    def _sight(self, look: Look) -> Sight:
        flags = _UNFIT_VIEWS.get(look.view, ())
        if look.reads_low or self._lasting[FaultKind.READS_LOW].stands:
            flags += (READS_LOW,)
        hidden = () if look.hidden is None else (look.hidden,)
        return Sight(self.name, flags, look.shift if look.view is View.FOLLOWED else None, hidden)

    def _reason(self, kind: FaultKind, look: Look) -> str:
        if kind is FaultKind.MOVED:
            off = "far" if look.off_px is None else f"{look.off_px:.0f} px"
            return f"moved {off}, regions follow {self.looking.limit_px:g} px"
        if kind is FaultKind.READS_LOW:
            return f"edges lost ({look.sharp:.0%} as sharp as usual): rain, fog or a dirty window"
        if kind is FaultKind.OCCLUDED:
            return f"something stands before {look.lost:.0%} of it"
        height, width = self.looking.edges.height, self.looking.edges.width
        return f"the picture is not of this view (reference {width}x{height} pixels)"
