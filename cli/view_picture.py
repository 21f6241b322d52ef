"""A thermal frame as people look at it: false colours, a colour bar in degrees, and a cross on the hottest places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.thermal.frame import ThermalFrame
from canairy.thermal.radiometry import Celsius
from cli.view_report import Viewed, spoken

Picture = npt.NDArray[np.uint8]

# Smaller frames are enlarged by a whole number, so that every pixel stays a square; larger ones stay as they are.
LEAST_SIDE_PX: Final = 480
MARGIN_PX: Final = 16
BAR_PX: Final = 20
TICK_PX: Final = 74
LINE_PX: Final = 24
LONGEST_LINE: Final = 90
# A narrower span would show the camera's noise.
NARROWEST_K: Final = 2.0
WHITE: Final = (235, 235, 235)
BLACK: Final = (0, 0, 0)
BACKGROUND: Final = 24
FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


def draw(frame: ThermalFrame, viewed: Viewed) -> Picture:
    """BGR (height, width, 3): frame, colour bar, and what is known of it below."""
    low, high = span(frame.celsius)
    times = max(1, math.ceil(LEAST_SIDE_PX / max(frame.celsius.shape)))
    scene = coloured(np.kron(frame.celsius, np.ones((times, times), np.float32)), low, high)
    # The hottest last, so that nothing covers it.
    for place in reversed(viewed.hottest):
        _cross(scene, round((place.x + 0.5) * times), round((place.y + 0.5) * times), f"{place.celsius:.1f}")
    return _framed(scene, _bar(scene.shape[0], low, high), _lines(frame, viewed))


def span(celsius: Celsius) -> tuple[float, float]:
    """The temperatures at the ends of the colour bar."""
    low, high = float(celsius.min()), float(celsius.max())
    missing = max(0.0, NARROWEST_K - (high - low))
    return low - missing / 2, high + missing / 2


def coloured(celsius: npt.NDArray[np.floating], low: float, high: float) -> Picture:
    """BGR (height, width, 3), darkest at `low` and brightest at `high`."""
    share = np.clip((celsius - low) / (high - low), 0, 1)
    return np.asarray(cv2.applyColorMap(np.rint(255 * share).astype(np.uint8), cv2.COLORMAP_INFERNO), np.uint8)


def ticks(low: float, high: float) -> list[float]:
    """Round temperatures from `low` to `high`, four to nine of them."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * it for it in (1, 2, 5, 10) if power * it >= rough)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _bar(height: int, low: float, high: float) -> Picture:
    """The colour bar, with ticks in degrees beside it."""
    bar = np.full((height, BAR_PX + TICK_PX, 3), BACKGROUND, np.uint8)
    bar[:, :BAR_PX] = coloured(np.linspace(high, low, height, dtype=np.float32)[:, None], low, high)
    for tick in ticks(low, high):
        y = round((high - tick) / (high - low) * (height - 1))
        cv2.line(bar, (BAR_PX, y), (BAR_PX + 5, y), WHITE)
        _write(bar, f"{tick:g}", BAR_PX + 9, min(max(y + 5, 12), height - 3))
    return bar


def _cross(scene: Picture, x: int, y: int, text: str) -> None:
    """A cross, and the temperature beside it on a dark ground, inside of the picture."""
    for colour, thickness in ((BLACK, 3), (WHITE, 1)):
        cv2.drawMarker(scene, (x, y), colour, cv2.MARKER_CROSS, 13, thickness)
    (wide, tall), _ = cv2.getTextSize(text, FONT, 0.45, 1)
    left, base = min(x + 9, scene.shape[1] - wide - 4), max(y - 7, tall + 4)
    cv2.rectangle(scene, (left - 2, base - tall - 2), (left + wide + 2, base + 3), BLACK, cv2.FILLED)
    _write(scene, text, left, base)


def _lines(frame: ThermalFrame, viewed: Viewed) -> Sequence[str]:
    told = viewed.to_json()
    lines = [
        f"{viewed.file.name}  {told['kind']} {told['width']}x{told['height']}",
        f"{frame.celsius.min():.1f} to {frame.celsius.max():.1f} degC, mean {told['mean_c']:.1f} degC",
        "  ".join(
            it for it in (frame.camera, f"{frame.taken_at:%Y-%m-%d %H:%M:%S %Z}" if frame.taken_at else "") if it
        ),
        spoken(told["parameters"]),
    ]
    if viewed.doubt:
        lines.append(f"NOT DEPENDABLE: {viewed.doubt}")
    # OpenCV's font has ASCII only, and who names a file chooses how long that is.
    return [line.replace("°C", "degC").encode("ascii", "replace").decode()[:LONGEST_LINE] for line in lines if line]


def _framed(scene: Picture, bar: Picture, lines: Sequence[str]) -> Picture:
    height, width = scene.shape[:2]
    wide = max(width + bar.shape[1] + MARGIN_PX, 9 * max(map(len, lines))) + 2 * MARGIN_PX
    picture = np.full((height + LINE_PX * (len(lines) + 1) + 2 * MARGIN_PX, wide, 3), BACKGROUND, np.uint8)
    top = MARGIN_PX + LINE_PX
    picture[top : top + height, MARGIN_PX : MARGIN_PX + width] = scene
    left = 2 * MARGIN_PX + width
    picture[top : top + height, left : left + bar.shape[1]] = bar
    _write(picture, "degC", left, top - 8)
    for number, line in enumerate(lines):
        _write(picture, line, MARGIN_PX, top + height + LINE_PX * (number + 1))
    return picture


def _write(picture: Picture, text: str, x: int, y: int) -> None:
    cv2.putText(picture, text, (x, y), FONT, 0.45, WHITE, 1, cv2.LINE_AA)
