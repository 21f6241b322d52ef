"""A thermal frame as people look at it: false colours, a colour bar in degrees, and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.thermal.frame import ThermalFrame
from canairy.thermal.radiometry import Celsius
from cli.view_overlay import WHITE, Picture, overlay, write
from cli.view_report import Viewed, spoken

# Smaller frames are enlarged by a whole number, so that every pixel stays a square; larger ones stay as they are.
LEAST_SIDE_PX: Final = 480
MARGIN_PX: Final = 16
BAR_PX: Final = 20
TICK_PX: Final = 74
LINE_PX: Final = 24
LONGEST_LINE: Final = 90
# A narrower span would show the camera's noise.
NARROWEST_K: Final = 2.0
BACKGROUND: Final = 24
# No colour of the palette: where there is no temperature.
UNKNOWN: Final = (128, 128, 128)


def draw(frame: ThermalFrame, viewed: Viewed) -> Picture:
    """BGR (height, width, 3): frame, colour bar, and what is known of it below."""
    low, high = span(frame.celsius)
    shown = scene(frame, viewed, low, high, LEAST_SIDE_PX)
    return framed(shown, bar(shown.shape[0], low, high), _lines(frame, viewed))


def scene(frame: ThermalFrame, viewed: Viewed, low: float, high: float, least_side: int) -> Picture:
    """The frame in false colours with what is drawn over it; its longer side has `least_side` pixels or more."""
    times = max(1, math.ceil(least_side / max(frame.celsius.shape)))
    shown = coloured(np.kron(frame.celsius, np.ones((times, times), np.float32)), low, high)
    overlay(shown, viewed, times)
    return shown


def span(celsius: Celsius) -> tuple[float, float]:
    """The temperatures at the ends of the colour bar."""
    low, high = float(np.nanmin(celsius)), float(np.nanmax(celsius))
    missing = max(0.0, NARROWEST_K - (high - low))
    return low - missing / 2, high + missing / 2


def coloured(celsius: npt.NDArray[np.floating], low: float, high: float) -> Picture:
    """BGR (height, width, 3), darkest at `low` and brightest at `high`; grey where no temperature is known (NaN)."""
    known = np.isfinite(celsius)
    share = np.where(known, np.clip((celsius - low) / (high - low), 0, 1), 0)
    picture = np.asarray(cv2.applyColorMap(np.rint(255 * share).astype(np.uint8), cv2.COLORMAP_INFERNO), np.uint8)
    picture[~known] = UNKNOWN
    return picture


def ticks(low: float, high: float) -> list[float]:
    """Round temperatures from `low` to `high`, three to nine of them."""
    rough = (high - low) / 8
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * it for it in (1, 2, 5, 10) if power * it >= rough)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def bar(height: int, low: float, high: float) -> Picture:
    """The colour bar, with ticks in degrees beside it."""
    strip = np.full((height, BAR_PX + TICK_PX, 3), BACKGROUND, np.uint8)
    strip[:, :BAR_PX] = coloured(np.linspace(high, low, height, dtype=np.float32)[:, None], low, high)
    for tick in ticks(low, high):
        y = round((high - tick) / (high - low) * (height - 1))
        cv2.line(strip, (BAR_PX, y), (BAR_PX + 5, y), WHITE)
        write(strip, f"{tick:g}", BAR_PX + 9, min(max(y + 5, 12), height - 3))
    return strip


def _lines(frame: ThermalFrame, viewed: Viewed) -> Sequence[str]:
    told = viewed.to_json()
    lines = [
        f"{viewed.file.name}  {told['kind']} {told['width']}x{told['height']}",
        f"{told['min_c']:.1f} to {told['max_c']:.1f} degC, mean {told['mean_c']:.1f} degC",
        "  ".join(
            it for it in (frame.camera, f"{frame.taken_at:%Y-%m-%d %H:%M:%S %Z}" if frame.taken_at else "") if it
        ),
        spoken(told["parameters"]),
    ]
    if viewed.estimate:
        lines.append(viewed.estimate)
    if viewed.doubt:
        lines.append(f"NOT DEPENDABLE: {viewed.doubt}")
    # Who names a file chooses how long that is.
    return [line[:LONGEST_LINE] for line in lines if line]


def framed(shown: Picture, strip: Picture, lines: Sequence[str]) -> Picture:
    """The scene with the colour bar at its right and some lines below; "degC" above the bar."""
    height, width = shown.shape[:2]
    wide = max(width + strip.shape[1] + MARGIN_PX, 9 * max(map(len, lines))) + 2 * MARGIN_PX
    picture = np.full((height + LINE_PX * (len(lines) + 1) + 2 * MARGIN_PX, wide, 3), BACKGROUND, np.uint8)
    top = MARGIN_PX + LINE_PX
    picture[top : top + height, MARGIN_PX : MARGIN_PX + width] = shown
    left = 2 * MARGIN_PX + width
    picture[top : top + height, left : left + strip.shape[1]] = strip
    write(picture, "degC", left, top - 8)
    for number, line in enumerate(lines):
        write(picture, line, MARGIN_PX, top + height + LINE_PX * (number + 1))
    return picture
