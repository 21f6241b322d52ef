"""The fixed temperature window of a bank: what becomes black and white, the same for every crop, never stretched."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError

# Room for what is normal on other days and for what is abnormal, as shares of the normal span, on either side.
ROOM: Final = 0.5
NARROWEST_K: Final = 5.0  # a steady scene shows its noise in a narrower one
STEP: Final = 0.25  # kelvin: float32 holds multiples of it exactly, so file, card and graph say the same number
# Of the span: a temperature this far outside is a rounding of float32, not a temperature outside.
EDGE: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Window:
    """Kelvin, or grey levels where the crops carry no temperatures: `low` becomes black, `high` white."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigurationError(f"a window from {self.low} to {self.high}: the first must be the lower one")

    @property
    def span(self) -> float:
        """From black to white."""
        return self.high - self.low


GREY: Final = Window(0.0, 255.0)  # of 8-bit pictures


def window_of(values: Iterable[tuple[float, float]]) -> Window:
    """A window for normal crops from the lowest and highest kelvin of each: their span, and half as much on each side.

    Raises:
        ConfigurationError: they are all one temperature, so there is nothing to learn.
    """
    lowest, highest = (np.array(side) for side in zip(*values, strict=True))
    low, high = float(lowest.min()), float(highest.max())
    if low == high:
        raise ConfigurationError(
            f"every pixel of every crop is {low:g}: there is nothing to learn from one temperature"
        )
    room = max((high - low) * ROOM, (NARROWEST_K - (high - low)) / 2)
    return on_steps(low - room, high + room)


def on_steps(low: float, high: float) -> Window:
    """A window whose ends are whole steps, the narrowest that holds `low` and `high`."""
    return Window(math.floor(low / STEP) * STEP, math.ceil(high / STEP) * STEP)


def to_picture(values: npt.NDArray[Any], window: Window) -> npt.NDArray[Any]:
    """Kelvin or grey levels to 0 (black) .. 1 (white); what is outside of the window is held at its ends."""
    return np.clip((values - window.low) / window.span, 0.0, 1.0)


def share_outside(values: npt.NDArray[Any], window: Window) -> npt.NDArray[Any]:
    """Of each crop (B, S, S): the share of its pixels outside of the window, 0 to 1, (B,)."""
    place = (values - window.low) / window.span
    return np.asarray(((place < -EDGE) | (place > 1 + EDGE)).mean(axis=(1, 2)))
