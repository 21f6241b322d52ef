"""False colours and where they stand on their palette.

A thermal camera paints a picture by a palette: a list of colours from cold to hot. Turned round, the colour of a
pixel tells its place on that list. JPEG moves colours, so the place is that of the nearest colour, by the CIE 1976
difference in CIELAB (ISO/CIE 11664-4), in which equal distances look about equally different; how far away the nearest
one is tells what was not painted by the palette at all: printed text, crosshairs, the edges between far colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

# Pixels whose nearest palette colour is farther are not of the palette. Of real pictures 94 % of the pixels are nearer
# (the median of 396, benchmarks/palette.md); the others are where JPEG mixes far colours.
FARTHEST_COLOUR: Final = 12.0

# A JPEG of 330,000 pixels has some 30,000 colours. Of more than this, as no camera paints them, neighbours are taken
# for one (six bits a channel): so the work is bounded, whatever is in a picture of 16 million pixels.
_MOST_COLOURS: Final = 1 << 18
_NEIGHBOURS: Final = 0xFCFCFC
_TOUCHES: Final = 1e-3  # of a level, in which float32 may differ
_BLOCK: Final = 8192  # colours compared at once: 8192 x 400 differences of float32 are 13 MB

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Palette:
    """Colours from cold to hot: uint8 (levels, 3), blue first as OpenCV has them; at least two."""

    colours: Picture

    def __post_init__(self) -> None:
        """Refuse what is no list of colours.

        Raises:
            ValueError: another shape or type, or fewer than two colours.
        """
        shape = self.colours.shape
        if self.colours.dtype != np.uint8 or len(shape) != 2 or shape[1] != 3 or shape[0] < 2:
            raise ValueError(
                f"a palette is uint8 (levels, 3) with two levels or more, not {self.colours.dtype} {shape}"
            )

    @cached_property
    def lab(self) -> Floats:
        """The same colours in CIELAB, float32 (levels, 3): L 0 to 100, a and b about -127 to 127."""
        return np.asarray(to_lab(self.colours[None])[0])

    @cached_property
    def steps(self) -> int:
        """How many steps lead from cold to hot: the neighbours that differ, at least 1, at most the 255 of 8 bits."""
        differ = (self.colours[1:] != self.colours[:-1]).any(axis=1)
        return int(np.clip(differ.sum(), 1, 255))

    def place(self, picture: Picture) -> Placed:
        """Where each pixel of a picture, uint8 (height, width, 3), stands on this palette."""
        packed = picture.reshape(-1, 3).astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
        codes, which = _different(packed)
        colours = np.stack([codes & 255, codes >> 8 & 255, codes >> 16], axis=1).astype(np.uint8)
        lab = to_lab(colours[None])[0]
        parts = [self._nearest(lab[at : at + _BLOCK]) for at in range(0, len(lab), _BLOCK)]
        position, distance = (np.concatenate(values)[which.ravel()] for values in zip(*parts, strict=True))
        shape = picture.shape[:2]
        return Placed(position.reshape(shape), distance.reshape(shape))

    def _nearest(self, lab: Floats) -> tuple[Floats, Floats]:
        """Place 0 to 1 and CIELAB distance of colours (n, 3), on the lines from the nearest level to its neighbours."""
        squares = (lab**2).sum(1)[:, None] - 2 * lab @ self.lab.T + (self.lab**2).sum(1)
        level = squares.argmin(1)
        below, above = (self._foot(lab, np.clip(level + side, 0, len(self.lab) - 2)) for side in (-1, 0))
        nearer = below[1] <= above[1]
        place = self._to_the_ends(np.where(nearer, below[0], above[0])) / np.float32(len(self.lab) - 1)
        return place.astype(np.float32), np.where(nearer, below[1], above[1])

    def _to_the_ends(self, levels: Floats) -> Floats:
        """A bar's outermost lines often have one colour: what has it, or is beyond it, stands at the very end."""
        last = len(self.colours) - 1
        same = [(self.colours == end).all(axis=1) for end in (self.colours[0], self.colours[-1])]
        cold = last if same[0].all() else int(same[0].argmin()) - 1
        hot = 0 if same[1].all() else last - (int(same[1][::-1].argmin()) - 1)
        return np.where(levels <= cold + _TOUCHES, 0, np.where(levels >= hot - _TOUCHES, last, levels))

    def _foot(self, lab: Floats, start: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
        """The nearest point on the line from level `start` to the next: its place in levels, and its distance."""
        first = self.lab[start]
        along = self.lab[start + 1] - first
        length = np.maximum((along**2).sum(1), np.float32(1e-6))
        share = np.clip(((lab - first) * along).sum(1) / length, 0, 1).astype(np.float32)
        off = np.linalg.norm(lab - first - share[:, None] * along, axis=1).astype(np.float32)
        return start.astype(np.float32) + share, off


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Pixels on a palette, both float32 (height, width).

    position: 0 at the cold end to 1 at the hot one.
    distance: CIELAB difference from the nearest colour of the palette; small where the palette painted the pixel.
    """

    position: Floats
    distance: Floats

    @property
    def on_palette(self) -> npt.NDArray[np.bool_]:
        """Whether the palette painted the pixel, bool (height, width)."""
        return self.distance <= FARTHEST_COLOUR


def _different(packed: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.intp]]:
    """The colours there are, so that each is placed once, and which of them each pixel has."""
    codes, which = np.unique(packed, return_inverse=True)
    if len(codes) > _MOST_COLOURS:
        codes, which = np.unique(packed & np.uint32(_NEIGHBOURS), return_inverse=True)
    return codes, which


def to_lab(picture: Picture) -> Floats:
    """CIELAB of a picture, uint8 (height, width, 3) blue first, taken as sRGB: float32, L 0 to 100."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2LAB), np.float32)
