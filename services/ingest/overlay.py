"""Where a camera's pictures do not show the scene: what it prints over them, and what privacy masks take out.

Both stay where they are when the camera moves. Whoever asks whether a view moved must not look there: the edges of a
mask, or of a logo, would hold a moved picture in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from canairy.site.model import Camera, View
from canairy.thermal.registration_edges import Flags
from services.ingest.masks import Outlines, masked_pixels

Boxes = tuple[tuple[int, int, int, int], ...]
# A mask's border is an edge, and blurred ones reach over it.
_BORDER = np.ones((9, 9), np.uint8)


@dataclass(frozen=True, slots=True)
class Overlay:
    """`printed`: x, y, width, height, pixels; `masked`: outlines of privacy masks."""

    printed: Boxes = ()
    masked: Outlines = ()

    @classmethod
    def of(cls, camera: Camera, *views: View) -> Overlay:
        """What hides the scene in any of these views of a camera, the colour bar of its estimates among it."""
        bars = () if camera.estimate is None else (camera.estimate.bar,)
        return cls((*bars, *(box for view in views for box in view.overlay)), camera.privacy.masks)

    def seen(self, height: int, width: int) -> Flags | None:
        """Where a picture shows the scene: bool (height, width); None where all of it does."""
        return _seen(self, height, width) if self.printed or self.masked else None


NOTHING: Final = Overlay()


@lru_cache(maxsize=64)
def _seen(overlay: Overlay, height: int, width: int) -> Flags:
    seen = np.ones((height, width), np.bool_)
    if overlay.masked:
        hidden = masked_pixels(overlay.masked, height, width).astype(np.uint8)
        seen &= cv2.dilate(hidden, _BORDER) == 0
    for x, y, across, down in overlay.printed:
        seen[y : y + down, x : x + across] = False
    return seen
