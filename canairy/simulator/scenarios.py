"""Find a scenario's script by the name that a site file gives: `demo`, or `demo/cam-02` for one camera of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from canairy.errors import ConfigurationError
from canairy.simulator.demo import DEMO
from canairy.simulator.ill import ILL
from canairy.simulator.script import CameraScript, Scenario

SCENARIOS: Final[Mapping[str, Scenario]] = {it.name: it for it in (DEMO, ILL)}


def camera_script(name: str, camera: str) -> CameraScript:
    """The script behind `simulated:NAME` of a camera: `NAME` is SCENARIO, or SCENARIO/CAMERA to play another's part.

    Raises:
        ConfigurationError: no such scenario or camera; the text lists those there are.
    """
    scenario_name, _, part = name.partition("/")
    scenario = SCENARIOS.get(scenario_name)
    if scenario is None:
        raise ConfigurationError(f"{camera}: simulated:{name}: no such scenario; there are {', '.join(SCENARIOS)}")
    script = scenario.camera(part or camera)
    if script is None:
        known = ", ".join(script.id for script in scenario.cameras)
        raise ConfigurationError(f"{camera}: simulated:{name}: no camera {part or camera!r} in it; there are {known}")
    return script
