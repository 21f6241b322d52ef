"""The one recorded camera whose asset is compared with a memory bank: the demo's radiator (simulated).

Its third to fifth fin stand still for a while (`canairy.simulator.demo`): no limit of temperature sees it, PatchCore
does. Only the radiator and a margin are recorded, at the scale that its bank was made with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from canairy.simulator.demo import DEMO
from canairy.simulator.scene import Scene

ASSET: Final = "rad-fins"
# The alarm is raised by so many abnormal ones of the newest so many scores.
READINGS: Final = 3
OF: Final = 5
SCALE: Final = {"scale_k": 0.01, "offset_c": -273.15}
# Of tr-301-radiator in the demo's pictures (training/demo_crops.py), pixels; outlines belong to their region.
LEFT, TOP, RIGHT, BOTTOM = 516, 252, 632, 422
MARGIN_PX: Final = 7
# Seconds of the demo's script: before the oil stands still, and long after.
SOUND_S, BLOCKED_S = 5.0, 60.0
# It is blocked from this share of the recording to that. Long enough that a Triton which is away for some frames still
# sees it, and sees it sound again.
BLOCKED: Final = (0.3, 0.7)
# So many frames before its state ends must find Triton running: of what nobody sees there is no alarm. More than come
# by in the longest pause before the models are asked again (canairy.availability) and `READINGS` together.
SEEN: Final = 12
# Each picture comes again after so many: other noise, scores that are known.
PICTURES: Final = 8
SEED: Final = 6

Counts = npt.NDArray[np.uint16]


def picture(index: int, count: int) -> Counts:
    """Frame `index` of `count` as counts, (185, 131)."""
    begin, end = BLOCKED
    blocked = begin * count <= index < end * count
    return _rendered(BLOCKED_S if blocked else SOUND_S, index % PICTURES)


def must_be_seen(index: int, count: int) -> bool:
    """Whether frame `index` of `count` is one of the last of those that are blocked, or of all."""
    return any(end - SEEN <= index < end for end in (BLOCKED[1] * count, count))


def asset() -> Mapping[str, Any]:
    """As it stands in the site file."""
    width, height = RIGHT - LEFT, BOTTOM - TOP
    near, right, bottom = MARGIN_PX, MARGIN_PX + width, MARGIN_PX + height
    return {
        "id": ASSET,
        "equipment": "0103",
        "region": [[near, near], [right, near], [right, bottom], [near, bottom]],
        "limits": {"high_c": 70},
        "anomaly": {"bank": "tr-301-radiator", "readings": READINGS, "of": OF},
        "consequence": "medium",
        "respond_within": "2h",
        "response": "Check the oil flow",
    }


@lru_cache(maxsize=2 * PICTURES)
def _rendered(second: float, number: int) -> Counts:
    """One of the pictures; a millisecond of the script apart, which changes the noise and nothing else."""
    counts = _scene().render(second + number / 1000)
    return counts[TOP - MARGIN_PX : BOTTOM + MARGIN_PX + 1, LEFT - MARGIN_PX : RIGHT + MARGIN_PX + 1].copy()


@lru_cache(maxsize=1)
def _scene() -> Scene:
    return Scene(DEMO.cameras[0], seed=SEED)
