"""Registered regions where they are in a frame: moved along with the view, and left out where something hides them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from canairy.messages.box import Box
from canairy.messages.header import FrameHeader
from canairy.messages.shift import Shift
from canairy.site.model import Asset
from canairy.thermal.view_shift import Move
from services.detection.agreement import Rectangle, bounds

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


def hides(header: FrameHeader, asset: Asset) -> bool:
    """Something stands before so much of the region that what is measured there may not be the asset."""
    around = bounds(asset)
    return sum(_common(around, box) for box in header.hidden) >= HIDDEN_SHARE * around.width * around.height


def uncovered(header: FrameHeader, x: int, y: int) -> bool:
    """Nothing stands before this pixel."""
    return not any(Rectangle(box.x, box.y, box.width, box.height).holds(x, y) for box in header.hidden)


def _moved(asset: Asset, move: Move) -> Sequence[tuple[int, int]]:
    points = np.rint(move.moved(np.array(asset.region, np.float64))).astype(int)
    if points[:, 0].max() < 0 or points[:, 1].max() < 0:
        return ((move.width, move.height),) * 3
    return tuple((int(x), int(y)) for x, y in np.clip(points, 0, 4095))


def _common(around: Rectangle, box: Box) -> int:
    across = min(around.x + around.width, box.x + box.width) - max(around.x, box.x)
    down = min(around.y + around.height, box.y + box.height) - max(around.y, box.y)
    return max(0, across) * max(0, down)
