"""Which parts of a view still show the edges of its reference: a fog takes them everywhere, a lorry where it stands.

Both pictures are cut into blocks. In each, the frame's edge directions are projected on the reference's: 1 where they
are the same, 0 where they are gone or others (Bigun and Granlund's doubled angles, see `registration_edges`). How much
edge there is at all is told beside it: by another light, edges run elsewhere; behind a lorry's side there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.thermal.registration_edges import Edges, Grey
from canairy.thermal.view_shift import Move, move_matrix

ROWS: Final = 8
COLUMNS: Final = 10
_FINE: Final = 2  # Edges.fine is at half size
_LEAST: Final = 0.01  # mean squared length of a block's edges in the reference: below, there are none to lose
_BLUR_PX: Final = 1.5
_HOLDS: Final = 0.35  # a block that usually keeps less has nothing to lose but noise
_KEPT: Final = 0.4  # of what is usual: a block that keeps less has lost its edges
_EMPTY: Final = 0.25  # of what is usual: there are hardly any others in their place

Shares = npt.NDArray[np.float64]


def kept(reference: Edges, frame: Edges, move: Move | None = None) -> Shares:
    """What each block of the reference keeps of its edges: float64 (2, ROWS, COLUMNS), NaN where it has none.

    [0]: how much of them is there, running as they did; [1]: how much edge is there, however it runs. `move` leads from
    the reference to the frame. Both must have the same size.
    """
    directions, seen = _brought_back(frame, move)
    both = seen & reference.fine_seen
    own = reference.fine * both
    common = _sums((np.conj(own) * directions).real)
    power, area = _sums(np.abs(own) ** 2), _sums(np.ones(own.shape, np.float32))
    enough = power > _LEAST * area
    both_parts = np.stack([common, _sums(np.abs(directions * both) ** 2)])
    return np.where(enough, both_parts / np.where(enough, power, 1.0), np.nan)


def sharpness(picture: Grey, seen: npt.NDArray[np.bool_] | None = None) -> float:
    """The steepness that one pixel in a hundred exceeds, a pixel, in the unit of the picture (height, width)."""
    blurred = cv2.GaussianBlur(np.asarray(picture, np.float32), (0, 0), _BLUR_PX)
    across, down = blurred[:-2:2, 2::2] - blurred[:-2:2, :-2:2], blurred[2::2, :-2:2] - blurred[:-2:2, :-2:2]
    steep = np.hypot(across, down) / 2
    if seen is not None:
        steep = steep[seen[:-2:2, :-2:2]]
    return float(np.percentile(steep, 99)) if steep.size else 0.0


@dataclass(frozen=True, slots=True)
class Loss:
    """Of the blocks that have edges to lose: `share` lost, 0 to 1; the largest piece of them, its `box` in blocks.

    `whole`: how much of what was lost is that piece, 0 to 1. `box`: x, y, width, height.
    """

    share: float
    whole: float
    box: tuple[int, int, int, int]


def loss(now: Shares, usual: Shares) -> Loss:
    """What was lost against what is `usual`, both as `kept` tells them: blocks of which no edge is left, nor others."""
    known = np.isfinite(usual[0]) & np.isfinite(now[0]) & (np.nan_to_num(usual[0]) >= _HOLDS)
    left = np.nan_to_num(now) / np.maximum(np.nan_to_num(usual), 1e-9)
    lost = known & (left[0] < _KEPT) & (left[1] < _EMPTY)
    if not lost.any():
        return Loss(0.0, 0.0, (0, 0, 0, 0))
    # Blocks without edges lie between those that have them: what is one block apart is one piece.
    _, labels = cv2.connectedComponents(cv2.dilate(lost.astype(np.uint8), np.ones((3, 3), np.uint8)))
    pieces = np.bincount(labels[lost])
    largest = int(pieces.argmax())
    rows, columns = np.nonzero(lost & (labels == largest))
    box = int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    return Loss(float(lost.sum() / known.sum()), float(pieces[largest] / lost.sum()), box)


def _brought_back(frame: Edges, move: Move | None) -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.bool_]]:
    if move is None:
        return frame.fine, frame.fine_seen
    size = frame.fine_seen.shape[1], frame.fine_seen.shape[0]
    there = move_matrix(move.dx_px / _FINE, move.dy_px / _FINE, move.rotation_deg, frame.fine_seen.shape)
    back = cv2.invertAffineTransform(there)
    parts = (np.ascontiguousarray(it) for it in (frame.fine.real, frame.fine.imag, frame.fine_seen.astype(np.float32)))
    real, imaginary, seen = (cv2.warpAffine(part, back, size) for part in parts)
    # Directions turn by twice the angle, since they are doubled.
    turned = (real + 1j * imaginary) * np.exp(-2j * np.deg2rad(move.rotation_deg))
    return np.asarray(turned, np.complex64), seen > 0.99


def _sums(values: npt.NDArray[np.floating]) -> Shares:
    """Sums over blocks: rows and columns that do not fill a block are left out."""
    height, width = values.shape[0] // ROWS * ROWS, values.shape[1] // COLUMNS * COLUMNS
    cut = values[:height, :width]
    return np.asarray(cut.reshape(ROWS, height // ROWS, COLUMNS, width // COLUMNS).sum((1, 3)), np.float64)
