"""Render one simulated camera: deterministic by script, seed and time, and cheap (under 1 CPU-ms a frame).

All that never changes is drawn once. A frame is that picture, plus sensor noise cut from a pool at a place that
follows from seed and time, plus the few joints whose temperature the script changes, each in its own small patch.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.simulator.mishap import LAST, Stuck
from canairy.simulator.script import HEIGHT, WIDTH, CameraScript, Equipment, Fin, Joint
from canairy.simulator.yard.scenes import still

Kelvin = npt.NDArray[np.float32]
Counts = npt.NDArray[np.uint16]

SCALE_K: Final = 0.01
OFFSET_K: Final = 0.0
NOISE_K: Final = 0.05
_ZERO_C_K: Final = 273.15
_SKY_K: Final = 3.0  # the top of a picture is this much colder than its bottom
_BLUR_PX: Final = 1.2  # of the optics, standard deviation
_OUTLET: Final = 0.6  # of its excess is left where the oil leaves a fin, at its bottom
_POOL_FRAMES: Final = 3  # of noise; a frame's worth is cut out anywhere
_STEPS_A_SECOND: Final = 1000  # frames less than a millisecond apart have the same noise


class Scene:
    """What one simulated camera sees: kelvin = count * SCALE_K + OFFSET_K."""

    def __init__(self, script: CameraScript, seed: int = 0) -> None:
        """Draw what never changes; `seed` decides the noise."""
        picture = _background(script)
        for joint in script.joints:
            if joint.celsius.steady:
                _Patch(joint, picture).warm_kelvin(picture)
        self._steady: Counts = np.rint(picture / np.float32(SCALE_K)).astype(np.uint16)
        self._changing = [_Patch(joint, picture) for joint in script.joints if not joint.celsius.steady]
        self._fins = [_Blade(fin) for fin in script.fins]
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal(_POOL_FRAMES * HEIGHT * WIDTH, np.float32) * np.float32(NOISE_K / SCALE_K)
        # Negative noise as a large uint16: the sum wraps around to what it should be.
        self._noise: Counts = np.rint(noise).astype(np.int16).view(np.uint16)
        self._seed = seed
        self._script = script

    def render(self, seconds: float) -> Counts:
        """The frame `seconds` after the start: uint16 (512, 640), 0.01 K a count from 0 K, noise of 50 mK."""
        if not self._script.mishaps:
            return self._shown(self._steady + self._noise_at(seconds), seconds)
        frozen = next((it for it in self._script.mishaps if isinstance(it, Stuck) and it.holds(seconds)), None)
        if frozen is not None:
            return frozen.stamped(self._befallen(frozen.begin_s), seconds)
        return self._befallen(seconds)

    def _befallen(self, seconds: float) -> Counts:
        """What a camera shows to which something happens; noise is the sensor's own, and comes on top of most of it."""
        counts = self._shown(self._steady.copy(), seconds)
        for mishap in self._script.mishaps:
            if mishap.holds(seconds):
                counts = mishap.befalls(counts, seconds)
        noisy = counts + self._noise_at(seconds)
        # At the end of its range a sensor shows no noise.
        return np.where(counts == LAST, LAST, noisy).astype(np.uint16)

    def _shown(self, counts: Counts, seconds: float) -> Counts:
        for fin in self._fins:
            fin.warm(counts, seconds)
        for patch in self._changing:
            patch.warm(counts, seconds)
        return counts

    def _noise_at(self, seconds: float) -> Counts:
        step = round(seconds * _STEPS_A_SECOND)
        # Weyl sequence: neighbouring steps land far apart, and the same step always in the same place.
        place = (step * 2654435761 + self._seed * 40503) % ((_POOL_FRAMES - 1) * HEIGHT * WIDTH)
        return self._noise[place : place + HEIGHT * WIDTH].reshape(HEIGHT, WIDTH)


class _Patch:
    """The pixels that one joint warms, and how much of its excess over what is behind it each of them gets."""

    def __init__(self, joint: Joint, picture: Kelvin) -> None:
        reach = int(2 * joint.radius_px) + 1
        rows = slice(max(0, joint.y - reach), min(HEIGHT, joint.y + reach + 1))
        columns = slice(max(0, joint.x - reach), min(WIDTH, joint.x + reach + 1))
        self._where = rows, columns
        y, x = np.ogrid[rows, columns]
        distance = np.hypot(y - joint.y, x - joint.x) / joint.radius_px
        self._share: Kelvin = np.exp(-(distance**4)).astype(np.float32)
        self._behind: Kelvin = picture[self._where].copy()
        self._course = joint.celsius

    def warm_kelvin(self, picture: Kelvin) -> None:
        picture[self._where] = self._warmed(0.0)

    def warm(self, counts: Counts, seconds: float) -> None:
        warmer = (self._warmed(seconds) - self._behind) / np.float32(SCALE_K)
        counts[self._where] += np.rint(warmer).astype(np.int16).view(np.uint16)

    def _warmed(self, seconds: float) -> Kelvin:
        target_k = np.float32(self._course.at(seconds) + _ZERO_C_K)
        excess: Kelvin = np.maximum(target_k - self._behind, np.float32(0))
        excess *= self._share
        return self._behind + excess


class _Blade:
    """The pixels of one fin, and how much of its excess each of them gets."""

    def __init__(self, fin: Fin) -> None:
        reach = int(3 * _BLUR_PX) + 1
        rows = slice(max(0, fin.y - reach), min(HEIGHT, fin.y + fin.height + reach))
        columns = slice(max(0, fin.x - reach), min(WIDTH, fin.x + fin.width + reach))
        share = np.zeros((HEIGHT, WIDTH), np.float32)
        across = np.linspace(-1, 1, fin.width, dtype=np.float32)
        along = np.linspace(1, _OUTLET, fin.height, dtype=np.float32)[:, None]
        share[fin.y : fin.y + fin.height, fin.x : fin.x + fin.width] = along * (0.75 + 0.25 * np.sqrt(1 - across**2))
        self._where = rows, columns
        self._share: Kelvin = np.asarray(cv2.GaussianBlur(share, (0, 0), _BLUR_PX), np.float32)[self._where].copy()
        self._over_k = fin.over_k

    def warm(self, counts: Counts, seconds: float) -> None:
        warmer = self._share * np.float32(self._over_k.at(seconds) / SCALE_K)
        counts[self._where] += np.rint(warmer).astype(np.uint16)


def _background(script: CameraScript) -> Kelvin:
    """Air that gets warmer towards the ground, or a yard, and the equipment before it, in kelvin."""
    picture = _air(script) if script.yard is None else still(*script.yard)
    for piece in script.equipment:
        _draw(picture, piece)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _BLUR_PX), np.float32)


def _air(script: CameraScript) -> Kelvin:
    rows = np.linspace(script.air_c - _SKY_K, script.air_c, HEIGHT, dtype=np.float32)
    return np.repeat(rows[:, None] + np.float32(_ZERO_C_K), WIDTH, axis=1)


def _draw(picture: Kelvin, piece: Equipment) -> None:
    """A body seen from the side: warmest along its axis, a quarter cooler at its edges."""
    across = np.linspace(-1, 1, piece.width, dtype=np.float32)
    rounded = np.float32(piece.over_k) * (0.75 + 0.25 * np.sqrt(1 - across**2))
    picture[piece.y : piece.y + piece.height, piece.x : piece.x + piece.width] += rounded.astype(np.float32)
