"""Temperatures as the counts that travel: uint16, kelvin = count * scale_k, from 0 K."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.messages.thermogram import COLDEST_C, HOTTEST_C, KELVIN, SATURATED
from canairy.thermal.celsius_check import check_celsius

# Kelvin a count, the finest that holds the hottest pixel is taken: they end at 382 and at 2,348 degC.
SCALES_K: Final = (0.01, 0.04)


def to_counts(celsius: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint16], float]:
    """Counts of float32 degC (height, width), and their `scale_k`; half a count is lost at most, one at the ends.

    Raises UnreadableFile for what is no possible temperature.
    """
    check_celsius(celsius)
    hottest_k = float(celsius.max()) + KELVIN
    # The last count says "at least this hot", so it stays free.
    scale_k = next(scale for scale in SCALES_K if hottest_k / scale < SATURATED - 0.5)
    counts = np.rint((celsius.astype(np.float64) + KELVIN) / scale_k)
    # Rounding must not carry the last possible temperature over the edge.
    least, most = math.ceil((COLDEST_C + KELVIN) / scale_k), math.floor((HOTTEST_C + KELVIN) / scale_k)
    return np.clip(counts, least, most).astype(np.uint16), scale_k
