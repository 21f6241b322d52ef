"""Where a frame lies against the reference of its view: a shift and a small turn, or not that view at all.

A search over whole pictures comes first, at a quarter of the size and five angles, by normalised correlation of edge
directions; its peak must stand out from all other places, or the frame is not of the view. What is left of shift and
turn is then measured at half size (ECC: Evangelidis and Psarakis, "Parametric Image Alignment Using Enhanced
Correlation Coefficient Maximization", IEEE PAMI 30, 2008) on the strength of edges, and verified by their directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from canairy.thermal.registration_edges import Directions, Edges, Flags
from canairy.thermal.view_shift import Move, View, move_matrix

ANGLES_DEG: Final = (-3.0, -1.5, 0.0, 1.5, 3.0)
# What a pair of pictures must reach to be of one view; how they were chosen: docs/decisions/0014-moved-views.md.
LEAST_PEAK: Final = 0.26  # correlation of edge directions at the best place of the search, -1 to 1
LEAST_CONTRAST: Final = 5.5  # that peak above the mean of all places, in their standard deviations
LEAST_AGREEMENT: Final = 0.23  # correlation of edge directions after measuring, -1 to 1
FARTHEST_TURN_DEG: Final = 5.0  # measuring may go a little beyond the angles of the search

_FINE: Final = 2
_ROUGH: Final = 4
_LEAST_OVERLAP: Final = 0.1  # of the edges there are: below, a correlation is of next to nothing
_ITERATIONS: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-5)

Spectrum = npt.NDArray[np.complexfloating]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Registration:
    """A frame against its view's reference.

    move: from the reference to the frame; None when the frame is not of the view.
    peak, contrast, agreement: how well it matched, see LEAST_PEAK, LEAST_CONTRAST, LEAST_AGREEMENT; agreement is 0
        where the search found nothing to measure.
    """

    move: Move | None
    peak: float
    contrast: float
    agreement: float

    def view(self, limit_px: float) -> View:
        """Whether regions follow, when they may by at most `limit_px` anywhere in the picture."""
        if self.move is None:
            return View.UNMATCHED
        return View.FOLLOWED if self.move.farthest_px <= limit_px else View.MOVED


class Reference:
    """A view as it was taught: its edges, turned by each angle of the search."""

    def __init__(self, edges: Edges) -> None:
        self.edges = edges
        shape = edges.rough_seen.shape
        self._spectra = [
            (angle, _spectra(_warped(edges.rough, edges.rough_seen, move_matrix(0, 0, angle, shape), angle)))
            for angle in ANGLES_DEG
        ]

    def register(self, frame: Edges) -> Registration:
        """Where a frame lies.

        Raises:
            ConfigurationError: the frame is of another size than the reference.
        """
        if (frame.height, frame.width) != (self.edges.height, self.edges.width):
            sizes = f"{frame.width}x{frame.height} pixels, its reference {self.edges.width}x{self.edges.height}"
            raise ConfigurationError(f"a frame has {sizes}: teach the view again")
        spectra = _spectra((frame.rough, frame.rough_seen))
        found = max((_peak(own, spectra, angle, frame.rough_seen.shape) for angle, own in self._spectra), key=_height)
        if found.height < LEAST_PEAK or found.contrast < LEAST_CONTRAST:
            return Registration(None, found.height, found.contrast, 0.0)
        move, agreement = _measured(self.edges, frame, found)
        kept = move is not None and agreement >= LEAST_AGREEMENT and abs(move.rotation_deg) <= FARTHEST_TURN_DEG
        return Registration(move if kept else None, found.height, found.contrast, agreement)


@dataclass(frozen=True, slots=True)
class _Peak:
    """The best place of a search: how high, how far above the others, and where, in pixels of the full size."""

    height: float
    contrast: float
    angle: float
    dx: float
    dy: float


def _height(peak: _Peak) -> float:
    return peak.height


def _spectra(edges: tuple[Directions, Flags]) -> list[Spectrum]:
    """Of both parts of the directions, of their squared length, and of what is seen; padded by a half."""
    directions, seen = edges
    padded = _padded(seen.shape)
    parts = (directions.real, directions.imag, np.abs(directions) ** 2, seen.astype(np.float32))
    return [np.fft.rfft2(part, padded) for part in parts]


def _padded(shape: tuple[int, ...]) -> tuple[int, int]:
    """A half more each way: shifts of a quarter do not come round the other side."""
    return shape[0] * 3 // 2, shape[1] * 3 // 2


def _peak(own: list[Spectrum], other: list[Spectrum], angle: float, shape: tuple[int, ...]) -> _Peak:
    """Where the correlation, divided at each shift by the edges that overlap there, is highest; a sixth each way."""
    padded = _padded(shape)
    product = np.fft.irfft2(np.conj(own[0]) * other[0] + np.conj(own[1]) * other[1], padded)
    floor = _LEAST_OVERLAP * max(min(own[2][0, 0].real, other[2][0, 0].real), 1e-9)
    left = np.maximum(np.fft.irfft2(np.conj(own[2]) * other[3], padded), floor)
    right = np.maximum(np.fft.irfft2(np.conj(own[3]) * other[2], padded), floor)
    places = np.fft.fftshift(product / np.sqrt(left * right))
    down, across = padded[0] // 6, padded[1] // 6
    middle_y, middle_x = padded[0] // 2, padded[1] // 2
    places = places[middle_y - down : middle_y + down + 1, middle_x - across : middle_x + across + 1]
    y, x = np.unravel_index(int(places.argmax()), places.shape)
    height = float(places[y, x])
    contrast = (height - float(places.mean())) / max(float(places.std()), 1e-9)
    return _Peak(height, contrast, angle, float(x - across) * _ROUGH, float(y - down) * _ROUGH)


def _measured(reference: Edges, frame: Edges, found: _Peak) -> tuple[Move | None, float]:
    """Shift and turn to parts of a pixel, and how well the edges agree then; no move where measuring finds none."""
    shape = frame.fine_seen.shape
    start = move_matrix(found.dx / _FINE, found.dy / _FINE, found.angle, shape).astype(np.float32)
    own, other = _strength(reference.fine), _strength(frame.fine)
    mask = frame.fine_seen.astype(np.uint8) * 255
    try:
        _, warp = cv2.findTransformECC(own, other, start, cv2.MOTION_EUCLIDEAN, _ITERATIONS, mask, 1)
    except cv2.error:  # it does not converge, or the frames do not overlap: not the same view
        return None, 0.0
    turn = float(np.rad2deg(np.arctan2(warp[1, 0], warp[0, 0])))
    middle = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2, 1.0])
    # The middle of a picture at half size is the middle at full size, so the shift only doubles.
    dx, dy = (np.asarray(warp, np.float64) @ middle - middle[:2]) * _FINE
    agreement = _agreement(reference, frame, np.asarray(warp, np.float64), turn)
    return Move(float(dx), float(dy), turn, frame.width, frame.height), agreement


def _strength(directions: Directions) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(np.abs(directions), (0, 0), 1.0), np.float32)


def _agreement(reference: Edges, frame: Edges, warp: Floats, turn: float) -> float:
    """Correlation of the edge directions of the reference and of the frame brought back onto it, -1 to 1."""
    back = np.asarray(cv2.invertAffineTransform(warp), np.float64)
    directions, seen = _warped(frame.fine, frame.fine_seen, back, -turn)
    both = seen & reference.fine_seen
    own, other = reference.fine * both, directions * both
    power = float((np.abs(own) ** 2).sum() * (np.abs(other) ** 2).sum())
    return float((np.conj(own) * other).real.sum() / np.sqrt(power)) if power > 0 else 0.0


def _warped(directions: Directions, seen: Flags, matrix: Floats, turn: float) -> tuple[Directions, Flags]:
    """Edges moved by a matrix (2, 3), their directions turned along: by twice the angle, since they are doubled."""
    size = (seen.shape[1], seen.shape[0])
    parts = (np.ascontiguousarray(part) for part in (directions.real, directions.imag, seen.astype(np.float32)))
    real, imaginary, visible = (cv2.warpAffine(part, matrix, size) for part in parts)
    turned = (real + 1j * imaginary) * np.exp(2j * np.deg2rad(turn))
    return np.asarray(turned, np.complex64), visible > 0.99
