"""The threshold of a bank: from normal crops that were held out of the bank they are scored by.

With few crops every crop is held out once (four parts, each scored by a bank of the other three); with many the first
part alone is enough and quicker. The bank that is served is made of all crops, so it knows a little more than those
that were measured: real scores are, if anything, a little lower, and false alarms a little rarer.

The threshold is the upper one-sided prediction bound of a log-normal fit to the held-out scores: the next normal
crop stays under it in 99 of 100 cases. Source: Hahn and Meeker, "Statistical Intervals" (1991), section 4.8; scores
are positive and skewed, hence the logarithm. It reaches past the highest score seen, where a quantile of few cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError

CONFIDENCE: Final = 0.99
PARTS: Final = 4
ENOUGH: Final = 50  # held-out scores: the deviation is then known to about a tenth


@dataclass(frozen=True, slots=True)
class Threshold:
    """A crop that reaches `value` is abnormal; `held_out` normal scores made it, `above` of them reach it."""

    value: float
    held_out: int
    above: int


def parts_to_hold_out(crops: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Which crops are held out together, round by round: all of them where there are few, else one part."""
    order = np.random.default_rng(seed).permutation(crops)
    parts = [np.sort(part) for part in np.array_split(order, min(PARTS, crops))]
    return parts[:1] if len(parts[0]) >= ENOUGH else parts


def threshold_of(scores: npt.NDArray[np.float64]) -> Threshold:
    """The bound that the next normal score stays under with a probability of 0.99.

    Raises:
        ConfigurationError: fewer than two scores, or one that is not above 0: the crops do not differ.
    """
    if len(scores) < 2 or not (np.isfinite(scores).all() and (scores > 0).all()):
        raise ConfigurationError("the normal crops are all alike: no threshold follows from them; add other ones")
    logs = np.log(scores)
    quantile = _student(len(scores) - 1) * np.sqrt(1 + 1 / len(scores))
    value = float(np.exp(logs.mean() + quantile * logs.std(ddof=1)))
    return Threshold(value, len(scores), int((scores >= value).sum()))


def _student(freedom: int) -> float:
    """The quantile of Student's t; expansion 26.7.5 of Abramowitz and Stegun, within 1 % from 4 degrees on."""
    x = NormalDist().inv_cdf(CONFIDENCE)
    first = (x**3 + x) / 4
    second = (5 * x**5 + 16 * x**3 + 3 * x) / 96
    third = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384
    fourth = (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160
    return x + first / freedom + second / freedom**2 + third / freedom**3 + fourth / freedom**4
