"""TIFF of one frame: 16-bit counts with a linear scale, or 32-bit floating point in degrees Celsius.

What the file says of itself is checked first (canairy.thermal.tiff_directory), so that no picture is made of a header
that promises too much. Plain pixels are then read as they lie; compressed ones by OpenCV's libtiff, which writes into
a picture of that size and no further, and gives up where data is missing.

Source of the tags: Adobe, TIFF Revision 6.0 (1992), part 1 and sections 8, 13, 14, 15 and 19.
"""

from __future__ import annotations

import math
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import MAX_SIDE
from canairy.thermal.celsius_check import check_celsius
from canairy.thermal.frame import LinearScale, ThermalFrame
from canairy.thermal.linear_frame import linear_celsius
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.tiff_directory import Directory, read_directory

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION = 256, 257, 258, 259, 262, 274
_STRIPS, _SAMPLES, _ROWS_A_STRIP, _STRIP_BYTES, _FORMAT = 273, 277, 278, 279, 339
_TILES, _TILE_WIDTH, _TILE_HEIGHT, _TILE_BYTES = 324, 322, 323, 325
_PLAIN: Final = 1
_COMPRESSIONS: Final = {_PLAIN: "plain", 5: "LZW", 8: "Deflate", 32946: "Deflate", 32773: "PackBits"}
_DARK_IS_ZERO: Final = 1
_TOP_LEFT: Final = 1
# Bits and sample format: 1 is unsigned, 3 is floating point.
_KINDS: Final = {(16, 1): ("tiff-16", "u2"), (32, 3): ("tiff-float", "f4")}
# Nearer to zero than what is left of any computation with temperatures.
_TINY: Final = 1e-30
_FORMATS: Final = {1: "unsigned", 2: "signed", 3: "floating point"}

Pixels = npt.NDArray[np.generic]


def read_tiff(content: bytes, scale: LinearScale) -> ThermalFrame:
    """Counts mean count * scale_k + offset_c degC; floating point is degC already.

    Raises:
        IncompleteFile: it ends before its pixels do.
        UnreadableFile: not TIFF, damaged, more than one picture, not one of the two kinds, a side over 4096, or
            temperatures that cannot be.
    """
    directory = read_directory(content)
    shape = _shape(directory)
    kind, code = _kind(directory)
    if directory.next_at:
        raise UnreadableFile("it holds more than one picture: save each frame as a file of its own")
    pixels = _pixels(content, directory, shape, f"{directory.order}{code}")
    if kind == "tiff-float":
        celsius = pixels.astype(np.float32)
        check_celsius(celsius)
        _check_order(celsius)
        return ThermalFrame(kind, celsius)
    counts = pixels.astype(np.uint16)
    return ThermalFrame(kind, linear_celsius(counts, scale), counts=counts, scale=scale)


def _check_order(celsius: npt.NDArray[np.float32]) -> None:
    """Temperatures of few digits (20.0) in the wrong byte order are all but zero, which is within all limits."""
    tiny = (np.abs(celsius) < _TINY) & (celsius != 0)
    if tiny.any():
        raise UnreadableFile(
            f"{int(tiny.sum())} of {celsius.size} pixels are such as {celsius[tiny][0]:.1e} degC: damaged, or written "
            "in another byte order than its header says"
        )


def _shape(directory: Directory) -> tuple[int, int]:
    height, width = directory.one(_HEIGHT), directory.one(_WIDTH)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise UnreadableFile(f"{width}x{height} pixels: sides must be 1 to {MAX_SIDE}")
    return height, width


def _kind(directory: Directory) -> tuple[str, str]:
    """The name of the kind, and how NumPy reads its pixels; raises UnreadableFile for any other kind."""
    if (samples := directory.one(_SAMPLES, 1)) != 1:
        raise UnreadableFile(f"{samples} values a pixel: a picture with colours has no temperatures")
    bits, form = directory.one(_BITS, 1), directory.one(_FORMAT, 1)
    if (bits, form) not in _KINDS:
        raise UnreadableFile(
            f"{bits}-bit {_FORMATS.get(form, form)}: temperatures are 16-bit unsigned counts or 32-bit floating point"
        )
    if (compression := directory.one(_COMPRESSION, _PLAIN)) not in _COMPRESSIONS:
        raise UnreadableFile(f"compression {compression}: save it plain, or with LZW, Deflate or PackBits")
    if directory.one(_PHOTOMETRIC, _DARK_IS_ZERO) != _DARK_IS_ZERO:
        raise UnreadableFile("its zero is not dark (PhotometricInterpretation): which way its counts rise is not sure")
    if directory.one(_ORIENTATION, _TOP_LEFT) != _TOP_LEFT:
        raise UnreadableFile("it is stored turned or mirrored (Orientation): save it as it is seen")
    return _KINDS[bits, form]


def _pixels(content: bytes, directory: Directory, shape: tuple[int, int], code: str) -> Pixels:
    strips = _strips(content, directory, shape)
    if directory.one(_COMPRESSION, _PLAIN) == _PLAIN and _TILES not in directory.numbers:
        return _plain(content, strips, shape, code)
    return _decoded(content, shape, np.dtype(code[1:]))


def _strips(content: bytes, directory: Directory, shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Place and length of each strip or tile, as many as the picture needs and all inside of the file."""
    places, lengths = (
        (directory.numbers.get(tag) or directory.numbers.get(tile, ()))
        for tag, tile in ((_STRIPS, _TILES), (_STRIP_BYTES, _TILE_BYTES))
    )
    needed = _needed(directory, shape)
    if not len(places) == len(lengths) == needed:
        raise UnreadableFile(f"damaged: {len(places)} places and {len(lengths)} lengths of pixels, {needed} are needed")
    if (end := max(place + length for place, length in zip(places, lengths, strict=True))) > len(content):
        raise IncompleteFile(f"truncated: its pixels end at byte {end}, it ends at byte {len(content)}")
    return list(zip(places, lengths, strict=True))


def _needed(directory: Directory, shape: tuple[int, int]) -> int:
    height, width = shape
    if _TILES not in directory.numbers:
        return math.ceil(height / max(1, min(directory.one(_ROWS_A_STRIP, height), height)))
    tall, wide = directory.one(_TILE_HEIGHT), directory.one(_TILE_WIDTH)
    if not (0 < tall <= MAX_SIDE and 0 < wide <= MAX_SIDE):
        raise UnreadableFile(f"damaged: tiles of {wide}x{tall} pixels")
    return math.ceil(height / tall) * math.ceil(width / wide)


def _plain(content: bytes, strips: list[tuple[int, int]], shape: tuple[int, int], code: str) -> Pixels:
    body = b"".join(content[place : place + length] for place, length in strips)
    needed = math.prod(shape) * np.dtype(code).itemsize
    if len(body) != needed:
        raise UnreadableFile(f"damaged: {len(body)} bytes of pixels, {shape[1]}x{shape[0]} need {needed}")
    return np.frombuffer(body, code).reshape(shape)


def _decoded(content: bytes, shape: tuple[int, int], kind: np.dtype[Any]) -> Pixels:
    logging = cv2.utils.logging
    # What libtiff would print, the error below says.
    before = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        logging.setLogLevel(before)
    # The package's types promise an array; the decoder answers None where it gives up.
    if not isinstance(pixels, np.ndarray) or pixels.shape != shape or pixels.dtype != kind:
        raise UnreadableFile("damaged: its pixels cannot be unpacked")
    return pixels
