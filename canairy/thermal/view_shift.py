"""How far a camera's view has moved, and what that means for its regions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


class View(Enum):
    """What a frame shows, held against the view's reference."""

    FOLLOWED = "followed"  # the same view; regions are moved along
    MOVED = "moved"  # the same view, farther off than regions may follow: invalid until it is taught again
    UNMATCHED = "unmatched"  # another view, or nothing to recognise it by: no reading


@dataclass(frozen=True, slots=True)
class Move:
    """From the reference to a frame of `width` x `height` pixels: turned about the middle, then shifted.

    dx_px, dy_px: to the right and down. rotation_deg: clockwise as one sees it.
    """

    dx_px: float
    dy_px: float
    rotation_deg: float
    width: int
    height: int

    @property
    def matrix(self) -> Points:
        """The move as a matrix (2, 3): frame point = matrix @ (x, y, 1) of the reference."""
        return move_matrix(self.dx_px, self.dy_px, self.rotation_deg, (self.height, self.width))

    @property
    def farthest_px(self) -> float:
        """How far the corner moves that moves farthest, pixels."""
        right, bottom = self.width - 1.0, self.height - 1.0
        corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]])
        return float(np.linalg.norm(self.moved(corners) - corners, axis=1).max())

    def moved(self, points: Points) -> Points:
        """Points (n, 2), x and y in the reference, where they are in the frame."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2], np.float64)

    def moved_back(self, points: Points) -> Points:
        """Points (n, 2), x and y in the frame, where they are in the reference."""
        # The inverse of a turn is its transpose.
        return np.asarray((points - self.matrix[:, 2]) @ self.matrix[:, :2], np.float64)


def move_matrix(dx: float, dy: float, rotation_deg: float, shape: tuple[int, int]) -> Points:
    """A turn about the middle of a picture (height, width), clockwise, and a shift after it; float64 (2, 3)."""
    height, width = shape
    # OpenCV counts angles anticlockwise.
    matrix = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -rotation_deg, 1), np.float64)
    matrix[:, 2] += (dx, dy)
    return matrix
