"""The pixels of polygons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt


def inside(outlines: Iterable[npt.ArrayLike], height: int, width: int) -> npt.NDArray[np.bool_]:
    """The pixels on or in any of the outlines: bool (height, width). Corners are (x, y), whole pixels."""
    drawn = np.zeros((height, width), np.uint8)
    for outline in outlines:
        corners: npt.NDArray[Any] = np.array(outline, np.int32)
        cv2.fillPoly(drawn, [corners], 1)
    return drawn.astype(np.bool_)
