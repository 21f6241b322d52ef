"""Paint one piece of equipment into a picture of temperatures, in metres of its own, and learn where it came to lie.

Local coordinates: u to the right, v up, in metres, (0, 0) at the middle of the piece's foot. Everything is made of
limbs (straight bodies seen from the side) and balls. A surface of emissivity e shows e times its own rise over the air
and (1 - e) times that of the sky it mirrors: the linearised radiation balance, good to a few per cent for outdoor
temperatures, and enough for pictures; nothing is measured in these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Kelvin = npt.NDArray[np.float32]
Point = tuple[float, float]

_HALF_COVERED: Final = 0.5


@dataclass(frozen=True, slots=True)
class Surface:
    """How a body looks to the camera: emissivity, and whether its edges turn away from it."""

    emissivity: float
    round: bool = True


PORCELAIN: Final = Surface(0.92)
PAINT: Final = Surface(0.93)
PAINTED_FLAT: Final = Surface(0.93, round=False)
OXIDISED: Final = Surface(0.7)  # joints and terminals after some years outdoors
BARE: Final = Surface(0.35)  # aluminium bars and conductors: they mirror the sky


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece's foot stands in the picture, how large a metre is there, and how it leans (radians)."""

    x_px: float
    y_px: float
    px_a_m: float
    lean: float = 0.0
    mirrored: bool = False

    def pixel(self, point: Point) -> Point:
        """Column and row of a local point."""
        u, v = (-point[0] if self.mirrored else point[0]), point[1]
        cosine, sine = math.cos(self.lean), math.sin(self.lean)
        return self.x_px + self.px_a_m * (u * cosine + v * sine), self.y_px - self.px_a_m * (v * cosine - u * sine)


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of the frame, from the top left."""

    x: float
    y: float
    width: float
    height: float

    def shared(self, other: Box) -> float:
        """How much of the smaller of both lies in the other, 0 to 1."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(0.0, across) * max(0.0, down) / min(self.width * self.height, other.width * other.height)


class Brush:
    """Paints into `kelvin`, float32 (height, width), in place; `cover` is how much of each pixel is this piece's."""

    def __init__(self, kelvin: Kelvin, place: Place, air_k: float, sky_k: float) -> None:
        self.kelvin = kelvin
        self.cover = np.zeros_like(kelvin)
        self._place = place
        self._air_k = air_k
        self._mirrored_k = sky_k - air_k

    def limb(
        self,
        begin: Point,
        end: Point,
        half_m: float | Point,
        rise_k: float | Point,
        surface: Surface = PAINT,
        sheds: int = 0,
        own: bool = True,
    ) -> None:
        """A body from `begin` to `end`: half widths and rises at both ends, `sheds` skirts along an insulator.

        What is not `own` is painted and counts as surroundings.
        """
        half, rise = _pair(half_m), _pair(rise_k)
        first, last = self._place.pixel(begin), self._place.pixel(end)
        thickest = max(half) * self._place.px_a_m
        where = self._window(
            (min(first[0], last[0]), min(first[1], last[1])), (max(first[0], last[0]), max(first[1], last[1])), thickest
        )
        if where is None:
            return
        along, across, length = _axes(where, first, last)
        share = np.clip(along / length, 0, 1)
        wide = self._place.px_a_m * (half[0] + (half[1] - half[0]) * share)
        skirt = np.float32(1)
        if sheds:
            skirt = 1 - np.abs(((share * sheds) % 1) * 2 - 1)  # 0 between two sheds, 1 at a shed's rim
            wide = wide * (0.68 + 0.32 * skirt)
            skirt = 1.04 - 0.2 * skirt  # rims stand in the air and are nearer to it
        edge = np.clip(wide - np.abs(across) + 0.5, 0, 1)
        covered = edge * np.clip(along + 0.5, 0, 1) * np.clip(length - along + 0.5, 0, 1)
        shade = 0.8 + 0.2 * np.sqrt(np.clip(1 - (across / np.maximum(wide, 0.5)) ** 2, 0, 1)) if surface.round else 1.0
        self._paint(where, covered, (rise[0] + (rise[1] - rise[0]) * share) * shade * skirt, surface, own)

    def ball(self, centre: Point, radii_m: Point, rise_k: float, surface: Surface = PAINT, own: bool = True) -> None:
        """An ellipsoid of these half widths, across and up."""
        x, y = self._place.pixel(centre)
        across, up = (radius * self._place.px_a_m for radius in radii_m)
        where = self._window((x, y), (x, y), max(across, up))
        if where is None:
            return
        row, column = np.ogrid[where]
        away = np.hypot((column - x) / max(across, 0.5), (row - y) / max(up, 0.5)).astype(np.float32)
        covered = np.clip((1 - away) * min(across, up) + 0.5, 0, 1)
        shade = (0.8 + 0.2 * np.sqrt(np.clip(1 - away**2, 0, 1))).astype(np.float32)
        self._paint(where, covered, np.float32(rise_k) * shade, surface, own)

    def heat(self, centre: Point, reach_m: float, kelvin: float) -> None:
        """Warm what is painted of this piece around a point; a share of 1/e is left `reach_m` away."""
        x, y = self._place.pixel(centre)
        reach = max(reach_m * self._place.px_a_m, 1.0)
        where = self._window((x, y), (x, y), 3 * reach)
        if where is not None:
            row, column = np.ogrid[where]
            near = np.exp(-np.hypot(column - x, row - y) / reach)
            self.kelvin[where] += (kelvin * near * self.cover[where]).astype(np.float32)

    def box(self) -> Box | None:
        """Around the piece as far as the picture shows it; None when it shows nothing of it."""
        rows, columns = np.nonzero(self.cover > _HALF_COVERED)
        if not len(rows):
            return None
        x, y = int(columns.min()), int(rows.min())
        return Box(x, y, int(columns.max()) + 1 - x, int(rows.max()) + 1 - y)

    def _paint(
        self, where: tuple[slice, slice], covered: Kelvin, rise: Kelvin | float, surface: Surface, own: bool
    ) -> None:
        shown = self._air_k + surface.emissivity * rise + (1 - surface.emissivity) * self._mirrored_k
        part = self.kelvin[where]
        part += (covered * (shown - part)).astype(np.float32)
        mine = self.cover[where]
        self.cover[where] = np.maximum(mine, covered) if own else mine * (1 - covered)

    def _window(self, low: Point, high: Point, margin: float) -> tuple[slice, slice] | None:
        """Rows and columns that may be touched; None when they are all outside of the picture."""
        height, width = self.kelvin.shape
        top, bottom = max(0, int(low[1] - margin) - 1), min(height, int(high[1] + margin) + 3)
        left, right = max(0, int(low[0] - margin) - 1), min(width, int(high[0] + margin) + 3)
        return (slice(top, bottom), slice(left, right)) if top < bottom and left < right else None


def _axes(where: tuple[slice, slice], first: Point, last: Point) -> tuple[Kelvin, Kelvin, float]:
    """Pixels from `first` along the axis to `last`, and across it; and the axis's length."""
    length = max(math.hypot(last[0] - first[0], last[1] - first[1]), 1e-3)
    ahead_x, ahead_y = (last[0] - first[0]) / length, (last[1] - first[1]) / length
    row, column = np.ogrid[where]
    right, down = (column - first[0]).astype(np.float32), (row - first[1]).astype(np.float32)
    return right * ahead_x + down * ahead_y, down * ahead_x - right * ahead_y, length


def _pair(value: float | Point) -> Point:
    return value if isinstance(value, tuple) else (value, value)
