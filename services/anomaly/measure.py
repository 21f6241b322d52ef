"""Temperatures of a region: its hottest pixel, percentiles, mean, and how large the hottest part is."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.messages.reading import Temperatures
from canairy.thermal.polygon import inside
from canairy.thermal.quantiles import quantiles

Celsius = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Outline = tuple[tuple[int, int], ...]

# Differences under this are noise and texture, not structure: without it, the hottest part of an even surface would
# be one noisy pixel and look too small to be measured. Cameras for this work have a NETD of 0.03 to 0.1 K.
STRUCTURE_K: Final = 1.0


def measure(celsius: Celsius, x: int, y: int, outline: Outline) -> Temperatures | None:
    """Measure the pixels inside `outline` of a crop whose top-left corner is (x, y) in the frame.

    Args:
        celsius: float32 (height, width), degrees Celsius; NaN where no temperature is known.
        x: Column of the crop's left edge in the frame, pixels.
        y: Row of the crop's top edge in the frame, pixels.
        outline: Polygon in frame pixels; empty for the whole crop.

    Returns:
        The temperatures, or None when no pixel with a temperature lies inside.
    """
    mask = _inside(outline, x, y, celsius.shape) & np.isfinite(celsius)
    values = celsius[mask]
    if values.size == 0:
        return None
    middle, p95, p99 = quantiles(values, 50, 95, 99)
    row, column = np.unravel_index(int(np.argmax(np.where(mask, celsius, -np.inf))), celsius.shape)
    width, height = _hottest_part(celsius, mask, int(row), int(column), middle)
    return Temperatures(
        max_c=float(celsius[row, column]),
        p99_c=p99,
        p95_c=p95,
        mean_c=float(values.mean(dtype=np.float64)),
        hottest_x=x + int(column),
        hottest_y=y + int(row),
        hot_width=width,
        hot_height=height,
        pixels=int(values.size),
    )


def seen_pixels(shape: tuple[int, int], x: int, y: int, outline: Outline) -> int:
    """How many pixels of a crop, (height, width) with its top-left corner at (x, y), lie inside `outline`."""
    return int(_inside(outline, x, y, shape).sum())


def _hottest_part(celsius: Celsius, mask: Mask, row: int, column: int, typical_c: float) -> tuple[int, int]:
    """Width and height in pixels of what is connected to the hottest pixel and keeps half of its excess.

    Full width at half maximum is how the size of a blurred spot is usually given.
    """
    excess_k = float(celsius[row, column]) - typical_c
    floor_c = float(celsius[row, column]) - max(excess_k / 2, STRUCTURE_K)
    part = (mask & (celsius >= floor_c)).astype(np.uint8)
    _count, labels, stats, _centres = cv2.connectedComponentsWithStats(part, connectivity=8)
    label = int(labels[row, column])
    return int(stats[label, cv2.CC_STAT_WIDTH]), int(stats[label, cv2.CC_STAT_HEIGHT])


@lru_cache(maxsize=1024)
def _inside(outline: Outline, x: int, y: int, shape: tuple[int, int]) -> Mask:
    """Pixels on or inside the outline, bool of the crop's shape. Cached: outlines do not move from frame to frame."""
    if not outline:
        return np.ones(shape, np.bool_)
    return inside([np.array(outline, np.int32) - (x, y)], *shape)
