"""Locally aware patch features: section 3.1 of the paper, equations 1 to 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.patchcore.linear import aggregation

WIDTH: Final = 152  # 40 channels of block 4 and 112 of block 10
PATCH_PX: Final = 8  # a patch stands for 8x8 pixels of the crop, and sees more


def patch_features(taps: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Features of every patch, (B, P, D), in the dtype of the taps; P runs along the rows of the finest tap.

    `taps` are (B, C, h, w), the finest first: each is averaged over 3x3 neighbours and interpolated to the first.
    """
    grid = taps[0].shape[2]
    aligned = [_aligned(tap, grid) for tap in taps]
    joined = np.concatenate(aligned, axis=1)
    return joined.reshape(*joined.shape[:2], -1).transpose(0, 2, 1)


def _aligned(tap: npt.NDArray[Any], grid: int) -> npt.NDArray[Any]:
    matrix = aggregation(tap.shape[2], grid).astype(tap.dtype)
    return np.asarray(matrix @ tap @ matrix.T, tap.dtype)
