"""A picture of one piece of evidence: the crop in temperatures, and over it where it looks abnormal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import numpy.typing as npt

from canairy.messages.evidence import AnomalyMap, Evidence
from canairy.messages.uncertainty import IMPOSSIBLE, NOT_CORRECTED, NOT_DEPENDABLE
from canairy.models.detector_card import DANGER, NORMAL
from canairy.site.model import EQUIPMENT

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
    celsius = evidence.crop.celsius()
    scale = SIDE_PX / max(celsius.shape)
    size = max(1, round(celsius.shape[1] * scale)), max(1, round(celsius.shape[0] * scale))
    crop = _coloured(np.asarray(cv2.resize(celsius, size, interpolation=cv2.INTER_NEAREST), np.float32))
    panels = [crop]
    if evidence.map is not None and evidence.anomaly is not None:
        panels.append(_over(crop, evidence.map / evidence.anomaly.threshold))
    return _framed(panels, _lines(evidence, zone, celsius), abnormal=_abnormal(evidence))


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
    """Lowest and highest temperature; NaN where all are masked."""
    known = celsius[np.isfinite(celsius)]
    return (float(known.min()), float(known.max())) if known.size else (math.nan, math.nan)


def _over(crop: Picture, distances: AnomalyMap) -> Picture:
    """The crop in grey, reddened where it nears the threshold (a distance of 1) and passes it."""
    height, width = crop.shape[:2]
    distance = cv2.resize(distances, (width, height), interpolation=cv2.INTER_LINEAR)
    share = np.clip(distance - 0.5, 0, 1.5)[..., None] / 1.5 * STRONGEST
    grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(grey * (1 - share) + np.array(RED) * share, np.uint8)


def _lines(evidence: Evidence, zone: ZoneInfo, celsius: npt.NDArray[np.float32]) -> Sequence[str]:
    at = evidence.header.captured_at.astimezone(zone)
    low, high = _range(celsius)
    lines = [
        f"{evidence.header.site}  {evidence.asset}",
        f"{at:%Y-%m-%d %H:%M:%S %Z}  {low:.1f} to {high:.1f} degC",
    ]
    if evidence.max_c is not None and evidence.uncertainty is not None:
        lines.append(f"hottest {evidence.max_c:.1f} degC, plus or minus {evidence.uncertainty.expanded_k:.1f} K (95 %)")
    if doubts := sorted({NOT_CORRECTED, IMPOSSIBLE, NOT_DEPENDABLE}.intersection(evidence.header.flags)):
        lines.append("; ".join(doubts))
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
