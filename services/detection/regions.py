"""Registered regions in a frame: their crops, and which hot spots are theirs."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.messages.detections import Region, RegionKind
from canairy.site.model import Asset
from canairy.thermal.polygon import inside
from services.detection.agreement import bounds
from services.detection.picture import Picture

# A hot spot this near to an outline is still the asset's: optics blur a hot edge over a few pixels.
MARGIN_PX: Final = 3


def registered(asset: Asset, picture: Picture) -> Region:
    """The region of `asset` in a frame; without a crop when it lies outside, cut at the frame's edge."""
    around = bounds(asset)
    return Region(asset.id, RegionKind.REGISTERED, around.x, around.y, picture.crop(*around), asset.region)


@lru_cache(maxsize=64)
def occupied(outlines: tuple[tuple[tuple[int, int], ...], ...], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Where registered regions are, widened by a margin: bool (height, width)."""
    side = 2 * MARGIN_PX + 1
    return cv2.dilate(inside(outlines, height, width).astype(np.uint8), np.ones((side, side), np.uint8)).astype(
        np.bool_
    )
