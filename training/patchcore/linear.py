"""The matrices of PatchCore's linear steps: neighbourhood mean, interpolation, Gaussian smoothing.

Each of them acts on rows and columns alike, so an image X becomes M X M'. Written as matrices they mean the same in
NumPy and in every runtime, and several in a row are one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

NEIGHBOURHOOD: Final = 3  # patches a side, section 3.1 of the paper
SIGMA_PX: Final = 4.0  # of the smoothing, at the resolution of the crop; section 3.3
MAP_STEP_PX: Final = 4  # the map keeps every fourth pixel of the crop, which such a smoothing leaves enough


def neighbourhood_mean(size: int) -> Matrix:
    """Mean over 3 neighbours, (size, size); beyond the border there are zeros, as in the authors' implementation."""
    reach = NEIGHBOURHOOD // 2
    return np.asarray(sum(np.eye(size, k=k) for k in range(-reach, reach + 1)) / NEIGHBOURHOOD, np.float64)


def interpolation(size: int, wanted: int) -> Matrix:
    """Linear interpolation from `size` to `wanted` samples, (wanted, size); pixels are areas, borders are held."""
    place = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
    before = np.floor(place).astype(int)
    after = np.minimum(before + 1, size - 1)
    matrix = np.zeros((wanted, size))
    np.add.at(matrix, (np.arange(wanted), before), 1 - (place - before))
    np.add.at(matrix, (np.arange(wanted), after), place - before)
    return matrix


def gaussian(size: int, sigma: float) -> Matrix:
    """Gaussian smoothing, (size, size); what a border cuts off of a kernel is given to the rest of it."""
    steps = np.arange(size)[:, None] - np.arange(size)[None, :]
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)


def block_mean(size: int, wanted: int) -> Matrix:
    """Mean of each of `wanted` equal parts, (wanted, size); `wanted` divides `size`."""
    return np.kron(np.eye(wanted), np.full((1, size // wanted), wanted / size))


def aggregation(tap: int, grid: int) -> Matrix:
    """A tap's rows to those of the patch grid, (grid, tap): neighbourhood mean, then interpolation."""
    return interpolation(tap, grid) @ neighbourhood_mean(tap)


def map_side(size: int) -> int:
    """Pixels a side of the map of a crop of `size` pixels: 56 of 224."""
    return size // MAP_STEP_PX


def map_smoothing(grid: int, size: int) -> Matrix:
    """Distances of patches to rows of the map, (map_side, grid): to the crop's size, smoothed there, averaged."""
    return block_mean(size, map_side(size)) @ gaussian(size, SIGMA_PX) @ interpolation(grid, size)
