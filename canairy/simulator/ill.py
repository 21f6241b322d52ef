"""Simulated cameras to each of which one thing happens, 25 s after its start: what a site should be told of, or not.

All look at the demo's yard. Until then a camera has learnt what its view looks like, and how noisy it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from canairy.simulator.demo import YARD
from canairy.simulator.mishap import (
    Before,
    Fog,
    Garbled,
    Glare,
    Knocked,
    Level,
    Mishap,
    Shutter,
    Stuck,
    Turned,
)
from canairy.simulator.script import CameraScript, Scenario

BEGINS_S: Final = 25.0
ENDS_S: Final = 60.0
FOR_EVER_S: Final = 1e9
# Another picture of the same yard: other groups, in other places.
ELSEWHERE: Final = (11, 1061)
# What a patch of the yard shows too much, once the camera has drifted.
DRIFT_K: Final = 4.0

_MISHAPS: Final[Mapping[str, tuple[Mishap, ...]]] = {
    "well": (),
    "nudged": (Knocked(BEGINS_S, FOR_EVER_S, 9.4, -5.7, 0.6),),
    "knocked": (Knocked(BEGINS_S, ENDS_S, 58.0, 21.0),),
    "turned": (Turned(BEGINS_S, ENDS_S, ELSEWHERE, under_way_s=0.0),),
    "fogged": (Fog(BEGINS_S, ENDS_S, 0.8),),
    "parked": (Before(BEGINS_S, ENDS_S, 0, 250, 260, 262, 24.0),),
    "shut": (Shutter(BEGINS_S, BEGINS_S + 1), Shutter(BEGINS_S + 6, BEGINS_S + 7)),
    "switched": (Level(BEGINS_S, BEGINS_S + 6, 12.0),),
    "hung": (Stuck(BEGINS_S, ENDS_S),),
    "glaring": (Glare(BEGINS_S, ENDS_S, 0.6),),
    "touring": (Turned(BEGINS_S, ENDS_S, ELSEWHERE),),
    "drifting": (Level(BEGINS_S, FOR_EVER_S, DRIFT_K),),
    "garbled": (Garbled(BEGINS_S, ENDS_S),),
    "late": (),
}

ILL: Final = Scenario(
    name="ill",
    cameras=tuple(
        CameraScript(name, 17.0, yard=YARD, mishaps=mishaps, clock_ahead_s=90.0 if name == "late" else 0.0)
        for name, mishaps in _MISHAPS.items()
    ),
)
