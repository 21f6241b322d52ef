"""Registered regions in a frame: their crops, and which hot spots are theirs."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.messages.detections import Region, RegionKind
from canairy.messages.thermogram import Thermogram
from canairy.site.model import Asset
from services.detection.agreement import bounds

Counts = npt.NDArray[np.uint16]

# A hot spot this near to an outline is still the asset's: optics blur a hot edge over a few pixels.
MARGIN_PX: Final = 3


def registered(asset: Asset, counts: Counts, scale_k: float, offset_k: float, missing: int | None = None) -> Region:
    """The region of `asset` in a frame of uint16 counts (height, width); without a crop when it lies outside."""
    height, width = counts.shape
    left, top, right, bottom = _bounds(asset, width, height)
    crop = None
    if left < right and top < bottom:
        crop = Thermogram.of(counts[top:bottom, left:right], scale_k, offset_k, missing)
    return Region(asset.id, RegionKind.REGISTERED, left, top, crop, asset.region)


def _bounds(asset: Asset, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom (exclusive) of a region within a frame."""
    around = bounds(asset)
    return around.x, around.y, min(around.x + around.width, width), min(around.y + around.height, height)


@lru_cache(maxsize=64)
def occupied(outlines: tuple[tuple[tuple[int, int], ...], ...], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Where registered regions are, widened by a margin: bool (height, width)."""
    mask = np.zeros((height, width), np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [np.array(outline, np.int32)], 1)
    side = 2 * MARGIN_PX + 1
    return cv2.dilate(mask, np.ones((side, side), np.uint8)).astype(np.bool_)
