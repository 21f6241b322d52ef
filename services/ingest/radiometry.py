"""What a frame's temperatures were made with: as its source says, as the site file knows it better, or the usual.

- A file that says it itself (FLIR, data set 514) is corrected for what the site file states, and only for that.
- Any other frame was made with what the site file states: that is what the camera is set to. Without a word about
  the camera, its parameters are *assumed*, and nobody can correct its temperatures later.
- A housing's window in the site file is one that the camera does not know of, so every frame is corrected for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from canairy.errors import UnreadableFile
from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import COLDEST_C
from canairy.site.model import Camera
from canairy.thermal.celsius_check import check_celsius
from canairy.thermal.frame import ThermalFrame
from canairy.thermal.planck import ImpossibleParameters
from canairy.thermal.radiometry import Celsius


def told(camera: Camera) -> Radiometry:
    """What the camera is set to, by the site file; its window is beyond that."""
    known = camera.radiometry.model_dump(exclude={"window"})
    return Radiometry(**known, assumed=not _stated(camera))


def overrides(camera: Camera) -> dict[str, float]:
    """What the site file states, by the names of ObjectParameters: all of it, the window too, and nothing assumed."""
    return {**_stated(camera), **window(camera)}


def through_window(radiometry: Radiometry, camera: Camera) -> Radiometry:
    """The same with the camera's window before it."""
    there = camera.radiometry.window
    if there is None:
        return radiometry
    return replace(radiometry, window_transmission=there.transmission, window_c=there.temperature_c)


def window(camera: Camera) -> dict[str, float]:
    """The housing's window by the names of ObjectParameters; empty without one."""
    through = camera.radiometry.window
    if through is None:
        return {}
    return {"window_transmission": through.transmission, "window_c": through.temperature_c}


def overridden(frame: ThermalFrame, camera: Camera) -> ThermalFrame:
    """A file that says what it was made with, as the site file knows it better; any other one as it is.

    A pixel that reflects more than it sends (a cold sky, with the emissivity of equipment) has no temperature then and
    stands at -100 degC. Raises UnreadableFile when none has one, or one is beyond all equipment.
    """
    better = overrides(camera)
    if frame.parameters is None or not better:
        return frame
    try:
        to = replace(frame.parameters, **better)
        celsius = frame.corrected(to)
    except ImpossibleParameters as error:
        raise UnreadableFile(f"with the site file's radiometry: {error}") from error
    return replace(frame, celsius=_at_the_coldest(celsius, frame.celsius), parameters=to)


def _at_the_coldest(celsius: Celsius, before: Celsius) -> Celsius:
    cold = ~(celsius >= COLDEST_C)
    # Temperatures rise with what was seen: what has none, and looked warmer than one that has, would be too hot.
    if cold.all() or (cold.any() and before[cold].max() > before[~cold].min()):
        raise UnreadableFile("with the site file's radiometry, no possible temperature follows")
    found = np.where(cold, np.float32(COLDEST_C), celsius)
    check_celsius(found)
    return found


def of_file(frame: ThermalFrame) -> Radiometry | None:
    """What travels with a file's frame; None: the file does not say."""
    return None if frame.parameters is None else Radiometry.of(frame.parameters, frame.radiometry)


def _stated(camera: Camera) -> dict[str, float]:
    stated = camera.radiometry.model_fields_set - {"window"}
    return {name: getattr(camera.radiometry, name) for name in sorted(stated)}
