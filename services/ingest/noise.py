"""Does the sensor still look? Its noise is in every picture that it takes, and in none that is sent again.

A camera that hangs may go on sending its last picture, and not to the bit: its clock runs on in a corner, or a codec
adds a little of its own. So noise is measured as the mean difference of two frames over the stiller nine tenths of
their pixels, and held against what this camera showed before. Where that says nothing, only a picture that is the same
to the bit is frozen: counts may be too coarse for the noise; pictures may come twice, from a sensor slower than its
stream; and a video codec may leave out what hardly changed, and send it all with the next key frame.
"""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Final

import numpy as np

from services.ingest.grid import Kelvin

QUIET_FRAMES: Final = 5
LEAST_KNOWN: Final = 10  # frames, before a camera's usual noise is known
_REMEMBERED: Final = 50
_STILL: Final = 0.9  # the rest may be a clock, a bird, a relay that warms up
_QUIET_SHARE: Final = 0.2  # of the usual noise; a camera that averages over 16 frames keeps a quarter of it
_STILL_K: Final = 0.15  # the noise of a poor sensor
_STILL_TIMES: Final = 2.0  # the usual noise
_STEADY: Final = 0.5  # of the usual noise, in four frames of five
_LEAST_STEPS: Final = 0.25  # of a count: below, most pixels show no noise at all


class NoiseWatch:
    """What is known of one camera's noise."""

    def __init__(self) -> None:
        self._before: Kelvin | None = None
        self._seen_k: deque[float] = deque(maxlen=_REMEMBERED)
        self._quiet = 0
        self._last_k = np.inf

    @property
    def still(self) -> bool:
        """The last frame differs from the one before it by noise alone: nothing moved."""
        return self._last_k <= max(_STILL_K, _STILL_TIMES * self._usual())

    @property
    def quiet_frames(self) -> int:
        """So many frames in a row had no noise of their own."""
        return self._quiet

    @property
    def frozen(self) -> bool:
        """So many that the sensor does not look any more."""
        return self._quiet >= QUIET_FRAMES

    def saw(self, grid: Kelvin, scale_k: float) -> None:
        """A frame, in kelvin, made from counts of `scale_k`."""
        before, self._before = self._before, grid
        if before is None or before.shape != grid.shape:
            self._quiet, self._last_k = 0, np.inf
            return
        noise_k = self._last_k = _noise_k(before, grid)
        usual_k = self._usual()
        if usual_k >= _LEAST_STEPS * scale_k and noise_k < _QUIET_SHARE * usual_k:
            self._quiet += 1
            return
        self._quiet = 0
        self._seen_k.append(noise_k)

    def _usual(self) -> float:
        """Kelvin; 0 while too little is known, and where it is not the same from frame to frame."""
        if len(self._seen_k) < LEAST_KNOWN:
            return 0.0
        usual_k = median(self._seen_k)
        low_k = sorted(self._seen_k)[len(self._seen_k) // 5]
        return usual_k if low_k >= _STEADY * usual_k else 0.0


def _noise_k(before: Kelvin, grid: Kelvin) -> float:
    """Mean of the smaller differences, kelvin."""
    differences = np.abs(grid - before).ravel()
    still = int(_STILL * differences.size)
    return float(np.partition(differences, still)[:still].mean()) if still else 0.0
