"""What a frame looks like, as one number a pixel, for whoever asks where the camera looks: kelvin, or brightness.

Edges of brightness run where edges of temperature do, whatever the palette. How bright a picture is as a whole says
nothing where a camera sets that by itself, from frame to frame. So brightness is told by where it lies in the picture's
own span, and a hot spot that dims everything else takes no sharpness from it. Only where the site file states that the
span is locked does brightness stand as it is: then less of it is a fog.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.messages.thermogram import KELVIN
from canairy.thermal.quantiles import quantiles
from services.ingest.grid import STEP_PX, Kelvin, grid_of
from services.ingest.source import Raw, RawFrame, RawPicture

# As if a picture from its 5th to its 95th percentile were so warm: references of both kinds are kept in one format.
_SPAN_K: Final = 20.0
_LEAST: Final = -50.0
_MOST: Final = 500.0


def likeness(raw: Raw, *, locked: bool) -> Kelvin:
    """float32 (height, width): kelvin; of a picture without temperatures, brightness on a scale like it."""
    return seen_brightness(raw.pixels, locked=locked) if isinstance(raw, RawPicture) else kelvin(raw)


def kelvin(raw: RawFrame) -> Kelvin:
    """Its temperatures, float32 (height, width)."""
    return raw.counts.astype(np.float32) * np.float32(raw.scale_k) + np.float32(raw.offset_k)


def seen_brightness(pixels: npt.NDArray[np.uint8], *, locked: bool) -> Kelvin:
    """Of uint8 pixels, (height, width) or (height, width, 3), blue first: float32 (height, width)."""
    brightness = _brightness(pixels)
    some = np.ascontiguousarray(brightness[::STEP_PX, ::STEP_PX])
    low, high = (0.0, 255.0) if locked else quantiles(some, 5, 95)
    place = (brightness.astype(np.float32) - np.float32(low)) * np.float32(_SPAN_K / max(high - low, 1.0))
    return np.asarray(np.clip(place, _LEAST, _MOST) + np.float32(KELVIN), np.float32)


def coarse(raw: Raw) -> Kelvin:
    """Every fourth pixel, float32: kelvin, or grey levels as they are."""
    if isinstance(raw, RawPicture):
        return _brightness(np.ascontiguousarray(raw.pixels[::STEP_PX, ::STEP_PX])).astype(np.float32)
    return grid_of(raw.counts, raw.scale_k, raw.offset_k)


def _brightness(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
