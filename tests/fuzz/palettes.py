"""Fuzz target of the way from colours to estimated degrees: a picture is estimated, or refused, and nothing else.

An input is a head (size, the place of a bar, the ends of the scale) and then pixels, which are repeated or cut to that
size: in a PNG or JPEG nearly every change would only break the file, and those readers have targets of their own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

import cv2
import numpy as np

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.thermal.colour_bar import ColourBar, find_colour_bar, read_colour_bar
from canairy.thermal.estimate import Scale, estimate_temperatures
from canairy.thermal.palette import Picture
from tests.fuzz.mutation import bytes_mutated, some
from tests.fuzz.targets import Check, Target

HEAD: Final = struct.Struct("<HHiiiiff")
WIDTH, HEIGHT = 96, 120
BAR: Final = (80, 10, 8, 100)
# Larger pictures take longer by their pixels alone: tests/acceptance/test_07_bad_files.py has the largest there may be.
MOST_SIDE: Final = 400
ODD_PLACES: Final = (0, 1, -1, 2, 7, 95, 96, 119, 120, 400, 4096, 2**31 - 1, -(2**31))
ODD_DEGREES: Final = (0.0, -0.0, 20.0, -100.0, 1e-30, 1e30, -1e30, 3e38, float("inf"), float("-inf"), float("nan"))


def painted(colours: int) -> Picture:
    """A scene of blobs painted by one of OpenCV's palettes, with its bar."""
    noise = cv2.GaussianBlur(np.random.default_rng(5).normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 9)
    levels = np.rint(255 * (noise - noise.min()) / np.ptp(noise)).astype(np.uint8)
    x, y, width, height = BAR
    levels[y : y + height, x : x + width] = np.linspace(255, 0, height).astype(np.uint8)[:, None]
    return np.asarray(cv2.applyColorMap(levels, colours), np.uint8)


def pictures() -> Sequence[bytes]:
    drawn = [painted(it) for it in (cv2.COLORMAP_INFERNO, cv2.COLORMAP_JET, cv2.COLORMAP_BONE)]
    flat = [np.full((HEIGHT, WIDTH, 3), it, np.uint8) for it in (0, 255)]
    upright = [HEAD.pack(WIDTH, HEIGHT, *BAR, 10.0, 60.0) + it.tobytes() for it in (*drawn, *flat)]
    x, y, width, height = BAR
    lying = HEAD.pack(HEIGHT, WIDTH, y, x, height, width, -20.0, 5.0)
    return [*upright, lying + drawn[0].transpose(1, 0, 2)[:, ::-1].tobytes()]


def head_changed(content: bytes, random: Random) -> bytes:
    """Another size, place or scale."""
    told = list(HEAD.unpack(content[: HEAD.size].ljust(HEAD.size, b"\0")))
    at = random.randrange(len(told))
    if at < 2:
        told[at] = random.choice((0, 1, 2, 8, 95, 97, MOST_SIDE))
    else:
        told[at] = random.choice(ODD_PLACES if at < 6 else ODD_DEGREES)
    return HEAD.pack(*told) + content[HEAD.size :]


def rows_moved(content: bytes, random: Random) -> bytes:
    """A part of the pixels comes to stand elsewhere: bars are cut, doubled, and put beside other colours."""
    pixels = bytearray(content[HEAD.size :].ljust(3, b"\0"))
    length = random.randrange(1, len(pixels))
    source, target = random.randrange(len(pixels) - length + 1), random.randrange(len(pixels) - length + 1)
    pixels[target : target + length] = pixels[source : source + length]
    return content[: HEAD.size].ljust(HEAD.size, b"\0") + bytes(pixels)


def estimated() -> Check:
    """By the bar at the place that is told, and by the one that is found; degrees lie within the scale."""

    def check(content: bytes) -> None:
        width, height, *place, low, high = HEAD.unpack(content[: HEAD.size].ljust(HEAD.size, b"\0"))
        picture = _picture(width, height, content[HEAD.size :])
        scale = Scale(low, high)
        refusals = [_estimated(picture, find, scale) for find in (_at(place), find_colour_bar)]
        for refusal in filter(None, refusals):
            raise refusal

    return check


def _at(place: Sequence[int]) -> Callable[[Picture], ColourBar]:
    x, y, width, height = place
    return lambda picture: read_colour_bar(picture, x, y, width, height)


def _estimated(picture: Picture, find: Callable[[Picture], ColourBar], scale: Scale) -> UnreadableFile | None:
    """The refusal, if it is one."""
    try:
        bar = find(picture)
        _check(picture, bar, scale)
    except UnreadableFile as error:
        return error
    return None


def _check(picture: Picture, bar: ColourBar, scale: Scale) -> None:
    ignored = np.zeros(picture.shape[:2], np.bool_)
    ignored[bar.y : bar.y + bar.height, bar.x : bar.x + bar.width] = True
    found = estimate_temperatures(picture, bar.palette, scale, ignored)
    assert 0 <= bar.painted <= 1
    assert found.celsius.shape == picture.shape[:2]
    known = found.celsius[found.on_palette]
    assert np.isfinite(known).all()
    assert known.min() >= np.float32(scale.low_c) - 1e-3
    assert known.max() <= np.float32(scale.high_c) + 1e-3
    assert not found.on_palette[ignored].any()
    assert found.step_c > 0


def _picture(width: int, height: int, pixels: bytes) -> Picture:
    width, height = max(1, width % (MOST_SIDE + 1)), max(1, height % (MOST_SIDE + 1))
    wanted = width * height * 3
    whole = (pixels or b"\0") * -(-wanted // max(len(pixels), 1))
    return np.frombuffer(whole[:wanted], np.uint8).reshape(height, width, 3)


PALETTE_TARGETS: Final = (
    Target("palette", pictures, some(bytes_mutated, head_changed, rows_moved), estimated,
           (UnreadableFile, ConfigurationError)),
)  # fmt: skip
