"""A file as a detector takes it: counts of 640x512 pixels with scale and offset, whatever the file's size and kind.

A file without temperatures is shown through the same window (canairy.models.brightness), as detection shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.models.brightness import over_window
from canairy.models.detector_card import FRAME_HEIGHT, FRAME_WIDTH
from canairy.thermal.eight_bit import read_picture
from canairy.thermal.known_palettes import grey_of
from canairy.thermal.linear_png import read_linear_png
from training.patchcore.crops import holds_temperatures

SUFFIXES: Final = (".png", ".jpg", ".jpeg")
SMALLEST_SIDE_PX: Final = 32  # a network that halves five times sees nothing in less


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """`counts` uint16 (512, 640); kelvin is count * scale_k + offset_k, where the file has temperatures (`palette` "").

    `across` and `down` are the file's own pixels in one pixel of `counts`.
    """

    counts: npt.NDArray[np.uint16]
    scale_k: float
    offset_k: float
    across: float
    down: float
    palette: str = ""

    @property
    def radiometric(self) -> bool:
        """Whether the file has temperatures."""
        return not self.palette


def show(file: Path, scale_k: float, offset_c: float, window_k: tuple[float, float]) -> Shown:
    """Read a 16-bit PNG by scale and offset, or any other PNG or JPEG as brightness within a detector's window.

    Raises:
        UnreadableFile: missing, damaged, not a picture, or with a side under 32 pixels.
    """
    if holds_temperatures(file):
        frame = read_linear_png(file, scale_k, offset_c)
        return shown(file.name, frame.counts, frame.scale_k, frame.offset_k)
    grey, palette = grey_of(read_picture(file))
    return shown(file.name, grey.astype(np.uint16), *over_window(window_k), palette)


def shown(name: str, counts: npt.NDArray[np.uint16], scale_k: float, offset_k: float, palette: str = "") -> Shown:
    """Counts of any size (kelvin = count * scale_k + offset_k) as a detector takes them.

    Raises UnreadableFile, which names the file, with a side under 32 pixels.
    """
    height, width = counts.shape
    if min(height, width) < SMALLEST_SIDE_PX:
        raise UnreadableFile(f"{name}: {width}x{height} pixels show no equipment: {SMALLEST_SIDE_PX} a side do")
    if (width, height) != (FRAME_WIDTH, FRAME_HEIGHT):
        # The whole of it, stretched where its shape differs: a part that is cut off cannot be looked at.
        resized = cv2.resize(counts, (FRAME_WIDTH, FRAME_HEIGHT), interpolation=cv2.INTER_LINEAR)
        counts = np.asarray(resized, np.uint16)
    return Shown(counts, scale_k, offset_k, width / FRAME_WIDTH, height / FRAME_HEIGHT, palette)
