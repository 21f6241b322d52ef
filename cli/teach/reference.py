"""The frame that equipment is outlined on, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.thermal.celsius_counts import to_counts
from canairy.thermal.eight_bit import read_picture
from canairy.thermal.formats import USUAL_SCALE, ReadOptions, read_thermal
from canairy.thermal.frame import LinearScale
from cli.view_picture import coloured, span


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """`picture` is a PNG of width x height pixels; `celsius` float32 (height, width), None without temperatures."""

    picture: bytes
    width: int
    height: int
    celsius: npt.NDArray[np.float32] | None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    def for_detector(self, folder: Path) -> tuple[Path, float]:
        """A file as `canairy detect` takes it, and its kelvin a count (from 0 K; without temperatures: no meaning).

        Temperatures of any format become 16-bit PNG, so that boxes are in the pixels of what is shown.
        """
        file = folder / "reference.png"
        if self.celsius is None:
            file.write_bytes(self.picture)
            return file, USUAL_SCALE.scale_k
        counts, scale_k = to_counts(self.celsius)
        file.write_bytes(cv2.imencode(".png", counts)[1].tobytes())
        return file, scale_k


def read_reference(path: Path, scale: LinearScale) -> Reference:
    """A thermal file, or an 8-bit PNG or JPEG; raises UnreadableFile that names the file when it is neither."""
    try:
        celsius = read_thermal(path, ReadOptions(scale)).celsius
    except UnreadableFile as error:
        try:
            return _reference(read_picture(path), None)
        except UnreadableFile as picture:
            raise UnreadableFile(f"{error}. As a picture without temperatures, {picture}") from error
    return _reference(coloured(celsius, *span(celsius)), celsius)


def _reference(pixels: npt.NDArray[np.uint8], celsius: npt.NDArray[np.float32] | None) -> Reference:
    height, width = pixels.shape[:2]
    return Reference(cv2.imencode(".png", pixels)[1].tobytes(), width, height, celsius)
