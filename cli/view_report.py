"""What `canairy view` says of one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from canairy.thermal.frame import ThermalFrame
from canairy.thermal.radiometry import Celsius
from cli.output import printable
from cli.view_boxes import Box
from cli.view_site import SeenAsset
from cli.view_source import Estimated

# Places nearer to each other than this are one place: else the hottest pixels are neighbours of the hottest.
APART_PX: Final = 5
DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A pixel, counted from the top left, and its temperature."""

    x: int
    y: int
    celsius: float


@dataclass(frozen=True, slots=True)
class Viewed:
    """The temperatures of one file, or why it has none.

    `estimated` where they were read off colours; `assets` and `boxes` where somebody asked for them.
    """

    file: Path
    frame: ThermalFrame | None = None
    hottest: tuple[Place, ...] = ()
    error: str = ""
    estimated: Estimated | None = None
    assets: tuple[SeenAsset, ...] | None = None
    boxes: tuple[Box, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it: pixels from the top left, degrees Celsius."""
        if self.frame is None:
            return {"file": str(self.file), "error": self.error}
        celsius, frame = self.frame.celsius, self.frame
        taken_at = frame.taken_at.isoformat() if frame.taken_at else None
        return {
            "file": str(self.file),
            "kind": frame.kind,
            "width": celsius.shape[1],
            "height": celsius.shape[0],
            "radiometric": self.estimated is None,
            "estimate": self.estimated is not None,
            "min_c": _rounded(np.nanmin(celsius)),
            "max_c": _rounded(np.nanmax(celsius)),
            "mean_c": _rounded(np.nanmean(celsius, dtype=np.float64)),
            "parameters": _parameters(frame, self.estimated),
            "without_temperature": _rounded(np.isnan(celsius).mean()),
            "not_dependable": self.doubt or None,
            "hottest": [{"x": it.x, "y": it.y, "celsius": _rounded(it.celsius)} for it in self.hottest],
            "camera": frame.camera or None,
            "taken_at": taken_at,
            **self._asked_for(),
        }

    def _asked_for(self) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if self.estimated is not None:
            told |= {
                "estimate_step_k": _rounded(self.estimated.step_k),
                "palette": self.estimated.palette,
                "at_cold_end": _rounded(self.estimated.at_cold_end),
                "at_hot_end": _rounded(self.estimated.at_hot_end),
            }
        for name, parts in (("assets", self.assets), ("boxes", self.boxes)):
            if parts is not None:
                told[name] = [it.to_json() for it in parts]
        return told

    @property
    def doubt(self) -> str:
        """Why the temperatures are not dependable; empty when nothing says so."""
        known = self.frame.parameters if self.frame else None
        return known.doubt if known else ""

    def to_text(self) -> str:
        """One line for a person."""
        told = self.to_json()
        hottest = ", ".join(f"{it.celsius:.1f} °C at {it.x},{it.y}" for it in self.hottest)
        parts = [
            printable(str(self.file)),
            f"{told['kind']} {told['width']}x{told['height']}",
            f"{told['min_c']:.1f} to {told['max_c']:.1f} °C, mean {told['mean_c']:.1f}",
            f"hottest {hottest}",
            spoken(told["parameters"]),
        ]
        parts += [f"not dependable: {self.doubt}"] if self.doubt else []
        more = [*(it.to_text() for it in self.assets or ()), *(it.to_text() for it in self.boxes or ())]
        more += ["no asset in this view"] if self.assets == () else []
        more += ["no box"] if self.boxes == () else []
        return "\n  ".join(["  ".join([*parts, *([self.estimate] if self.estimate else [])]), *map(printable, more)])

    @property
    def estimate(self) -> str:
        """How fine it is, and whether its hottest is only a bound; empty where temperatures are the file's own."""
        if self.estimated is None:
            return ""
        bound = ", the hottest is that hot or hotter" if self.estimated.at_hot_end else ""
        return f"ESTIMATE by {self.estimated.palette}, in steps of {self.estimated.step_k:.2g} K{bound}"


def spoken(parameters: dict[str, float]) -> str:
    """What the temperatures were made with, in words."""
    names = {"emissivity": "emissivity", "distance_m": "distance m", "reflected_c": "reflected °C"}
    if "palette_min_c" in parameters:
        return f"palette {parameters['palette_min_c']:g} to {parameters['palette_max_c']:g} °C"
    if "emissivity" not in parameters:
        names = {"scale_k": "K a count", "offset_c": "°C of count 0"}
    return ", ".join(f"{word} {parameters[name]:g}" for name, word in names.items() if name in parameters)


def hottest_places(celsius: Celsius, count: int) -> tuple[Place, ...]:
    """The hottest pixel, the hottest of those at least 5 pixels from it, and so on, hottest first."""
    left = np.where(np.isnan(celsius), np.float32(-np.inf), celsius)
    found: list[Place] = []
    while len(found) < count and np.isfinite(hottest := float(left.max())):
        y, x = (int(it) for it in np.unravel_index(int(left.argmax()), left.shape))
        found.append(Place(x, y, hottest))
        left[max(0, y - APART_PX + 1) : y + APART_PX, max(0, x - APART_PX + 1) : x + APART_PX] = -np.inf
    return tuple(found)


def _parameters(frame: ThermalFrame, estimated: Estimated | None) -> dict[str, float]:
    if estimated is not None:
        return {"palette_min_c": estimated.scale.low_c, "palette_max_c": estimated.scale.high_c}
    if frame.parameters:
        return frame.parameters.to_json()
    return {"scale_k": frame.scale.scale_k, "offset_c": frame.scale.offset_c} if frame.scale else {}


def _rounded(celsius: float | np.floating[Any]) -> float:
    """To a thousandth of a kelvin: finer than any camera."""
    return round(float(celsius), DIGITS)
