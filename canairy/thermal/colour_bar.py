"""The colour bar that a thermal camera prints into its picture, and the palette it shows.

What tells a bar from a scene: a narrow, long strip whose colour stays the same across it and wanders along it, far and
steadily, without ever coming back to a colour it had. Limits: benchmarks/palette.md.
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

# Limits were set on 101 pictures with a bar and 398 without one (benchmarks/palette.md).
# Lightness, 0 to 100, may differ by this much across a bar: more than JPEG noise does.
_FLAT: Final = 6.0
_REACH_PX: Final = 2  # over which flatness is asked: chroma of a JPEG is told for every second pixel
_CROSSHAIR_PX: Final = 9  # rows that a crosshair or a tick may cover
_LEAST_LENGTH: Final = 0.35  # of the picture's side
_LEAST_ASPECT: Final = 7.0
_LEAST_SPREAD: Final = 60.0  # of CIELAB between a bar's farthest colours; black and white are 100 apart
_STEADY: Final = 0.25  # of the mean change of colour, at least, in every eighth of the length
_ROUGHNESS: Final = 1.35  # a noisy line is that much longer looked at closely than from afar
_JUMP: Final = 20.0  # of CIELAB from row to row: there the bar ends and the scene begins
_EDGE: Final = 8.0  # of CIELAB between a bar and what is beside it
_BESIDE_PX: Final = 6
_MET: Final = 0.3  # of the length may be beside its own colours at a time
_APART: Final = 0.15  # of the length: colours that far apart on a bar are not the same
_COMES_BACK: Final = 6.0  # of CIELAB: nearer than that is the same colour
_MOSTLY: Final = 0.97
_LOOKED_AT: Final = 7  # every seventh pixel, both ways, tells whether the picture is painted by a palette


class NoColourBar(UnreadableFile):
    """A picture in which no colour bar was found: no palette can be learnt from it."""


@dataclass(frozen=True, slots=True, eq=False)
class ColourBar:
    """Where a bar is, pixels from the top left corner of the picture, and its palette.

    painted: share of the picture beside the bar that is of the palette's colours. Some cameras print a bar of other
    colours than those they paint with: then it is small, and the bar tells nothing about the picture.
    """

    x: int
    y: int
    width: int
    height: int
    palette: Palette
    painted: float


def find_colour_bar(picture: Picture) -> ColourBar:
    """The colour bar in a picture, uint8 (height, width, 3), blue first. Hot is at its top or at its right.

    Raises:
        NoColourBar: there is none.
    """
    lab = to_lab(picture)
    strips = [*_upright(lab), *(_turned(strip) for strip in _upright(lab.transpose(1, 0, 2)))]
    bars = [bar for strip in strips if _is_palette((bar := read_colour_bar(picture, *strip)).palette)]
    if not bars:
        raise NoColourBar("no colour bar in the picture: give its place, or a picture of the camera that shows it")
    return max(bars, key=lambda bar: np.ptp(bar.palette.lab, axis=0).sum())


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
    palette = Palette(_colours(lines))
    return ColourBar(x, y, width, height, palette, _painted(picture, palette, (x, y, width, height)))


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


def _painted(picture: Picture, palette: Palette, bar: tuple[int, int, int, int]) -> float:
    """Share of the picture, the bar aside, that is of the palette's colours."""
    x, y, width, height = bar
    rest = np.ones(picture.shape[:2], bool)
    rest[y : y + height, x : x + width] = False
    placed = palette.place(picture[::_LOOKED_AT, ::_LOOKED_AT])
    seen = placed.on_palette[rest[::_LOOKED_AT, ::_LOOKED_AT]]
    return float(seen.mean()) if seen.size else 0.0


def _is_palette(palette: Palette) -> bool:
    """Whether colours wander far and steadily, without stops and leaps, and never come back to where they were."""
    fine, coarse, eighths = (_sampled(palette, count) for count in (64, 16, 9))
    between = np.linalg.norm(fine[:, None] - fine[None], axis=2)
    order = np.arange(len(fine))
    apart = between[np.abs(order[:, None] - order[None]) >= _APART * len(fine)]
    steps = np.linalg.norm(np.diff(eighths, axis=0), axis=1)
    wanders = between.max() >= _LEAST_SPREAD and _path(fine) <= _ROUGHNESS * _path(coarse)
    return bool(wanders and steps.min() >= _STEADY * steps.mean() and (apart > _COMES_BACK).mean() > _MOSTLY)


def _sampled(palette: Palette, count: int) -> Floats:
    return np.stack([part.mean(axis=0) for part in np.array_split(palette.lab, count)])


def _path(colours: Floats) -> float:
    return float(np.linalg.norm(np.diff(colours, axis=0), axis=1).sum())


def _turned(strip: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    x, y, width, height = strip
    return y, x, height, width


def _upright(lab: Floats) -> Iterator[tuple[int, int, int, int]]:
    """Upright strips of even colour across and changing colour along, of CIELAB (height, width, 3)."""
    shortest = int(_LEAST_LENGTH * lab.shape[0])
    first, last = _runs(_even(lab))
    long = last - first >= shortest
    for left, right in _stretches(long):
        width = right - left
        if width * _LEAST_ASPECT <= lab.shape[0]:
            top, bottom = int(np.median(first[left:right])), int(np.median(last[left:right]))
            x, x_end = max(left - _REACH_PX, 0), min(right + _REACH_PX, lab.shape[1])
            for start, end in _pieces(lab[top:bottom, x:x_end]):
                y, y_end = _edged(lab, x, x_end, top + start, top + end)
                if y_end - y >= max(shortest, _LEAST_ASPECT * (x_end - x)):
                    yield x, y, x_end - x, y_end - y


def _even(lab: Floats) -> npt.NDArray[np.bool_]:
    """Where lightness is the same a little to the left and to the right; a crosshair's arm does not count."""
    padded = np.pad(lab[..., 0], ((0, 0), (_REACH_PX, _REACH_PX)), mode="edge")
    even = np.abs(padded[:, 2 * _REACH_PX :] - padded[:, : -2 * _REACH_PX]) <= _FLAT
    return cv2.morphologyEx(even.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((_CROSSHAIR_PX, 1), np.uint8)) > 0


def _runs(even: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Of each column its longest run of True: the first row, and the row after the last."""
    height, width = even.shape
    length, best, end = (np.zeros(width, np.intp) for _ in range(3))
    for row in range(height):
        length = np.where(even[row], length + 1, 0)
        longer = length > best
        best, end = np.where(longer, length, best), np.where(longer, row + 1, end)
    return end - best, end


def _stretches(flags: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Start and end of every run of True."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    yield from zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True)


def _pieces(strip: Floats) -> Iterator[tuple[int, int]]:
    """Where a strip (length, across, 3) is one piece: it is cut where its colour jumps from a line to the next."""
    colours = _without_crosshair(np.median(strip, axis=1).astype(np.float32))
    jumps = np.flatnonzero(np.linalg.norm(np.diff(colours, axis=0), axis=1) > _JUMP) + 1
    yield from pairwise([0, *jumps.tolist(), len(strip)])


def _edged(lab: Floats, x: int, x_end: int, y: int, y_end: int) -> tuple[int, int]:
    """The longest stretch of a strip, y to y_end, whose sides stand out from what is beside them.

    A scene of the colour of the bar's end goes on below it without a jump, and there are no edges at its sides; nor
    are there any at the sides of a sky that fades. Beside the bar its colours may be met for a while.
    """
    strip = np.median(lab[y:y_end, x:x_end], axis=1)
    beside = [lab[y:y_end, max(x - _BESIDE_PX, 0) : x], lab[y:y_end, x_end : x_end + _BESIDE_PX]]
    differs = [np.linalg.norm(np.median(side, axis=1) - strip, axis=1) > _EDGE for side in beside if side.shape[1]]
    if not differs:
        return y, y
    gap = int(_MET * (y_end - y)) | 1
    edges = np.pad(np.all(differs, axis=0).astype(np.uint8), gap)[:, None]
    edges = cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones((_CROSSHAIR_PX, 1), np.uint8))
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))[gap:-gap, 0]
    start, end = max(_stretches(closed > 0), key=lambda stretch: stretch[1] - stretch[0], default=(0, 0))
    return y + start, y + end
