"""What a FLIR file holds beside temperatures: a visible picture, and where it was taken. Read by who may keep them.

Source of the layout: ExifTool, lib/Image/ExifTool/FLIR.pm. EmbeddedImage (0x0e) is a JPEG or PNG behind 32 bytes; a
PNG in colour holds Y, Cb and Cr instead of colours. GPSInfo (0x2b), little-endian, has whether it is valid at byte 0,
N or S at 8, E or W at 10, latitude and longitude as doubles at 16 and 24. Of the 27 recorded files that are
radiometric six hold a picture, and three the record of a place, which in two of them says that it is not valid.
"""

from __future__ import annotations

import struct
from typing import Final

import cv2
import numpy as np

from canairy.errors import UnreadableFile
from canairy.messages.location import Location
from canairy.thermal.eight_bit import PNG, Pixels, read_eight_bit
from canairy.thermal.flir_records import read_record
from canairy.thermal.flir_segments import flir_file

VISIBLE: Final = 0x0E
PLACE: Final = 0x2B
_HEAD_BYTES: Final = 32
_PLACE: Final = struct.Struct("<I4x2s2s4xdd")
# The decoder answers a picture's third value first: Cr, Cb, Y.
_Y_CR_CB: Final = (2, 0, 1)


def read_visible(content: bytes) -> Pixels | None:
    """uint8 (height, width, 3), blue first, or (height, width) of a radiometric JPEG; None where it holds none.

    Raises UnreadableFile for one that cannot be read.
    """
    body = read_record(flir_file(content), VISIBLE)
    if body is None:
        return None
    pixels = read_eight_bit(body[_HEAD_BYTES:])
    if pixels.ndim == 3 and body.startswith(PNG, _HEAD_BYTES):
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[..., _Y_CR_CB]), cv2.COLOR_YCrCb2BGR), np.uint8)
    return pixels


def read_place(content: bytes) -> Location | None:
    """Where a radiometric JPEG says that it was taken; None where it does not. Raises UnreadableFile."""
    body = read_record(flir_file(content), PLACE)
    if body is None or len(body) < _PLACE.size:
        return None
    valid, north, east, latitude, longitude = _PLACE.unpack_from(body)
    if valid != 1:
        return None
    told = Location(-latitude if north[:1] == b"S" else latitude, -longitude if east[:1] == b"W" else longitude)
    if not told.possible:
        raise UnreadableFile(f"damaged: its place is {told.latitude_deg}, {told.longitude_deg}")
    return told
