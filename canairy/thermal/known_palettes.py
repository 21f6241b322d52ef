"""From a pseudo-coloured picture back to its order from cold to hot, by the palette that it was coloured with.

An order is all that comes back: how many degrees a step means, the picture does not say. A palette is recognised by how
near the picture's colours lie to it; half of them, since cameras draw scales and numbers over the scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.thermal.palette import FARTHEST_COLOUR, Palette, Picture

Grey = npt.NDArray[np.uint8]

# Colours (red, green, blue) at equal steps from the coldest to the hottest, straight lines between them. `iron` and
# `rainbow`: read out of the palettes that FLIR cameras write into their JPEG files (record 34; a T640, an InfraCAM).
# `inferno` and `jet`: OpenCV's COLORMAP_INFERNO, in which `canairy evidence` draws, and COLORMAP_JET.
PALETTES: Final[Mapping[str, tuple[tuple[int, int, int], ...]]] = {
    "white-hot": ((0, 0, 0), (255, 255, 255)),
    "iron": (
        (16, 16, 16), (29, 17, 103), (72, 11, 142), (110, 10, 160), (143, 17, 161), (171, 29, 149), (193, 46, 127),
        (210, 65, 98), (224, 87, 69), (234, 109, 43), (241, 133, 22), (243, 157, 10), (245, 180, 12), (243, 200, 33),
        (239, 218, 73), (232, 231, 141), (235, 235, 235),
    ),
    "rainbow": (
        (17, 19, 80), (15, 38, 106), (16, 68, 151), (14, 91, 189), (15, 113, 210), (20, 137, 170), (72, 163, 66),
        (138, 187, 20), (199, 201, 14), (218, 197, 18), (234, 174, 28), (237, 132, 40), (235, 54, 63), (232, 36, 82),
        (233, 99, 110), (237, 160, 144), (236, 214, 191),
    ),
    "inferno": (
        (0, 0, 4), (33, 12, 74), (87, 16, 110), (138, 34, 106), (188, 55, 84), (227, 89, 51), (249, 140, 10),
        (249, 201, 50), (252, 255, 164),
    ),
    "jet": (
        (0, 0, 128), (0, 0, 255), (0, 128, 255), (2, 255, 254), (130, 255, 126), (254, 255, 1), (255, 128, 0),
        (255, 0, 0), (128, 0, 0),
    ),
}  # fmt: skip
WHITE_HOT: Final = "white-hot"
UNKNOWN: Final = "unknown, by luminance"
STEPS: Final = 256
GREY_DIMENSIONS: Final = 2
SAMPLE: Final = 4096


def grey_of(picture: Picture) -> tuple[Grey, str]:
    """A picture (height, width, 3), blue first, as 0, the coldest, to 255, the hottest; and the palette, or UNKNOWN.

    A grey picture, (height, width) too, is taken for white-hot: black-hot ones look the same. Without a known palette
    it is the luminance.
    """
    if picture.ndim == GREY_DIMENSIONS:
        return picture, WHITE_HOT
    if (picture == picture[..., :1]).all():
        # Known without a look at any palette: a stream of grey pictures says so with every frame.
        return np.ascontiguousarray(picture[..., 0]), WHITE_HOT
    name = palette_of(picture)
    if name in {WHITE_HOT, UNKNOWN}:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8), name
    return np.rint(known_palette(name).place(picture).position * 255).astype(np.uint8), name


def palette_of(picture: Picture) -> str:
    """The palette that half of the colours lie nearest to, or UNKNOWN where they lie near to none.

    Of 31 pictures that cameras had coloured themselves, 26 were within 8.3 of a palette above, by CIELAB, and the
    nearest of the others was 16.9 away.
    """
    colours = picture.reshape(1, -1, 3)
    some = colours[:, :: max(1, colours.shape[1] // SAMPLE)]
    away = {name: float(np.median(known_palette(name).place(some).distance)) for name in PALETTES}
    nearest = min(away, key=lambda name: away[name])
    return nearest if away[nearest] <= FARTHEST_COLOUR else UNKNOWN


@cache
def known_palette(name: str) -> Palette:
    """One of PALETTES at 256 steps."""
    points = np.array(PALETTES[name], np.float64)[:, ::-1]
    place = np.linspace(0, len(points) - 1, STEPS)
    channels = [np.interp(place, np.arange(len(points)), points[:, channel]) for channel in range(3)]
    return Palette(np.rint(np.stack(channels, axis=1)).astype(np.uint8))
