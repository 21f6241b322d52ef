"""The colour bar that a thermal camera prints into its picture, and the palette it shows.

What tells a bar from a scene: a narrow, long strip whose colour stays the same across it and wanders along it without
ever coming back to a colour it had, and by whose colours the rest of the picture is painted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.thermal.palette import Floats, Palette, Picture, to_lab

# Lightness, 0 to 100, may differ by this much across a bar: JPEG noise at quality 75 stays below.
_FLAT: Final = 6.0
_REACH_PX: Final = 2  # over which flatness is asked: chroma of a JPEG is told for every second pixel
_CROSSHAIR_PX: Final = 9  # rows that a crosshair or a tick may cover
_LEAST_LENGTH: Final = 0.25  # of the picture's side
_LEAST_ASPECT: Final = 5.0
_LEAST_WIDTH_PX: Final = 4
_LEAST_PATH: Final = 60.0  # of CIELAB from end to end; black to white is 100
_JUMP: Final = 20.0  # of CIELAB from row to row: there the bar ends and the scene begins
_EDGE: Final = 6.0  # of CIELAB between a bar and what is beside it
_APART: Final = 0.15  # of the length: colours that far apart on a bar are not the same
_COMES_BACK: Final = 4.0  # of CIELAB: nearer than that is the same colour
_MOSTLY: Final = 0.9
_PAINTED: Final = 0.5  # of the picture must be of the bar's colours
_SAMPLES: Final = 64
_LOOKED_AT: Final = 7  # every seventh pixel, both ways, tells whether the picture is painted by a palette


class NoColourBar(UnreadableFile):
    """A picture in which no colour bar was found: no palette can be learnt from it."""


@dataclass(frozen=True, slots=True, eq=False)
class ColourBar:
    """Where a bar is, pixels from the top left corner of the picture, and its palette."""

    x: int
    y: int
    width: int
    height: int
    palette: Palette


def find_colour_bar(picture: Picture) -> ColourBar:
    """The colour bar in a picture, uint8 (height, width, 3), blue first. Hot is at its top or at its right.

    Raises:
        NoColourBar: there is none that the picture is painted by.
    """
    lab = to_lab(picture)
    found = [*_upright(lab), *(_turned(strip) for strip in _upright(lab.transpose(1, 0, 2)))]
    best: tuple[float, ColourBar] | None = None
    for x, y, width, height in found:
        bar = read_colour_bar(picture, x, y, width, height)
        merit = _painted(picture, bar) * max(width, height)
        if _is_palette(bar.palette) and _painted(picture, bar) >= _PAINTED and (best is None or merit > best[0]):
            best = merit, bar
    if best is None:
        raise NoColourBar("no colour bar in the picture: give its place, or a picture of the same camera that shows one")
    return best[1]


def read_colour_bar(picture: Picture, x: int, y: int, width: int, height: int) -> ColourBar:
    """The bar at a known place. Upright when higher than wide: hot at the top; else hot at the right.

    Raises:
        NoColourBar: the place is not inside the picture, or too small to hold colours.
    """
    strip = picture[max(y, 0) : y + height, max(x, 0) : x + width]
    if strip.shape[:2] != (height, width) or min(width, height) < 1 or max(width, height) < 2 * _CROSSHAIR_PX:
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        raise NoColourBar(f"no colour bar of {width}x{height} pixels at ({x}, {y}) in a picture of {size}")
    upright = height >= width
    lines = strip[::-1] if upright else strip.transpose(1, 0, 2)
    return ColourBar(x, y, width, height, Palette(_colours(lines)))


def _colours(lines: Picture) -> Picture:
    """Colours of a strip (length, across, 3), cold first: crosshairs left out, JPEG's steps of 8 pixels evened."""
    across = lines.shape[1]
    inner = lines[:, across // 4 : max(across - across // 4, across // 4 + 1)]
    colours = np.median(inner, axis=1).astype(np.float32)
    colours = _without_crosshair(colours)
    # The outermost lines are mixed with what is beside the bar.
    colours[:2], colours[-2:] = colours[2], colours[-3]
    evened = cv2.GaussianBlur(colours[:, None], (1, 0), 0, sigmaY=len(colours) / 200, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(evened[:, 0].round().clip(0, 255), np.uint8)


def _without_crosshair(colours: Floats) -> Floats:
    """Each line's colour by the median of its neighbours along the bar, channel by channel."""
    pad = _CROSSHAIR_PX // 2
    padded = np.pad(colours, ((pad, pad), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _CROSSHAIR_PX, axis=0)
    return np.asarray(np.median(windows, axis=-1), np.float32)
