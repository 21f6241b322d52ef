"""Whether temperatures are possible at all: told with how many are not and where the first is, never wrapped."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import COLDEST_C, HOTTEST_C

_POSSIBLE: Final = f"{COLDEST_C:.0f} to {HOTTEST_C:.0f} degC"


def check_celsius(celsius: npt.NDArray[np.floating[Any]]) -> None:
    """Degrees Celsius (height, width); raises UnreadableFile for NaN, an infinity, and outside -100 to 2000 degC."""
    # One pass for a frame that is good: NaN makes both false.
    if celsius.min() >= COLDEST_C and celsius.max() <= HOTTEST_C:
        return
    strange = ~((celsius >= COLDEST_C) & (celsius <= HOTTEST_C))
    row, column = (int(it) for it in np.argwhere(strange)[0])
    value = float(celsius[row, column])
    what = f"{value:.1f} degC" if np.isfinite(value) else f"{value}"
    raise UnreadableFile(
        f"{int(strange.sum())} of {celsius.size} pixels are no possible temperature ({_POSSIBLE}); the first is {what} "
        f"in row {row}, column {column}: damaged, or the scale is wrong"
    )
