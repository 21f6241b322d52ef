"""Several frames in one picture, on one scale: what is as warm has the same colour in each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from canairy.thermal.frame import ThermalFrame
from cli.view_overlay import Picture, write
from cli.view_picture import BACKGROUND, LINE_PX, MARGIN_PX, bar, framed, scene, span
from cli.view_report import Viewed

MOST: Final = 36
PANEL_PX: Final = 420
# Larger frames are shrunk to this: a look at sixteen of them at once needs no more.
MOST_PANEL_PX: Final = 660
CHARACTER_PX: Final = 9

Shown = tuple[ThermalFrame, Viewed]


def draw_beside(shown: Sequence[Shown]) -> Picture:
    """BGR (height, width, 3): the frames in rows, in their order, each with its name, and one colour bar for all."""
    spans = [span(frame.celsius) for frame, _ in shown]
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    panels = [_panel(frame, viewed, low, high) for frame, viewed in shown]
    sheet = _sheet(panels)
    return framed(sheet, bar(sheet.shape[0], low, high), [f"one scale: {low:.1f} to {high:.1f} degC"])


def _panel(frame: ThermalFrame, viewed: Viewed, low: float, high: float) -> Picture:
    picture = scene(frame, viewed, low, high, PANEL_PX)
    larger = max(picture.shape) / MOST_PANEL_PX
    if larger > 1:
        size = max(1, round(picture.shape[1] / larger)), max(1, round(picture.shape[0] / larger))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = picture.shape[:2]
    panel = np.full((height + 2 * LINE_PX, width, 3), BACKGROUND, np.uint8)
    panel[2 * LINE_PX :] = picture
    for number, line in enumerate(_lines(viewed)):
        write(panel, line[: max(1, width // CHARACTER_PX)], 0, LINE_PX * (number + 1) - 8)
    return panel


def _lines(viewed: Viewed) -> Sequence[str]:
    told = viewed.to_json()
    estimate = ", ESTIMATE" if viewed.estimated else ""
    doubt = ", NOT DEPENDABLE" if viewed.doubt else ""
    return viewed.file.name, f"{told['min_c']:.1f} to {told['max_c']:.1f} degC{estimate}{doubt}"


def _sheet(panels: Sequence[Picture]) -> Picture:
    columns = math.ceil(math.sqrt(len(panels)))
    height, width = max(it.shape[0] for it in panels), max(it.shape[1] for it in panels)
    rows = math.ceil(len(panels) / columns)
    size = rows * height + (rows - 1) * MARGIN_PX, columns * width + (columns - 1) * MARGIN_PX, 3
    sheet = np.full(size, BACKGROUND, np.uint8)
    for number, panel in enumerate(panels):
        top, left = (number // columns) * (height + MARGIN_PX), (number % columns) * (width + MARGIN_PX)
        sheet[top : top + panel.shape[0], left : left + panel.shape[1]] = panel
    return sheet
