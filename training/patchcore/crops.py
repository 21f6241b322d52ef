"""Crops from files: 16-bit PNG that mean temperatures, or 8-bit pictures; each made a square of one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.messages.thermogram import KELVIN
from canairy.models.square import SMALLEST_SIDE_PX, BadCrop, Counts, squared
from canairy.thermal.eight_bit import read_picture
from canairy.thermal.known_palettes import grey_of
from canairy.thermal.linear_png import read_linear_png

SUFFIXES: Final = (".png", ".jpg", ".jpeg")
_PNG_16_BIT: Final = (b"\x89PNG", 24, 16)  # signature; where the depth stands in a PNG's header; the depth


@dataclass(frozen=True, slots=True)
class Scale:
    """How counts become values: count * `scale` + `offset` is kelvin if `radiometric`, else a grey level."""

    scale: float
    offset: float
    radiometric: bool

    @classmethod
    def celsius(cls, scale_k: float, offset_c: float) -> Scale:
        """Of a file whose counts mean count * scale_k + offset_c degrees Celsius."""
        return cls(scale_k, offset_c + KELVIN, radiometric=True)


GREY_SCALE: Final = Scale(1.0, 0.0, radiometric=False)


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop as its file holds it: counts uint16 (height, width), and what they mean."""

    counts: Counts
    scale: Scale

    def square(self, size_px: int) -> Counts:
        """The crop as uint16 (size, size)."""
        return squared(self.counts, size_px)


def crop_files(path: Path) -> Sequence[Path]:
    """The pictures of a folder, in order of their names; the file itself where it is one."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and not file.is_dir())


def read_crop(file: Path, scale_k: float, offset_c: float) -> Crop:
    """A 16-bit PNG as temperatures by scale and offset, any other PNG or JPEG as 8-bit grey.

    Raises:
        UnreadableFile: missing, damaged, not a picture, or too small to show anything.
    """
    try:
        if holds_temperatures(file):
            frame = read_linear_png(file, scale_k, offset_c)
            crop = Crop(frame.counts, Scale.celsius(scale_k, offset_c))
        else:
            # By its palette, as detection turns a frame without temperatures into grey levels.
            grey, _palette = grey_of(read_picture(file))
            crop = Crop(grey.astype(np.uint16), GREY_SCALE)
        crop.square(SMALLEST_SIDE_PX)
    except BadCrop as error:
        raise UnreadableFile(f"{file.name}: {error}") from error
    return crop


def read_normals(folder: Path, scale_k: float, offset_c: float) -> Sequence[Crop]:
    """Every crop of a folder, all of one kind.

    Raises:
        ConfigurationError: an empty folder, one crop alone, or 16-bit and 8-bit files beside each other.
        UnreadableFile: one of them cannot be read; the text names it.
    """
    files = crop_files(folder)
    if not files or not folder.is_dir():
        raise ConfigurationError(f"{folder}: no picture in it ({', '.join(SUFFIXES)}); normal crops are needed")
    if len(files) == 1:
        raise ConfigurationError(f"{folder}: one crop alone; what is normal about it needs at least two, better 50")
    crops = [read_crop(file, scale_k, offset_c) for file in files]
    kinds = {crop.scale.radiometric for crop in crops}
    if len(kinds) > 1:
        odd = files[[crop.scale.radiometric for crop in crops].index(not crops[0].scale.radiometric)]
        raise ConfigurationError(f"{folder}: 16-bit and 8-bit pictures together ({files[0].name}, {odd.name})")
    return crops


def holds_temperatures(file: Path) -> bool:
    """Whether it is a PNG of 16 bits, by its header; raises UnreadableFile when it cannot be opened."""
    signature, place, depth = _PNG_16_BIT
    try:
        with file.open("rb") as opened:
            head = opened.read(place + 1)
    except OSError as error:
        raise UnreadableFile(f"{file.name}: {error.strerror or error}") from error
    return head.startswith(signature) and head[place:] == bytes([depth])
