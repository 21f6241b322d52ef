"""How `canairy view` comes to temperatures: a thermal file's own, or an estimate by the colours of a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.site.model import Camera
from canairy.thermal.colour_bar import NoColourBar, find_colour_bar, read_colour_bar
from canairy.thermal.eight_bit import read_eight_bit
from canairy.thermal.estimate import Estimate, Scale, estimate_temperatures
from canairy.thermal.formats import ReadOptions, read_content, read_thermal_bytes
from canairy.thermal.frame import ThermalFrame
from canairy.thermal.known_palettes import known_palette
from canairy.thermal.palette import Palette, Picture
from cli.view_site import as_the_site_knows_it

KIND: Final = "picture"


@dataclass(frozen=True, slots=True)
class Estimated:
    """How an estimate was made. Shares are of the whole picture, 0 to 1.

    step_k: kelvin from one level that can be told apart to the next.
    palette: where it is from: the name of a known one, or the place of the colour bar.
    at_cold_end, at_hot_end: have the colour of an end: that cold or colder, that hot or hotter.
    """

    step_k: float
    scale: Scale
    palette: str
    at_cold_end: float
    at_hot_end: float


@dataclass(frozen=True, slots=True)
class Source:
    """What is known beside the files.

    `options` are those of thermal files; `scale`, the ends of a palette, lets pictures be estimated, by the palette of
    this name, "" for that of the colour bar in the picture. `camera` is the site file's, which knows both.
    """

    options: ReadOptions = field(default_factory=ReadOptions)
    scale: Scale | None = None
    palette: str = ""
    camera: Camera | None = None

    def read(self, path: Path) -> tuple[ThermalFrame, Estimated | None]:
        """A file's temperatures, and how they were estimated, None where they are its own.

        A file that has temperatures is never estimated. Where none are known (under a mask, off the palette) is NaN.

        Raises:
            UnreadableFile: it has none, and none can be estimated; the text names the file and says why.
            ImpossibleParameters: no temperature follows from the parameters.
        """
        content = read_content(path)
        try:
            return self._own(content, path.suffix), None
        except UnreadableFile as error:
            if self._ends is None:
                raise type(error)(f"{path.name}: {error}") from error
        try:
            return self._estimated(content, self._ends)
        except UnreadableFile as error:
            raise type(error)(f"{path.name}: {error}") from error

    def _own(self, content: bytes, suffix: str) -> ThermalFrame:
        if self.camera is None:
            return read_thermal_bytes(content, self.options, suffix)
        frame = read_thermal_bytes(content, ReadOptions(self.options.scale), suffix)
        return as_the_site_knows_it(frame, self.camera).overridden(self.options.overrides)

    @property
    def estimates(self) -> bool:
        """Whether pictures without temperatures are estimated."""
        return self._ends is not None

    @property
    def _ends(self) -> Scale | None:
        stated = self.camera.estimate if self.camera else None
        return self.scale or (Scale(stated.min_c, stated.max_c) if stated else None)

    def _estimated(self, content: bytes, ends: Scale) -> tuple[ThermalFrame, Estimated]:
        picture = _coloured(read_eight_bit(content))
        palette, told, ignored = self._palette(picture)
        found = estimate_temperatures(picture, palette, ends, ignored)
        frame = ThermalFrame(KIND, found.celsius).overridden(self.options.overrides)
        return frame, _how(found, ends, told)

    def _palette(self, picture: Picture) -> tuple[Palette, str, npt.NDArray[np.bool_]]:
        """The palette, where it is from, and which pixels are no scene: bool (height, width)."""
        ignored = np.zeros(picture.shape[:2], np.bool_)
        if self.palette:
            return known_palette(self.palette), self.palette, ignored
        stated = self.camera.estimate if self.camera else None
        try:
            bar = read_colour_bar(picture, *stated.bar) if stated else find_colour_bar(picture)
        except NoColourBar as error:
            raise NoColourBar(f"{error}; or name the palette that it was painted by: --palette") from error
        ignored[bar.y : bar.y + bar.height, bar.x : bar.x + bar.width] = True
        return bar.palette, f"colour bar at {bar.x},{bar.y} {bar.width}x{bar.height}", ignored


def _how(found: Estimate, ends: Scale, palette: str) -> Estimated:
    return Estimated(found.step_c, ends, palette, float(found.below.mean()), float(found.above.mean()))


def _coloured(pixels: npt.NDArray[np.uint8]) -> Picture:
    """(height, width, 3), whatever the file has."""
    return pixels if pixels.ndim > 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
