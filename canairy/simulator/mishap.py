"""What befalls a simulated camera itself: it is knocked, covered, fogged, blinded, or hangs. Each for a while.

Counts are those of `canairy.simulator.scene`, 0.01 K each from 0 K, before the sensor's noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from canairy.simulator.yard.scenes import still

Counts = npt.NDArray[np.uint16]

LAST: Final = 65535
_COUNTS_A_K: Final = 100
_ZERO_C_K: Final = 273.15
_FOG_BLUR_PX: Final = 8.0  # of a fog that takes all contrast
_CLOCK_PX: Final = 12  # a digit that a camera prints into its pictures


class Mishap(Protocol):
    """One of those below."""

    def holds(self, seconds: float) -> bool:
        """It lasts at this time, from `begin_s` to before `end_s`."""

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """The picture (height, width) with it."""


@dataclass(frozen=True, slots=True)
class Spell:
    """From when to when, seconds since the start."""

    begin_s: float
    end_s: float

    def holds(self, seconds: float) -> bool:
        """As `Mishap.holds`."""
        return self.begin_s <= seconds < self.end_s


@dataclass(frozen=True, slots=True)
class Knocked(Spell):
    """The camera is turned: its picture shifts, pixels to the right and down, and turns clockwise."""

    dx_px: float
    dy_px: float
    rotation_deg: float = 0.0

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        del seconds
        height, width = counts.shape
        middle = (width - 1) / 2, (height - 1) / 2
        matrix = np.asarray(cv2.getRotationMatrix2D(middle, -self.rotation_deg, 1), np.float64)
        matrix[:, 2] += (self.dx_px, self.dy_px)
        return np.asarray(cv2.warpAffine(counts, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint16)


@dataclass(frozen=True, slots=True)
class Fog(Spell):
    """Fog, rain or dirt takes so much of all contrast (0 to 1), and blurs."""

    density: float

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        del seconds
        blurred = cv2.GaussianBlur(counts.astype(np.float32), (0, 0), _FOG_BLUR_PX * self.density)
        air = float(np.median(counts))
        return np.asarray(np.rint(air + (blurred - air) * (1 - self.density)), np.uint16)


@dataclass(frozen=True, slots=True)
class Before(Spell):
    """Something near and even stands before a part of the picture."""

    x: int
    y: int
    width: int
    height: int
    celsius: float

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        del seconds
        shown = counts.copy()
        kelvin = self.celsius + _ZERO_C_K
        shown[self.y : self.y + self.height, self.x : self.x + self.width] = round(kelvin * _COUNTS_A_K)
        return shown


@dataclass(frozen=True, slots=True)
class Shutter(Spell):
    """The camera calibrates: its own shutter is all that it sees."""

    celsius: float = 24.0

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        del seconds
        return np.full_like(counts, round((self.celsius + _ZERO_C_K) * _COUNTS_A_K))


@dataclass(frozen=True, slots=True)
class Level(Spell):
    """All temperatures are so many kelvin higher: another range, or a calibration that went wrong."""

    over_k: float

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        del seconds
        return np.clip(counts.astype(np.int32) + round(self.over_k * _COUNTS_A_K), 0, LAST - 1000).astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Glare(Spell):
    """So much of the picture, from the top, is at the end of the range (0 to 1)."""

    share: float

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        del seconds
        shown = counts.copy()
        shown[: round(self.share * counts.shape[0])] = LAST
        return shown


@dataclass(frozen=True, slots=True)
class Stuck(Spell):
    """The camera hangs and sends its last picture, in which only its printed clock goes on."""

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`: what is sent again is not what is seen now; see `stamped`."""
        del seconds
        return counts

    @staticmethod
    def stamped(counts: Counts, seconds: float) -> Counts:
        """The last picture (height, width) with the time of day in a corner."""
        shown = counts.copy()
        digit = np.random.default_rng(round(seconds * 1000)).integers(27000, 33000, (_CLOCK_PX, 4 * _CLOCK_PX))
        shown[:_CLOCK_PX, : 4 * _CLOCK_PX] = digit
        return shown


@dataclass(frozen=True, slots=True)
class WrongClock(Spell):
    """The camera's clock is ahead; its pictures are as ever."""

    ahead_s: float

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        del seconds
        return counts


@dataclass(frozen=True, slots=True)
class Garbled(Spell):
    """One frame in three comes over the line as nothing that can be: at the absolute zero, mostly."""

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        return np.zeros_like(counts) if round(seconds * 2) % 3 == 0 else counts


@cache
def yard_counts(seed: int, number: int) -> Counts:
    """A picture of the yard without noise."""
    return np.asarray(np.rint(still(seed, number) * np.float32(_COUNTS_A_K)), np.uint16)


@dataclass(frozen=True, slots=True)
class Turned(Spell):
    """The camera looks at another picture of canairy.simulator.yard; it takes `under_way_s` to come there."""

    yard: tuple[int, int]
    under_way_s: float = 2.0

    def befalls(self, counts: Counts, seconds: float) -> Counts:
        """As `Mishap.befalls`."""
        there = yard_counts(*self.yard)
        if seconds >= self.begin_s + self.under_way_s:
            return there.copy()
        # On its way it pans over both, side by side.
        both = np.concatenate([counts, there], axis=1)
        share = (seconds - self.begin_s) / self.under_way_s
        from_x = round((0.15 + 0.7 * share) * counts.shape[1])
        return np.ascontiguousarray(both[:, from_x : from_x + counts.shape[1]])
