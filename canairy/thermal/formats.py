"""Every thermal file that can be read, in one place: `read_thermal` looks at how a file begins and asks its reader.

To add a format: write one file with a reader of bytes, and add one line to FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import MAX_SIDE
from canairy.thermal import csv_514, flir_segments, hikvision, tiff_directory
from canairy.thermal.csv_514 import read_csv_514
from canairy.thermal.eight_bit import Pixels, read_eight_bit
from canairy.thermal.frame import LinearScale, ThermalFrame
from canairy.thermal.hikvision import read_saved_hikvision
from canairy.thermal.linear_frame import read_linear_frame
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.rjpeg import read_rjpeg
from canairy.thermal.tiff import read_tiff

# Floats of the largest frame, and a visible picture beside them.
MAX_FILE_BYTES: Final = MAX_SIDE * MAX_SIDE * 4 + 32 * 1024 * 1024


# The finest step that cameras write, and that of this project's own frames.
USUAL_SCALE: Final = LinearScale(0.01, -273.15)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a file does not say itself: what its counts mean, and object parameters that are known better.

    `overrides` are by the names of ObjectParameters. The scale is for 16-bit files: 0.01 K a count from 0 K if nothing
    else is known.
    """

    scale: LinearScale = USUAL_SCALE
    overrides: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its usual names, how one begins, and who reads it."""

    name: str
    suffixes: tuple[str, ...]
    begins: tuple[bytes, ...]
    read: Callable[[bytes, ReadOptions], ThermalFrame]


FORMATS: Final = (
    Format(
        "FLIR radiometric JPEG", (".jpg", ".jpeg"), (flir_segments.JPEG,), lambda it, o: read_rjpeg(it, o.overrides)
    ),
    Format(
        "16-bit PNG", (".png",), (b"\x89PNG",), lambda it, o: read_linear_frame(it, o.scale).overridden(o.overrides)
    ),
    Format(
        "TIFF", (".tif", ".tiff"), tiff_directory.BEGINS, lambda it, o: read_tiff(it, o.scale).overridden(o.overrides)
    ),
    Format("CSV (data set 514)", (".csv",), csv_514.BEGINS, lambda it, o: read_csv_514(it).overridden(o.overrides)),
    Format(
        "Hikvision's jpegPicWithAppendData",
        (".multipart",),
        hikvision.BEGINS,
        lambda it, o: read_saved_hikvision(it).overridden(o.overrides),
    ),
)
SUFFIXES: Final = frozenset(suffix for it in FORMATS for suffix in it.suffixes)


def read_thermal(path: Path, options: ReadOptions | None = None) -> ThermalFrame:
    """The temperatures of any file that has them.

    Raises:
        IncompleteFile: it ends too early, and may still be being written.
        UnreadableFile: it cannot be read, or has no temperatures; the text names the file and says why.
        ImpossibleParameters: the overrides are.
    """
    content = read_content(path)
    try:
        return read_thermal_bytes(content, options, path.suffix)
    except UnreadableFile as error:
        raise type(error)(f"{path.name}: {error}") from error


def read_thermal_bytes(content: bytes, options: ReadOptions | None = None, suffix: str = "") -> ThermalFrame:
    """The same of a file's content; the errors name no file. `suffix` tells what it should be if its begin does not."""
    if not content:
        raise IncompleteFile("empty: 0 bytes")
    form = next((it for it in FORMATS if content.startswith(it.begins)), None) or _by_name(suffix)
    if form is None:
        known = ", ".join(it.name for it in FORMATS)
        raise UnreadableFile(f"not a thermal file: it begins with {content[:8].hex(' ')}; what is read: {known}")
    return form.read(content, options or ReadOptions())


def _by_name(suffix: str) -> Format | None:
    """Who would read a file of this name: it says best what is wrong with it."""
    return next((it for it in FORMATS if suffix.lower() in it.suffixes), None)


def read_picture(path: Path) -> Pixels:
    """The pixels of a PNG or JPEG without temperatures; raises UnreadableFile as `read_thermal` does."""
    content = read_content(path)
    try:
        return read_eight_bit(content)
    except UnreadableFile as error:
        raise type(error)(f"{path.name}: {error}") from error


def read_content(path: Path, most_bytes: int = MAX_FILE_BYTES, why: str = "no thermal frame has that many") -> bytes:
    """A file's bytes; raises UnreadableFile, which names it, when it cannot be read or is larger than it may be."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise UnreadableFile(f"{path.name}: {error.strerror or error}") from error
    if len(content) > most_bytes:
        raise UnreadableFile(f"{path.name}: more than {most_bytes} bytes, {why}")
    return content
