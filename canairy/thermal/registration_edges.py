"""Edges of a picture, as directions that do not change when hot and cold change places.

Temperatures of a scene change from hour to hour, and so does what is warmer than what: at night a bushing is a dark
bar on a warm wall, by day a bright one on a cold wall. Where the edges are and how they run does not change. So a
picture is kept as one complex number a pixel, the squared gradient brought to length 1: squaring doubles its angle,
after which two opposite gradients are the same, and the length tells a strong edge from noise and no more. Correlating
such numbers is orientation correlation (Fitch, Kadyrov, Christmas and Kittler, "Orientation Correlation", British
Machine Vision Conference 2002), with the doubled angle of the structure tensor (Bigun and Granlund, ICCV 1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

_BLUR_PX: Final = 1.5  # a thermal camera's sharpest edge is about two pixels wide
_SCHARR_SUM: Final = 32.0  # OpenCV's 3x3 Scharr kernel times this is a difference a pixel
_NOISE: Final = 2.0  # a gradient counts half where its square is that many times the picture's median one
_FINE: Final = 2  # the scale of measuring: a half
_ROUGH: Final = 4  # the scale of searching: a quarter
_UNSEEN_PX: Final = 9  # gradients that near to what is not seen are of its border

Grey = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]
Directions = npt.NDArray[np.complex64]


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Edges of a picture of `height` x `width` pixels, seen at two scales.

    fine, rough: complex64 at a half and a quarter of the size; angle twice that of the gradient, length 0 to 1.
    fine_seen, rough_seen: bool of the same shapes; False under overlays.
    """

    height: int
    width: int
    fine: Directions
    fine_seen: Flags
    rough: Directions
    rough_seen: Flags


def edges_of(grey: Grey, seen: Flags | None = None) -> Edges:
    """Edges of a picture (height, width): temperatures, counts or lightness; any real type, finite.

    Of a pseudo-colour picture take the lightness, `palette.to_lab(picture)[..., 0]`, or with a known palette the place
    on it: edges must only be where they are in the scene, their strength and sign do not count.
    `seen`, bool (height, width), is False where something is printed over the scene.
    """
    picture = np.asarray(grey, np.float32)
    visible = np.ones(picture.shape, bool) if seen is None else seen
    margin = np.ones((_UNSEEN_PX, _UNSEEN_PX), np.uint8)
    inner = cv2.erode(visible.astype(np.uint8), margin, borderType=cv2.BORDER_REPLICATE) > 0
    full = _directions(picture, inner)
    fine, fine_seen = _smaller(full, inner, _FINE)
    rough, rough_seen = _smaller(full, inner, _ROUGH)
    height, width = picture.shape
    return Edges(height, width, fine, fine_seen, rough, rough_seen)


def _directions(picture: npt.NDArray[np.float32], inner: Flags) -> Directions:
    blurred = cv2.GaussianBlur(picture, (0, 0), _BLUR_PX)
    across = cv2.Scharr(blurred, cv2.CV_32F, 1, 0) / _SCHARR_SUM
    down = cv2.Scharr(blurred, cv2.CV_32F, 0, 1) / _SCHARR_SUM
    square = across**2 + down**2
    tiny = np.float32(1e-6 * max(float(square.max()), 1e-12))
    usual = float(np.median(square[inner])) if inner.any() else 0.0
    # (x + iy)^2 / |.|^2 is the doubled angle; square / (square + noise) lets noise fall to nothing.
    length = square / (square + np.float32(_NOISE * usual) + tiny) / (square + tiny)
    return np.asarray((across + 1j * down) ** 2 * length * inner, np.complex64)


def _smaller(directions: Directions, inner: Flags, times: int) -> tuple[Directions, Flags]:
    size = inner.shape[1] // times, inner.shape[0] // times
    real, imaginary, seen = (
        cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
        for part in (directions.real, directions.imag, inner.astype(np.float32))
    )
    return (real + 1j * imaginary).astype(np.complex64), seen > 0.5
