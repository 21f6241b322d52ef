"""Between what a camera counts and the temperature of a black body: the camera's own Planck curve.

    signal = R1 / (R2 * (exp(B / kelvin) - F)) - O
    kelvin = B / ln(R1 / (R2 * (signal + O)) + F)

**The sign of O.** FLIR's radiometric JPEG holds O as a negative number (-7142 in a FLIR AX8), which is added to the
signal, as above and as ExifTool's tag PlanckO is used by Thermimage (R/raw2temp.R). FLIR's manual of a streaming camera
(GenICam ICD FLIR Ax5, publication T559775 rev. B, 2.2.4.2) writes T = B / ln(R / (S - O) + F): the same number with
the other sign, and R for R1 / R2. `from_subtracted` takes that one. On recorded pictures with a spot
burnt in, the first sign gives what the camera shows, the other 20 K more and over
(tests/acceptance/test_07_radiometry.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from canairy.messages.thermogram import KELVIN

# Wider than any camera has them: B is 1300 to 1600 and F 0.5 to 2 by the Ax5 manual named above.
MOST: Final = 1e9


class ImpossibleParameters(ConfigurationError):
    """A calibration or an object parameter that no camera and no object can have; the text names it."""


@dataclass(frozen=True, slots=True)
class Planck:
    """One camera's constants, `b` in kelvin; `o` in counts, added to the signal."""

    r1: float
    b: float
    f: float
    o: float
    r2: float

    def __post_init__(self) -> None:
        """Raises ImpossibleParameters when the curve would not rise with temperature."""
        for name in ("r1", "b", "f", "r2"):
            value = getattr(self, name)
            if not 0 < value < MOST:
                raise ImpossibleParameters(f"Planck constant {name.upper()} is {value}: must be above 0")
        if not abs(self.o) < MOST:
            raise ImpossibleParameters(f"Planck constant O is {self.o}: no camera has that")

    @classmethod
    def from_subtracted(cls, r: float, b: float, f: float, o: float) -> Self:
        """Constants of a source that writes T = B / ln(R / (S - O) + F)."""
        return cls(r1=r, b=b, f=f, o=-o, r2=1.0)

    def signal(self, celsius: float) -> float:
        """What the camera counts before a black body of this temperature.

        Raises ImpossibleParameters where the curve has none: at 0 K, and for F above 1 where exp(B / kelvin) = F.
        """
        kelvin = celsius + KELVIN
        # exp overflows a double above 709.
        if not 0 < kelvin < MOST or not 0 < self.b / kelvin < 700:
            raise ImpossibleParameters(f"{celsius} degC: no temperature that a camera can see")
        if (above := math.exp(self.b / kelvin) - self.f) <= 0:
            raise ImpossibleParameters(f"{celsius} degC is above the end of this camera's curve (F {self.f:g})")
        return self.r1 / (self.r2 * above) - self.o

    def celsius(self, signal: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Temperatures of black bodies that make these signals, any shape; NaN where none does."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            grown = self.r1 / (self.r2 * (np.asarray(signal, np.float64) + self.o)) + self.f
            # At 1 the temperature is infinite, and below 1 there is none; a signal below -O would give an F below 1.
            kelvin = self.b / np.log(np.where(grown > max(1.0, self.f), grown, np.nan))
        return np.asarray(kelvin - KELVIN, np.float64)


# The band of uncooled cameras, 7.5 to 13 um, seen as one wavelength of 10 um: B = c2 / wavelength with the second
# radiation constant c2 = 14,387.77 um K (CODATA 2018). R1, R2 and O cancel where frames already in degrees are
# corrected, since all terms of the camera equation share them. B of the 27 recorded cameras is 1,368 to 1,502.
LONG_WAVE: Final = Planck(r1=1e6, b=14_387.77 / 10, f=1.0, o=0.0, r2=1.0)
