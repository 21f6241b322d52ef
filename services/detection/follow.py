"""Where regions and finds are in a frame: moved along with the view, and left out where something hides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from canairy.messages.box import Box
from canairy.messages.header import FrameHeader
from canairy.messages.shift import Shift
from canairy.messages.thermogram import MAX_SIDE
from canairy.site.model import Asset
from canairy.thermal.view_shift import Move
from services.detection.agreement import Rectangle
from services.detection.finds import Find

# Of the rectangle around a region: less may be its rim, and the hottest point is seldom there.
HIDDEN_SHARE: Final = 0.25


def followed(assets: tuple[Asset, ...], shift: Shift | None, width: int, height: int) -> tuple[Asset, ...]:
    """The assets with their regions as they lie in a frame of that size, to whole pixels.

    What lies over the left or upper edge is cut there. A region that left the frame is put beyond its last corner,
    where no pixel is.
    """
    if shift is None:
        return assets
    move = Move(shift.dx_px, shift.dy_px, shift.rotation_deg, width, height)
    return tuple(asset.model_copy(update={"region": _moved(asset, move)}) for asset in assets)


@dataclass(frozen=True, slots=True)
class Look:
    """How one frame of `width` x `height` pixels shows its view. The rest tells whether what is not seen is missing.

    `looked`: False while the detector is away. `temperatures`: False in a frame without any, in which nobody sees hot
    spots. `clear`: False in fog. `hidden`: parts of the frame in which something stands before the view.
    """

    shift: Shift | None = None
    width: int = MAX_SIDE
    height: int = MAX_SIDE
    looked: bool = True
    temperatures: bool = True
    clear: bool = True
    hidden: tuple[Box, ...] = ()

    def lying(self, find: Find) -> Find:
        """The find where it lies in this frame: moved along with the view, and cut at its edge; no pixel beyond."""
        if find.shift == self.shift:
            return find
        middle = np.array([find.place.middle])
        seen_in, here = (self._move(shift) for shift in (find.shift, self.shift))
        right, down = (round(number) for number in (here.moved(seen_in.moved_back(middle)) - middle)[0])
        return _cut(replace(find, peak_x=find.peak_x + right, peak_y=find.peak_y + down), right, down, here)

    def would_show(self, find: Find) -> bool:
        """Whether a find would be seen if it were there still."""
        lying = self.lying(find).place
        able = self.looked if find.code else self.temperatures
        return able and lying.width > 0 and self.clear and not hides(self.hidden, lying)

    def _move(self, shift: Shift | None) -> Move:
        told = shift or Shift(0.0, 0.0)
        return Move(told.dx_px, told.dy_px, told.rotation_deg, self.width, self.height)


# The view as its reference has it, all of it seen.
PLAIN: Final = Look()


def hides(hidden: Sequence[Box], around: Rectangle) -> bool:
    """Something stands before so much of this place that what is measured there may not be what it should."""
    return sum(_common(around, box) for box in hidden) >= HIDDEN_SHARE * around.width * around.height


def uncovered(header: FrameHeader, x: int, y: int) -> bool:
    """Nothing stands before this pixel."""
    return not any(Rectangle(box.x, box.y, box.width, box.height).holds(x, y) for box in header.hidden)


def _moved(asset: Asset, move: Move) -> Sequence[tuple[int, int]]:
    points = np.rint(move.moved(np.array(asset.region, np.float64))).astype(int)
    if points[:, 0].max() < 0 or points[:, 1].max() < 0:
        return ((move.width, move.height),) * 3
    return tuple((int(x), int(y)) for x, y in np.clip(points, 0, 4095))


def _cut(find: Find, right: int, down: int, frame: Move) -> Find:
    left, top = max(0, find.x + right), max(0, find.y + down)
    width, height = find.x + right + find.width - left, find.y + down + find.height - top
    if width <= 0 or height <= 0 or left >= frame.width or top >= frame.height:
        return replace(find, x=0, y=0, width=0, height=0)
    return replace(find, x=left, y=top, width=width, height=height)


def _common(around: Rectangle, box: Box) -> int:
    across = min(around.x + around.width, box.x + box.width) - max(around.x, box.x)
    down = min(around.y + around.height, box.y + box.height) - max(around.y, box.y)
    return max(0, across) * max(0, down)
