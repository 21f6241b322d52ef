"""Which of the equipment that a detector sees is registered, and which nobody registered.

A box and a registered region touch when one holds the middle of the other. What touches a region is never a find of
its own: whoever outlined the region knew what stands there, and it is measured anyway. Of the boxes that touch it, the
one that overlaps it most says what the detector sees in it, if they overlap by `LEAST_OVERLAP` at least. The region
stays as it was drawn, and the asset what it was registered as, whatever the detector takes it for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np

from canairy.messages.equipment import Equipment
from canairy.site.model import Asset

# Intersection over union. A half is how a detector is measured; a region is drawn by hand, with room around or without.
LEAST_OVERLAP: Final = 0.3


class Rectangle(NamedTuple):
    """Whole pixels from the top left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def holds(self, x: float, y: float) -> bool:
        """A point lies in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height

    def overlap(self, other: Rectangle) -> float:
        """Intersection over union, 0 to 1; 0 for rectangles without area."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        common = max(0, across) * max(0, down)
        together = self.width * self.height + other.width * other.height - common
        return common / together if together else 0.0


class Agreement(NamedTuple):
    """`registered`: what the detector sees in an asset, by its name. `others`: surest first, of nobody's region."""

    registered: dict[str, Equipment]
    others: list[Equipment]


def agree(assets: Sequence[Asset], seen: Sequence[Equipment]) -> Agreement:
    """What a detector saw in a frame, by who it is; `seen`: surest first."""
    registered: dict[str, Equipment] = {}
    others = list(seen)
    for asset in assets:
        touching = [it for it in seen if _touch(asset, rectangle(it))]
        others = [it for it in others if it not in touching]
        outlined = bounds(asset)
        best = max(touching, key=lambda it: rectangle(it).overlap(outlined), default=None)
        if best is not None and rectangle(best).overlap(outlined) >= LEAST_OVERLAP:
            registered[asset.id] = best
    return Agreement(registered, others)


def rectangle(seen: Equipment) -> Rectangle:
    """The box of what was seen."""
    return Rectangle(seen.x, seen.y, seen.width, seen.height)


def bounds(asset: Asset) -> Rectangle:
    """Around a registered region."""
    xs, ys = zip(*asset.region, strict=True)
    return Rectangle(min(xs), min(ys), max(xs) + 1 - min(xs), max(ys) + 1 - min(ys))


def _touch(asset: Asset, box: Rectangle) -> bool:
    inside = cv2.pointPolygonTest(np.array(asset.region, np.float32), box.middle, measureDist=False) >= 0
    return inside or box.holds(*bounds(asset).middle)
