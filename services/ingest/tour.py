"""A camera of several views: which one it shows, if any, and whether it stands still.

    MOVING     a frame does not lie where the one before it lay
    UNSETTLED  it stands, for less than three seconds: the mount swings, and an automatic focus may work
    UNMATCHED  it stands, and shows none of its views
    (LIVE)     it shows the view whose reference matches best

It stands still while frames differ by noise alone; else while a frame registers to the one before it within 3 px.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from canairy.messages.camera import CameraState
from canairy.messages.header import CAMERA_MOVING, CAMERA_UNSETTLED, VIEW_UNMATCHED
from canairy.thermal.registration import Reference
from canairy.thermal.registration_edges import edges_of
from services.ingest.grid import Kelvin
from services.ingest.overlay import NOTHING, Overlay
from services.ingest.sight import Sight
from services.ingest.view_watch import ViewWatch

SETTLES: Final = timedelta(seconds=3)
STILL_PX: Final = 3.0
TRIED_EVERY: Final = timedelta(seconds=2)

_MOVING: Final = Sight(flags=(CAMERA_MOVING,), state=CameraState.MOVING, why="under way to a view")
_UNSETTLED: Final = Sight(flags=(CAMERA_UNSETTLED,), state=CameraState.UNSETTLED, why="arrived, not at rest yet")


@dataclass(slots=True)
class Tour:
    """Watches the views of one camera, by name; one that is not shown keeps what was last known of it.

    `overlay`: what lies over the scene in any of them.
    """

    views: Mapping[str, ViewWatch]
    overlay: Overlay = NOTHING
    _before: Kelvin | None = None
    _still_since: datetime | None = None
    _shown: ViewWatch | None = None
    _tried_at: datetime | None = None

    def saw(self, picture: Kelvin, at: datetime, *, quiet: bool) -> Sight:
        """A frame that is fit, float32 (height, width), kelvin; `quiet`: it differs from the last by noise alone."""
        still = quiet or self._registers(picture)
        self._before = picture
        if not still:
            self._still_since = self._tried_at = None
            self._leave()
            return _MOVING
        self._still_since = self._still_since or at
        if self._shown is not None:
            return self._show(self._shown, picture, at, quiet=quiet)
        if timedelta(0) <= at - self._still_since < SETTLES:
            return _UNSETTLED
        return self._match(picture, at)

    def _registers(self, picture: Kelvin) -> bool:
        """To the frame before it."""
        if self._before is None or self._before.shape != picture.shape:
            return True  # the first frame: as good as one after a move
        seen = self.overlay.seen(*picture.shape)
        move = Reference(edges_of(self._before, seen)).register(edges_of(picture, seen)).move
        return move is not None and move.farthest_px <= STILL_PX

    def _match(self, picture: Kelvin, at: datetime) -> Sight:
        if self._tried_at is None or abs(at - self._tried_at) >= TRIED_EVERY:
            self._tried_at, self._shown = at, self._best(picture)
        if self._shown is not None:
            return self._show(self._shown, picture, at, quiet=False)
        why = f"it shows none of its views ({', '.join(self.views)})"
        return Sight(flags=(VIEW_UNMATCHED,), state=CameraState.UNMATCHED, why=why)

    def _show(self, view: ViewWatch, picture: Kelvin, at: datetime, *, quiet: bool) -> Sight:
        sight = view.saw(picture, at) if view.due(at) or not quiet else view.again()
        if VIEW_UNMATCHED in sight.flags:  # it went on so slowly that it seemed to stand
            self._leave()
        return sight

    def _leave(self) -> None:
        if self._shown is not None:
            self._shown.left()
            self._shown = None

    def _best(self, picture: Kelvin) -> ViewWatch | None:
        """The view that agrees best, moved or not."""
        found: list[tuple[float, str]] = []
        for name, view in self.views.items():
            if view.looking.fits(picture):
                registration = view.looking.reference.register(view.looking.edges_in(picture))
                found += [] if registration.move is None else [(registration.agreement, name)]
        return self.views[max(found)[1]] if found else None
