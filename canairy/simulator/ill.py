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
    WrongClock,
)
from canairy.simulator.script import CameraScript, Joint, Scenario, steady

BEGINS_S: Final = 25.0
ENDS_S: Final = 60.0
FOR_EVER_S: Final = 1e9
# Another picture of the same yard: other groups, in other places.
ELSEWHERE: Final = (11, 1061)
# And one that is nobody's view.
NOWHERE: Final = (11, 1070)
# What a patch of the yard shows too much, once the camera has drifted.
DRIFT_K: Final = 4.0
DRIFT_ENDS_S: Final = 95.0  # a minute is needed to tell it
# Something hot that nobody registered, and how far the camera is then knocked: farther than a find may jump by itself.
HOT_PX: Final = (450, 150)
SWUNG_PX: Final = (34.0, 12.0)

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
    "lost": (Turned(BEGINS_S, ENDS_S, NOWHERE, under_way_s=0.0),),
    "covered": (Shutter(BEGINS_S, ENDS_S),),
    "mute": (),
    "swung": (Knocked(BEGINS_S, FOR_EVER_S, *SWUNG_PX),),
    "drifting": (Level(BEGINS_S, DRIFT_ENDS_S, DRIFT_K),),
    "garbled": (Garbled(BEGINS_S, ENDS_S),),
    "late": (WrongClock(0.0, ENDS_S, 90.0),),
}

ILL: Final = Scenario(
    name="ill",
    cameras=tuple(
        CameraScript(
            name,
            17.0,
            yard=YARD,
            mishaps=mishaps,
            joints=(Joint(*HOT_PX, 16.0, steady(80.0)),) if name == "swung" else (),
            silences=((BEGINS_S, ENDS_S),) if name == "mute" else (),
        )
        for name, mishaps in _MISHAPS.items()
    ),
)
