"""The simulated site of `make demo`: four cameras, thirteen assets, and a minute in which four things go wrong.

Its site file, with regions and limits that fit these scenes, is deploy/local/demo-site.yaml. Seconds are counted
from the moment a camera starts.
"""

from __future__ import annotations

from typing import Final

from canairy.simulator.script import CameraScript, Course, Equipment, ExpectedAlarm, Fin, Joint, Scenario, steady

# Three phases side by side: where their axes stand, and where the joint on each of them sits, in pixels.
PHASES_X: Final = (140, 300, 460)
JOINT_Y: Final = 200
JOINT_RADIUS_PX: Final = 9.0

# Starts 2 K under its limit of 80 degC, passes it 17 s after the start, and 15 K over its neighbours 6 s later.
CROSSING: Final = Course(((5.0, 78.0), (41.0, 84.0)))
# Nothing there until second 25: colder than what is behind it, so that it does not show.
APPEARING: Final = Course(((0.0, -50.0), (25.0, -50.0), (27.0, 72.0), (30.0, 78.0)))
# Oil flows through all fins of the transformer's radiator; through the third to fifth no more from second 12 on. They
# cool down, and nothing gets warmer than it was: no limit of temperature sees it.
FINS: Final = 8
BLOCKED: Final = (2, 3, 4)
OIL_K: Final = 14.0
COOLING: Final = Course(((12.0, OIL_K), (20.0, 3.0)))
SILENCE: Final = (20.0, 45.0)
# Seed and number of a picture with three current transformers, which are registered, and three circuit breakers, which
# nobody registered and a detector finds. It has not seen this series.
YARD: Final = (11, 1058)


def _bay(over_k: float) -> tuple[Equipment, ...]:
    """Three bushings on a beam, too little warmer than the air to be hot spots themselves."""
    beam = Equipment(60, 440, 480, 30, over_k / 2)
    return (beam, *(Equipment(x - 22, 160, 44, 280, over_k) for x in PHASES_X))


def _joints(*courses: Course) -> tuple[Joint, ...]:
    return tuple(Joint(x, JOINT_Y, JOINT_RADIUS_PX, course) for x, course in zip(PHASES_X, courses, strict=True))


def radiator(oil_k: float = OIL_K, blocked: Course | None = None) -> tuple[Fin, ...]:
    """The radiator at the right of camera 1, its oil `oil_k` over the air; `blocked`: how some of its fins fare."""
    flows = steady(oil_k)
    return tuple(
        Fin(526 + 12 * fin, 262, 8, 150, blocked if blocked is not None and fin in BLOCKED else flows)
        for fin in range(FINS)
    )


DEMO: Final = Scenario(
    name="demo",
    cameras=(
        CameraScript(
            "cam-01",
            18.0,
            _bay(2.2),
            _joints(CROSSING, steady(66.0), steady(65.5)),
            fins=radiator(blocked=COOLING),
        ),
        CameraScript("cam-02", 17.0, yard=YARD),
        CameraScript(
            "cam-03",
            17.5,
            _bay(2.4),
            (*_joints(steady(41.0), steady(40.5), steady(41.3)), Joint(565, 400, JOINT_RADIUS_PX, APPEARING)),
        ),
        CameraScript(
            "cam-04",
            18.5,
            _bay(2.1),
            _joints(steady(27.0), steady(27.3), steady(26.8)),
            silences=(SILENCE,),
        ),
    ),
    expected=(
        ExpectedAlarm("ds-301-a", "high", "raised"),
        ExpectedAlarm("ds-301-a", "delta", "raised"),
        ExpectedAlarm("tr-301-radiator", "anomaly", "raised"),
        ExpectedAlarm("bay-3/find-*", "hot_spot", "raised"),
        ExpectedAlarm("cam-04", "coverage", "raised"),
        ExpectedAlarm("cam-04", "coverage", "returned"),
        ExpectedAlarm("*", "*", "heartbeat"),
    ),
)

EXPECTED_ALARMS: Final = DEMO.expected
