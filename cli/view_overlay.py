"""What is drawn over a scene: crosses on the hottest places, outlines of assets, boxes with normal or danger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.models.detector_card import DANGER, NORMAL
from cli.view_boxes import Box
from cli.view_report import Place, Viewed
from cli.view_site import SeenAsset

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

WHITE: Final = (235, 235, 235)
BLACK: Final = (0, 0, 0)
# Blue first. Told apart by who sees no red and green, too: by how bright they are, and the word stands beside the box.
STATES: Final[dict[str, Colour]] = {DANGER: (60, 60, 255), NORMAL: (120, 230, 120), "": (60, 200, 255)}
OUTLINE: Final = (255, 220, 120)
FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
SIZE: Final = 0.45


def overlay(scene: Picture, viewed: Viewed, times: float) -> None:
    """Draw what is known of a frame over its scene, BGR, each pixel of which is `times` as wide as the frame's.

    Of lines that would lie over each other the first is written: those of boxes, of assets, of the hottest places.
    """
    labels = [_box(scene, box, times) for box in viewed.boxes or ()]
    labels += [_outline(scene, asset, times) for asset in viewed.assets or ()]
    labels += [_cross(scene, place, times) for place in viewed.hottest]
    written = np.zeros(scene.shape[:2], np.bool_)
    for label in labels:
        part = written[label.ground(scene)]
        if not part.any():
            part[:] = True
            label.write(scene)


@dataclass(frozen=True, slots=True)
class _Label:
    """A line whose left end and base line are to lie here."""

    text: str
    left: int
    base: int
    colour: Colour

    def ground(self, scene: Picture) -> tuple[slice, slice]:
        """The rows and columns that it takes, moved to lie inside of the picture."""
        (wide, tall), _ = cv2.getTextSize(_ascii(self.text), FONT, SIZE, 1)
        left = max(2, min(self.left, scene.shape[1] - wide - 4))
        base = max(tall + 4, min(self.base, scene.shape[0] - 4))
        return slice(base - tall - 2, base + 3), slice(left - 2, left + wide + 2)

    def write(self, scene: Picture) -> None:
        """On a dark ground."""
        rows, columns = self.ground(scene)
        scene[rows, columns] = 0
        write(scene, self.text, columns.start + 2, rows.stop - 3, self.colour)


def write(picture: Picture, text: str, x: int, y: int, colour: Colour = WHITE) -> None:
    """One line."""
    cv2.putText(picture, _ascii(text), (x, y), FONT, SIZE, colour, 1, cv2.LINE_AA)


def _cross(scene: Picture, place: Place, times: float) -> _Label:
    x, y = round((place.x + 0.5) * times), round((place.y + 0.5) * times)
    for colour, thickness in ((BLACK, 3), (WHITE, 1)):
        cv2.drawMarker(scene, (x, y), colour, cv2.MARKER_CROSS, 13, thickness)
    return _Label(f"{place.celsius:.1f}", x + 9, y - 7, WHITE)


def _outline(scene: Picture, seen: SeenAsset, times: float) -> _Label:
    """Its line stands below, where no box has its own."""
    points = np.rint((np.array(seen.asset.region, np.float64) + 0.5) * times).astype(np.int32)
    for colour, thickness in ((BLACK, 3), (OUTLINE, 1)):
        cv2.polylines(scene, [points], isClosed=True, color=colour, thickness=thickness, lineType=cv2.LINE_AA)
    known = "?" if seen.temperatures is None else f"{seen.temperatures.max_c:.1f}"
    return _Label(f"{seen.asset.id} {known}", int(points[:, 0].min()), int(points[:, 1].max()) + 16, OUTLINE)


def _box(scene: Picture, box: Box, times: float) -> _Label:
    corner = round(box.x * times), round(box.y * times)
    other = round((box.x + box.width) * times) - 1, round((box.y + box.height) * times) - 1
    colour = STATES[box.state]
    for drawn, thickness in ((BLACK, 4), (colour, 2)):
        cv2.rectangle(scene, corner, other, drawn, thickness)
    sure = "" if box.score is None else f" {box.score:.2f}"
    return _Label(f"{box.label}{sure}", corner[0], corner[1] - 6, colour)


def _ascii(text: str) -> str:
    """OpenCV's font has nothing else."""
    return text.replace("°C", "degC").encode("ascii", "replace").decode()
