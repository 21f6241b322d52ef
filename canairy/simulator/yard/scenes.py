"""Simulated frames with their truth: groups of equipment in a yard, some with a fault. Everything follows from a seed.

What is made here is a sketch: pieces seen from the side, surfaces without sun or wind. It is enough to teach a first
detector where equipment is and what a hot joint looks like; it says nothing about real yards, and every figure
measured on it is called simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.models.detector_card import FRAME_HEIGHT, FRAME_WIDTH
from canairy.simulator.yard.brush import Box, Brush, Kelvin, Place
from canairy.simulator.yard.pieces import KINDS, LABELS, Kind, Shape
from canairy.simulator.yard.surroundings import Generator, Weather, background, depth_m, lead, stand, tank, weather
from canairy.simulator.yard.warmth import Warmth, of_phase, usual, with_fault

SCALES_K: Final = (0.01, 0.04)  # kelvin a count of the two ranges that cameras of this class have
SMALLEST_PX: Final = 14  # a piece smaller than this on either side is left out of the picture
MOST_SHARED: Final = 0.12  # groups may hide this share of one another
FAULTY: Final = 0.45  # of groups have one phase with a fault
_TRIES: Final = 12


@dataclass(frozen=True, slots=True)
class Seen:
    """One piece in a frame; `label` is its number in `LABELS`."""

    label: int
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedFrame:
    """uint16 counts (512, 640), kelvin = count * scale_k + offset_k, and every piece in it."""

    counts: npt.NDArray[np.uint16]
    scale_k: float
    offset_k: float
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Phases of one kind, side by side, and how they stand in the picture."""

    kind: Kind
    shape: Shape
    places: tuple[Place, ...]
    warmths: tuple[Warmth, ...]

    @property
    def outline(self) -> Box:
        """Around all of it, pixels."""
        reach = self.shape.half_width_m * self.places[0].px_a_m
        left = min(place.x_px for place in self.places) - reach
        right = max(place.x_px for place in self.places) + reach
        bottom = max(place.y_px for place in self.places)
        height = self.shape.height_m * self.places[0].px_a_m
        return Box(left, bottom - height, right - left, height)


def simulate(seed: int, number: int) -> SimulatedFrame:
    """Frame `number` of the endless series `seed`: the same whenever and in whichever order it is made."""
    generator = np.random.default_rng((seed, number))
    picture, seen = _still(generator)
    scale_k = float(generator.choice(SCALES_K))
    return SimulatedFrame(_through_camera(generator, picture, scale_k), scale_k, 0.0, seen)


def still(seed: int, number: int) -> Kelvin:
    """The same frame before it goes through the camera: float32 (512, 640), kelvin, sharp and without noise."""
    return _still(np.random.default_rng((seed, number)))[0]


def _still(generator: Generator) -> tuple[Kelvin, tuple[Seen, ...]]:
    conditions = weather(generator)
    picture = background(generator, conditions)
    groups: list[_Group] = []
    for _ in range(int(generator.choice(5, p=(0.06, 0.3, 0.34, 0.2, 0.1)))):
        groups += _fitting(generator, groups)
    # What stands lower in the picture is nearer and hides what is behind it.
    groups.sort(key=lambda group: group.places[0].y_px)
    seen = tuple(piece for group in groups for piece in _paint(generator, picture, conditions, group))
    return picture, seen


def _fitting(generator: Generator, placed: list[_Group]) -> list[_Group]:
    """A group that hides little of the others, or none when the picture is full."""
    for _ in range(_TRIES):
        group = _group(generator)
        outline = group.outline
        inside = Box(0, 0, FRAME_WIDTH, FRAME_HEIGHT).shared(outline)
        if inside > 0.97 and all(outline.shared(other.outline) <= MOST_SHARED for other in placed):
            return [group]
    return []


def _group(generator: Generator) -> _Group:
    kind = KINDS[int(generator.integers(len(KINDS)))]
    shape = kind.shapes[int(generator.integers(len(kind.shapes)))]
    tall_px = float(generator.uniform(0.13, 0.62)) * FRAME_HEIGHT
    px_a_m = min(tall_px / shape.height_m, 0.5 * FRAME_WIDTH / shape.half_width_m)
    phases = int(generator.choice((1, 2, 3), p=(0.35, 0.15, 0.5)))
    step = px_a_m * (2 * shape.half_width_m + shape.apart_m * float(generator.uniform(0.3, 1.6)))
    x = float(generator.uniform(0, FRAME_WIDTH - (phases - 1) * step)) if (phases - 1) * step < FRAME_WIDTH else 0.0
    # Feet stand somewhat above the horizon when the camera looks up, never far below the picture.
    y = float(generator.uniform(tall_px, FRAME_HEIGHT))
    slope, lean, mirrored = (float(generator.normal(0, s)) for s in (0.04, 0.02, 1.0))
    places = tuple(Place(x + at * step, y + slope * at * step, px_a_m, lean, mirrored > 0) for at in range(phases))
    return _Group(kind, shape, places, _warmths(generator, shape, phases))


def _warmths(generator: Generator, shape: Shape, phases: int) -> tuple[Warmth, ...]:
    group = usual(generator, shape.body_k)
    warmths = [of_phase(generator, group) for _ in range(phases)]
    if generator.random() < FAULTY:
        faulty = int(generator.integers(phases))
        # Alone in its picture a warm body has nothing to be compared with, so nobody could call it dangerous.
        compared = shape.voltage_heated and phases > 1
        warmths[faulty] = with_fault(generator, warmths[faulty], shape.joints, compared)
    return tuple(warmths)


def _paint(generator: Generator, picture: Kelvin, conditions: Weather, group: _Group) -> list[Seen]:
    seen = []
    if group.shape.stand == "tank":
        _paint_tank(generator, picture, conditions, group)
    for place, warmth in zip(group.places, group.warmths, strict=True):
        brush = Brush(picture, place, conditions.air_k, conditions.sky_k)
        if group.shape.stand != "tank":
            depth = depth_m(generator, place, conditions)
            stand(brush, generator, group.shape.stand, group.shape.half_width_m, depth)
        if generator.random() < 0.6:
            lead(brush, generator, group.shape.height_m)
        group.shape.draw(brush, warmth)
        box = brush.box()
        if box is not None and min(box.width, box.height) >= SMALLEST_PX:
            label = LABELS.index(f"{group.kind.code} {'danger' if warmth.danger else 'normal'}")
            seen.append(Seen(label, box))
    return seen


def _paint_tank(generator: Generator, picture: Kelvin, conditions: Weather, group: _Group) -> None:
    first, last = group.places[0], group.places[-1]
    middle = Place((first.x_px + last.x_px) / 2, max(place.y_px for place in group.places), first.px_a_m)
    half_m = (last.x_px - first.x_px) / 2 / first.px_a_m + group.shape.half_width_m + 0.3
    brush = Brush(picture, middle, conditions.air_k, conditions.sky_k)
    tank(brush, generator, half_m, group.warmths[0].body_k, max(depth_m(generator, middle, conditions), 1.5))


def _through_camera(generator: Generator, picture: Kelvin, scale_k: float) -> npt.NDArray[np.uint16]:
    """Optics, detector noise of 30 to 100 mK, a slight column pattern, counts."""
    seen = cv2.GaussianBlur(picture, (0, 0), float(generator.uniform(0.7, 1.5)))
    noise = generator.standard_normal(seen.shape, np.float32) * np.float32(generator.uniform(0.03, 0.1))
    columns = generator.standard_normal((1, FRAME_WIDTH), np.float32) * np.float32(generator.uniform(0, 0.03))
    return np.rint(np.clip((seen + noise + columns) / scale_k, 0, 65535)).astype(np.uint16)
