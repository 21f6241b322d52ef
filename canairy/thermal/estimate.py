"""Estimated temperatures of a pseudo-colour picture whose scale is known.

The scale is two numbers: the degrees at the cold and at the hot end of the palette. They are printed beside the
colour bar and given by who knows them; nothing here reads or guesses them. The estimate is right where the camera
paints linearly between them, and it is never more than an estimate: see docs/decisions/0013-estimated-temperatures.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.messages.thermogram import COLDEST_C, HOTTEST_C
from canairy.thermal.palette import Palette, Picture

Flags = npt.NDArray[np.bool_]

# Of the picture, at least, must be of the palette's colours. There are cameras that print a bar of other colours than
# they paint with (ten of 101 pictures, benchmarks/palette.md): degrees read off it would be wrong everywhere.
LEAST_PAINTED: Final = 0.6


class OtherPalette(UnreadableFile):
    """A picture that was not painted by the palette that is held against it."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Degrees Celsius at the two ends of a palette.

    Raises:
        ConfigurationError: not finite, an end outside -100 to 2000 degC, or the hot end is not above the cold one.
    """

    low_c: float
    high_c: float

    def __post_init__(self) -> None:
        """Refuse a scale that could not be painted."""
        if not (math.isfinite(self.low_c) and math.isfinite(self.high_c) and self.low_c < self.high_c):
            raise ConfigurationError(
                f"palette scale {self.low_c:g},{self.high_c:g}: two numbers in degC are needed, the cold end first",
            )
        if self.low_c < COLDEST_C or self.high_c > HOTTEST_C:
            raise ConfigurationError(
                f"palette scale {self.low_c:g},{self.high_c:g}: possible are {COLDEST_C:.0f} to {HOTTEST_C:.0f} degC",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Temperatures that were read off colours; every array is (height, width).

    celsius: float32; NaN where the palette did not paint the pixel.
    below, above: bool; the pixel has the colour of an end: it is that cold or colder, that hot or hotter. A maximum
        that lies in `above` is a lower bound, not a reading.
    step_c: the degrees from one level that can be told apart to the next, on average over the scale.
    """

    celsius: npt.NDArray[np.float32]
    below: Flags
    above: Flags
    step_c: float

    @property
    def on_palette(self) -> Flags:
        """Which pixels the palette painted; the others are overlays, text or mixed colours."""
        return ~np.isnan(self.celsius)


def estimate_temperatures(picture: Picture, palette: Palette, scale: Scale, ignored: Flags | None = None) -> Estimate:
    """Estimated temperatures of a picture, uint8 (height, width, 3), blue first.

    `ignored`, bool (height, width), marks what is known to be no scene, as the colour bar itself: NaN like the rest.

    Raises:
        OtherPalette: most of the picture is not of the palette's colours.
    """
    placed = palette.place(picture)
    scene = np.ones(picture.shape[:2], bool) if ignored is None else ~ignored
    known = placed.on_palette & scene
    if known.sum() < LEAST_PAINTED * scene.sum() or not scene.any():
        share = 100 * known.sum() / max(scene.sum(), 1)
        raise OtherPalette(f"{share:.0f} % of the picture is of the palette's colours: it was painted by another one")
    span, end = scale.high_c - scale.low_c, 0.5 / palette.steps
    celsius = np.where(known, np.float32(scale.low_c) + placed.position * np.float32(span), np.float32(np.nan))
    return Estimate(
        celsius=celsius.astype(np.float32),
        below=known & (placed.position < end),
        above=known & (placed.position > 1 - end),
        step_c=span / palette.steps,
    )
