"""The cells of the network's three grids: where they are, and what a raw prediction in one of them means."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from training.detector.architecture import LARGEST_STRIDE, STRIDES

Floats = npt.NDArray[np.float32]

# A box is at most e^6 = 403 strides wide: more than any picture, and finite whatever the weights say.
LARGEST_LOG_SIDE: Final = 6.0


def cells(width_px: int, height_px: int) -> Floats:
    """Cells of all strides, finest first, row by row: float32 (A, 3) of column, row, stride in pixels.

    Raises:
        ConfigurationError: a side is not a multiple of the largest stride.
    """
    if width_px % LARGEST_STRIDE or height_px % LARGEST_STRIDE or min(width_px, height_px) <= 0:
        raise ConfigurationError(f"{width_px}x{height_px} px: both sides must be multiples of {LARGEST_STRIDE}")
    return np.concatenate([_level(width_px // stride, height_px // stride, stride) for stride in STRIDES])


def _level(columns: int, rows: int, stride: int) -> Floats:
    row, column = np.mgrid[:rows, :columns].reshape(2, -1)
    return np.stack([column, row, np.full_like(row, stride)], axis=1).astype(np.float32)
