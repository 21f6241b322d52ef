"""One frame held against its view's reference: followed, moved, unmatched; edges lost; something before a part of it.

Which edges a block of the picture keeps, and how sharp the picture is, is compared with what is usual for the view:
the median of the first good looks, moving on within half an hour, for shadows wander. A picture that does not match
because its edges are gone is not of another view: it reads low, and its regions stay where they were last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from canairy.messages.box import Box
from canairy.messages.shift import Shift
from canairy.thermal.edges_kept import COLUMNS, ROWS, Loss, Shares, kept, loss, sharpness
from canairy.thermal.registration import Reference
from canairy.thermal.registration_edges import Edges, Flags, edges_of
from canairy.thermal.view_shift import Move, View
from services.ingest.grid import Kelvin
from services.ingest.overlay import Overlay

LEAST_KNOWN: Final = 5  # good looks, before it is known what is usual
_FORGETS: Final = 1 / 360  # of what is usual, a look: half an hour of looks 5 s apart
_FEW: Final = 0.12  # of the blocks: less is a bird
_MOST: Final = 0.7  # of the blocks: nothing stands before a whole view, it is fog
_ONE_PIECE: Final = 0.7  # of what is lost
_SHARP: Final = 0.3  # of the usual sharpness
_STILL_PX: Final = 0.5  # whole pixels are measured: a smaller shift is none


@dataclass(frozen=True, slots=True)
class Look:
    """`shift`: None where it lies as the regions were drawn. `off_px`: of its farthest corner; None unless matched."""

    view: View
    shift: Shift | None = None
    off_px: float | None = None
    reads_low: bool = False
    hidden: Box | None = None
    lost: float = 0.0
    sharp: float = 1.0


@dataclass(slots=True)
class Looking:
    """What is known of one view. `seen`: False where a frame does not show the scene."""

    edges: Edges
    limit_px: float
    seen: Flags | None = None
    reference: Reference = field(init=False)
    _kept: list[Shares] = field(default_factory=list)
    _sharp_k: list[float] = field(default_factory=list)
    _usual: tuple[Shares, float] | None = None
    _last: Move | None = None

    def __post_init__(self) -> None:
        self.reference = Reference(self.edges)

    @classmethod
    def at(cls, picture: Kelvin, limit_px: float, overlay: Overlay) -> Looking:
        """For a view that looks like `picture`, float32 (height, width), kelvin or degrees Celsius."""
        height, width = picture.shape
        seen = overlay.seen(height, width)
        return cls(edges_of(picture, seen), limit_px, seen)

    @property
    def known(self) -> bool:
        """What is usual."""
        return self._usual is not None

    def fits(self, picture: Kelvin) -> bool:
        """A frame of this size can be held against it."""
        return bool(picture.shape == (self.edges.height, self.edges.width))

    def edges_in(self, picture: Kelvin) -> Edges:
        """The edges of a frame that fits, overlays left out."""
        return edges_of(picture, self.seen)

    def look(self, picture: Kelvin, frame: Edges) -> Look:
        """Hold a frame that fits against it; float32 (height, width), kelvin."""
        found = self.reference.register(frame)
        view, sharp_k = found.view(self.limit_px), sharpness(picture, self.seen)
        sharp = 1.0 if self._usual is None else sharp_k / max(self._usual[1], 1e-9)
        move, shares, lost = self._best(frame, found.move if view is View.FOLLOWED else None)
        far = None if found.move is None else found.move.farthest_px
        low = sharp < _SHARP or lost.share >= _MOST
        hidden = None if low else self._hidden(lost)
        if view is View.MOVED or (view is View.UNMATCHED and sharp >= _SHARP and hidden is None):
            return Look(view, off_px=far, lost=lost.share, sharp=sharp)
        if not low and hidden is None:
            self._last = move
            self._learn(shares, sharp_k)
        elif self._last is not None:
            move = self._last  # what blurs or hides edges also pulls at them
        return Look(View.FOLLOWED, _shift(move), far, low, hidden, lost.share, sharp)

    def _best(self, frame: Edges, found: Move | None) -> tuple[Move | None, Shares, Loss]:
        """Which move keeps more edges, the one that was found or the last: something in the picture may pull at it."""
        tried = [(move, kept(self.edges, frame, move)) for move in dict.fromkeys((found, self._last))]
        move, shares = max(tried, key=lambda it: float(np.nan_to_num(it[1][0]).mean()))
        return move, shares, self._loss(shares)

    def _loss(self, shares: Shares) -> Loss:
        if self._usual is None:
            return Loss(0.0, 0.0, (0, 0, 0, 0))
        return loss(shares, self._usual[0])

    def _hidden(self, lost: Loss) -> Box | None:
        if not (_FEW <= lost.share < _MOST and lost.whole >= _ONE_PIECE):
            return None
        across, down = self.edges.width / COLUMNS, self.edges.height / ROWS
        x, y, width, height = lost.box
        return Box(int(x * across), int(y * down), round(width * across), round(height * down))

    def _learn(self, shares: Shares, sharp_k: float) -> None:
        if self._usual is not None:
            usual, usual_k = self._usual
            self._usual = usual + _FORGETS * (shares - usual), usual_k + _FORGETS * (sharp_k - usual_k)
            return
        self._kept.append(shares)
        self._sharp_k.append(sharp_k)
        if len(self._kept) == LEAST_KNOWN:
            self._usual = np.median(self._kept, axis=0), float(np.median(self._sharp_k))
            self._kept.clear()


def _shift(move: Move | None) -> Shift | None:
    if move is None or move.farthest_px < _STILL_PX:
        return None
    return Shift(move.dx_px, move.dy_px, move.rotation_deg)
