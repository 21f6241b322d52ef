"""A picture of one piece of evidence: the crop in temperatures or grey levels, and over it where it looks abnormal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import numpy.typing as npt

from canairy.messages.evidence import AnomalyMap, Evidence
from canairy.messages.header import NO_COMPARISON
from canairy.messages.picture import Image
from canairy.messages.picture import Picture as Picture8
from canairy.messages.thermogram import Thermogram
from canairy.messages.uncertainty import IMPOSSIBLE, NOT_CORRECTED, NOT_DEPENDABLE
from canairy.models.detector_card import DANGER, NORMAL
from canairy.site.model import EQUIPMENT
from canairy.thermal.known_palettes import grey_of

Picture = npt.NDArray[np.uint8]

SIDE_PX: Final = 360  # of the longer side of a crop
MARGIN_PX: Final = 16
LINE_PX: Final = 24
# A narrower span would show the camera's noise.
NARROWEST_K: Final = 5.0
LONGEST_LINE: Final = 80
WHITE: Final = (235, 235, 235)
RED: Final = (80, 80, 255)
# What a privacy mask covers.
MASKED: Final = (96, 96, 96)
# Share of the colour of the map where it is twice the threshold and over.
STRONGEST: Final = 0.75


def draw(evidence: Evidence, zone: ZoneInfo) -> Picture:
    """Crop, map (where there is one) and what was measured; BGR (height, width, 3). Raises InvalidMessage."""
    values, shown = _pixels(evidence.crop)
    scale = SIDE_PX / max(values.shape)
    size = max(1, round(values.shape[1] * scale)), max(1, round(values.shape[0] * scale))
    crop = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    panels = [crop]
    if evidence.map is not None and evidence.anomaly is not None:
        panels.append(_over(crop, evidence.map / evidence.anomaly.threshold))
    return _framed(panels, _lines(evidence, zone, values), abnormal=_abnormal(evidence))


def _pixels(crop: Image) -> tuple[npt.NDArray[Any], Picture]:
    """Its degrees Celsius, float32, or else its grey levels, uint8, both (height, width); and how it is drawn."""
    if isinstance(crop, Thermogram):
        celsius = crop.celsius()
        return celsius, _coloured(celsius)
    grey, _palette = grey_of(crop.pixels())
    return grey, np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def _abnormal(evidence: Evidence) -> bool:
    return evidence.anomaly is not None and evidence.anomaly.abnormal


def _coloured(celsius: npt.NDArray[np.float32]) -> Picture:
    known = np.isfinite(celsius)
    low, high = _range(celsius)
    share = np.where(known, (celsius - low) / max(high - low, NARROWEST_K), 0)
    picture = np.asarray(cv2.applyColorMap((255 * share).astype(np.uint8), cv2.COLORMAP_INFERNO), np.uint8)
    picture[~known] = MASKED
    return picture


def _range(celsius: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Lowest and highest temperature; NaN where none is known."""
    known = celsius[np.isfinite(celsius)]
    return (float(known.min()), float(known.max())) if known.size else (math.nan, math.nan)


def _over(crop: Picture, distances: AnomalyMap) -> Picture:
    """The crop in grey, reddened where it nears the threshold (a distance of 1) and passes it."""
    height, width = crop.shape[:2]
    distance = cv2.resize(distances, (width, height), interpolation=cv2.INTER_LINEAR)
    share = np.clip(distance - 0.5, 0, 1.5)[..., None] / 1.5 * STRONGEST
    grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(grey * (1 - share) + np.array(RED) * share, np.uint8)


def _lines(evidence: Evidence, zone: ZoneInfo, values: npt.NDArray[Any]) -> Sequence[str]:
    at = evidence.header.captured_at.astimezone(zone)
    lines = [
        f"{evidence.header.site}  {evidence.asset}",
        f"{at:%Y-%m-%d %H:%M:%S %Z}  {_span(evidence, values)}",
    ]
    if evidence.max_c is not None and evidence.uncertainty is not None:
        lines.append(f"hottest {evidence.max_c:.1f} degC, plus or minus {evidence.uncertainty.expanded_k:.1f} K (95 %)")
    if doubts := sorted({NOT_CORRECTED, IMPOSSIBLE, NOT_DEPENDABLE}.intersection(evidence.header.flags)):
        lines.append("; ".join(doubts))
    if not evidence.header.radiometric:
        lines.append("limits not judged: no temperatures")
    if evidence.header.radiometric and NO_COMPARISON in evidence.header.flags:
        lines.append("not compared: its memory bank was made of pictures without temperatures")
    elif NO_COMPARISON in evidence.header.flags:
        lines.append("not compared: its memory bank was made of temperatures")
    if evidence.equipment is not None:
        seen = evidence.equipment
        state = DANGER if seen.danger else NORMAL
        lines.append(f"a detector sees {seen.code} {EQUIPMENT.get(seen.code, '')}, {state} ({seen.score:.2f})")
    score = evidence.anomaly
    if score is not None:
        said = "ABNORMAL" if score.abnormal else "normal"
        lines.append(f"{said}: score {score.score:.1f}, threshold {score.threshold:.1f}, bank {score.bank}")
    # Who writes on a topic chooses its names, and how long they are.
    return [line[:LONGEST_LINE] for line in lines]


def _span(evidence: Evidence, values: npt.NDArray[Any]) -> str:
    if isinstance(evidence.crop, Picture8):
        return f"grey levels {values.min()} to {values.max()}"
    step_k = evidence.header.estimate_step_k
    estimate = "" if step_k is None else f", estimated in steps of {step_k:.2g} K"
    low, high = _range(values)
    return f"{low:.1f} to {high:.1f} degC{estimate}"


def _framed(panels: Sequence[Picture], lines: Sequence[str], *, abnormal: bool) -> Picture:
    height, width = panels[0].shape[:2]
    wide = max(len(panels) * (width + MARGIN_PX), 10 * max(map(len, lines))) + MARGIN_PX
    picture = np.full((height + LINE_PX * len(lines) + 2 * MARGIN_PX, wide, 3), 24, np.uint8)
    for place, panel in enumerate(panels):
        left = MARGIN_PX + place * (width + MARGIN_PX)
        picture[MARGIN_PX : MARGIN_PX + height, left : left + width] = panel
    for number, line in enumerate(lines):
        base = 2 * MARGIN_PX + height + LINE_PX * number + 6
        colour = RED if abnormal and number == len(lines) - 1 else WHITE
        cv2.putText(picture, line, (MARGIN_PX, base), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
    return picture
