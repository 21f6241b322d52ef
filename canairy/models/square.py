"""Crops of any shape, made a square of one size: alike where a model is trained and where it is asked."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import CanairyError

Counts = npt.NDArray[np.uint16]

SMALLEST_SIDE_PX: Final = 3


class BadCrop(CanairyError):
    """A crop that cannot be scored: no area, or the wrong kind of numbers. The text says which."""


def squared(counts: npt.NDArray[np.uint16], size_px: int) -> Counts:
    """A crop of any shape as (size, size): stretched by linear interpolation, averaged where it shrinks.

    Raises:
        BadCrop: not two-dimensional, not uint16, or a side under 3 pixels.
    """
    if counts.ndim != 2 or counts.dtype != np.uint16:
        raise BadCrop(f"a crop must be uint16 (height, width), not {counts.dtype} {counts.shape}")
    if min(counts.shape) < SMALLEST_SIDE_PX:
        raise BadCrop(f"a crop of {counts.shape[1]}x{counts.shape[0]} pixels shows nothing: {SMALLEST_SIDE_PX} a side")
    shrinks = min(counts.shape) > size_px
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(counts, (size_px, size_px), interpolation=way), np.uint16)
