"""Counts with a linear scale: their temperatures, and the 16-bit PNG that holds them."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.thermal.celsius_check import check_celsius
from canairy.thermal.frame import LinearScale, ThermalFrame
from canairy.thermal.linear_png import decode_linear_png
from canairy.thermal.radiometry import Celsius

KIND_PNG: Final = "png-16"


def linear_celsius(counts: npt.NDArray[np.uint16], scale: LinearScale) -> Celsius:
    """uint16 counts to float32 degC; raises UnreadableFile where that is no possible temperature."""
    celsius = counts.astype(np.float32)
    celsius *= np.float32(scale.scale_k)
    celsius += np.float32(scale.offset_c)
    check_celsius(celsius)
    return celsius


def read_linear_frame(content: bytes, scale: LinearScale) -> ThermalFrame:
    """A 16-bit grey PNG; raises IncompleteFile and UnreadableFile as canairy.thermal.linear_png does."""
    counts, created_at = decode_linear_png(content)
    return ThermalFrame(KIND_PNG, linear_celsius(counts, scale), counts=counts, scale=scale, taken_at=created_at)
