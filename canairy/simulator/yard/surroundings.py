"""What stands behind and below the equipment: sky, ground, walls, gantries, wires, and things that are just warm."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from canairy.models.detector_card import FRAME_HEIGHT, FRAME_WIDTH
from canairy.simulator.yard.brush import BARE, PAINT, PAINTED_FLAT, Brush, Kelvin, Place

Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class Weather:
    """Air and mean sky, kelvin; the row of the horizon, which may lie outside of the picture."""

    air_k: float
    sky_k: float
    horizon_px: float


def weather(generator: Generator) -> Weather:
    """Winter night to summer day: air -10 to 35 degC, a sky 3 K (overcast) to 40 K (clear) colder."""
    air_k = 273.15 + float(generator.uniform(-10, 35))
    return Weather(air_k, air_k - float(generator.uniform(3, 40)), float(generator.uniform(0.45, 1.15)) * FRAME_HEIGHT)


def background(generator: Generator, weather_: Weather) -> Kelvin:
    """Sky and ground, and some of what a yard has in the distance, float32 (512, 640)."""
    picture = _sky_and_ground(generator, weather_)
    if generator.random() < 0.4:
        _wall(generator, picture, weather_)
    if generator.random() < 0.4:
        _trees(generator, picture, weather_)
    for _ in range(int(generator.integers(0, 3))):
        _gantry(generator, picture, weather_)
    for _ in range(int(generator.integers(0, 5))):
        _conductor(generator, picture, weather_)
    for _ in range(int(generator.integers(0, 3))):
        _warm_thing(generator, picture, weather_)
    return picture


def stand(brush: Brush, generator: Generator, kind: str, reach_m: float, depth_m: float) -> None:
    """What a piece stands on, `depth_m` down to the ground: "post", "two posts", "frame" or "bracket"."""
    rise = float(generator.uniform(-0.5, 2.5))
    if kind == "bracket":
        brush.limb((-0.5, 0.1), (0.5, 0.1), 0.05, rise, PAINTED_FLAT, own=False)
        brush.limb((-0.45, 0.1), (-0.45, -depth_m), 0.06, rise, PAINTED_FLAT, own=False)
        return
    sides = (0.0,) if kind == "post" else (-0.6 * reach_m, 0.6 * reach_m)
    for u in sides:
        brush.limb((u, -0.02), (u, -depth_m), 0.12 if kind == "post" else 0.1, rise, PAINTED_FLAT, own=False)
    if kind == "frame":
        brush.limb((-0.8 * reach_m, -0.05), (0.8 * reach_m, -0.05), 0.07, rise, PAINTED_FLAT, own=False)


def depth_m(generator: Generator, place: Place, weather_: Weather) -> float:
    """How far below a piece's foot the ground is: somewhere past the horizon, or two metres in front of it."""
    ground_px = weather_.horizon_px + float(generator.uniform(5, 60))
    return max((ground_px - place.y_px) / place.px_a_m, float(generator.uniform(0.5, 2.5)))


def tank(brush: Brush, generator: Generator, half_m: float, oil_k: float, height_m: float) -> None:
    """A transformer's tank under its bushings, with radiators and perhaps a conservator."""
    middle = height_m / 2
    brush.limb((-half_m, -middle), (half_m, -middle), middle, oil_k, PAINTED_FLAT)
    brush.limb((-half_m, -0.04), (half_m, -0.04), 0.05, oil_k * 0.9, PAINTED_FLAT)
    for u in np.arange(-half_m + 0.3, half_m, 0.6).tolist():
        brush.limb((u, -0.1), (u, -0.95 * height_m), 0.04, oil_k * 0.85, PAINTED_FLAT)
    side = -1 if generator.random() < 0.5 else 1
    for fin in range(6):
        u = side * (half_m + 0.2 + 0.17 * fin)
        brush.limb((u, -0.1 * height_m), (u, -0.85 * height_m), 0.065, (oil_k * 0.95, oil_k * 0.5), PAINT)
    if generator.random() < 0.5:
        brush.limb((side * (half_m - 0.1), -0.1), (side * (half_m + 0.6), 0.6), 0.06, oil_k * 0.5)
        brush.limb((side * half_m, 0.75), (side * (half_m + 1.2), 0.75), 0.28, oil_k * 0.4)


def lead(brush: Brush, generator: Generator, top_m: float) -> None:
    """A conductor from a piece's top to somewhere above the picture."""
    u = float(generator.uniform(-2.5, 2.5))
    brush.limb((0, top_m - 0.12), (u, top_m + 4), 0.025, float(generator.uniform(0, 3)), BARE, own=False)


def blobs(generator: Generator, coarse: int) -> Kelvin:
    """Smooth random numbers of mean 0 and deviation 1 over the frame, `coarse` waves across."""
    rows = max(2, coarse * FRAME_HEIGHT // FRAME_WIDTH)
    small = generator.standard_normal((rows, coarse + 1)).astype(np.float32)
    return np.asarray(cv2.resize(small, (FRAME_WIDTH, FRAME_HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)


def _sky_and_ground(generator: Generator, weather_: Weather) -> Kelvin:
    rows = np.arange(FRAME_HEIGHT, dtype=np.float32)[:, None]
    height = np.clip((weather_.horizon_px - rows) / FRAME_HEIGHT, 0, 1)
    depth = weather_.air_k - weather_.sky_k
    # Near the horizon a long way through air hides the cold sky.
    sky = weather_.air_k - 2 - depth * np.sqrt(height)
    clouds = blobs(generator, int(generator.integers(2, 6))) * np.float32(0.2 * depth * generator.random())
    ground_k = weather_.air_k + float(generator.uniform(-3, 8))
    ground = ground_k + blobs(generator, 12) * np.float32(generator.uniform(0.2, 1.5))
    ground += blobs(generator, 80) * np.float32(generator.uniform(0.1, 0.8))
    return np.asarray(np.where(rows < weather_.horizon_px, sky + clouds, ground), np.float32)


def _wall(generator: Generator, picture: Kelvin, weather_: Weather) -> None:
    """A building, perhaps in the sun, with openings that show its inside."""
    left, width = int(generator.uniform(-100, 560)), int(generator.uniform(80, 420))
    top = int(weather_.horizon_px - generator.uniform(60, 400))
    bottom = int(weather_.horizon_px + 25)
    rows, columns = slice(max(0, top), max(0, bottom)), slice(max(0, left), max(0, left + width))
    wall_k = weather_.air_k + float(generator.uniform(-2, 12))
    part = picture[rows, columns]
    part[:] = wall_k + 0.4 * blobs(generator, 10)[rows, columns]
    for x in range(max(0, left) + 25, left + width - 30, 70):
        picture[max(0, top + 30) : max(0, top + 75), x : x + 32] = wall_k + float(generator.uniform(-4, 4))


def _trees(generator: Generator, picture: Kelvin, weather_: Weather) -> None:
    rows = np.arange(FRAME_HEIGHT, dtype=np.float32)[:, None]
    crowns = weather_.horizon_px - generator.uniform(20, 120) - 25 * blobs(generator, 9)[:1]
    leaves = weather_.air_k + float(generator.uniform(-2, 2)) + 0.7 * blobs(generator, 60)
    where = (rows > crowns) & (rows < weather_.horizon_px + 8)
    picture[where] = leaves[where]


def _gantry(generator: Generator, picture: Kelvin, weather_: Weather) -> None:
    """Lattice steel: two legs with crossed bars between them."""
    place = Place(float(generator.uniform(0, FRAME_WIDTH)), weather_.horizon_px + 10, float(generator.uniform(20, 60)))
    brush = Brush(picture, place, weather_.air_k, weather_.sky_k)
    rise, wide = float(generator.uniform(-1, 4)), float(generator.uniform(0.4, 0.8))
    for u in (-wide, wide):
        brush.limb((u, 0), (u, 12), 0.05, rise)
    for step in range(12):
        brush.limb((-wide, step), (wide, step + 1), 0.03, rise)
        brush.limb((wide, step), (-wide, step + 1), 0.03, rise)


def _conductor(generator: Generator, picture: Kelvin, weather_: Weather) -> None:
    """A wire across the picture, sagging."""
    left, right = generator.uniform(-50, 0.7 * FRAME_HEIGHT, 2)
    sag, half = float(generator.uniform(0, 60)), float(generator.uniform(0.7, 2.5))
    brush = Brush(picture, Place(0, 0, 1.0), weather_.air_k, weather_.sky_k)
    places = np.linspace(0, 1, 9)
    heights = -(left + (right - left) * places + sag * 4 * places * (1 - places))
    points = [(float(x), float(y)) for x, y in zip(places * FRAME_WIDTH, heights, strict=True)]
    rise = float(generator.uniform(0, 8))
    for begin, end in pairwise(points):
        brush.limb(begin, end, half, rise, BARE)


def _warm_thing(generator: Generator, picture: Kelvin, weather_: Weather) -> None:
    """A lamp, an engine, a patch in the sun: warm, and no equipment of ours."""
    place = Place(float(generator.uniform(0, FRAME_WIDTH)), float(generator.uniform(0, FRAME_HEIGHT)), 1.0)
    brush = Brush(picture, place, weather_.air_k, weather_.sky_k)
    across, up = generator.uniform(3, 30, 2)
    brush.ball((0, 0), (float(across), float(up)), float(generator.uniform(4, 60)), PAINT)
