"""What the site file keeps of a file beside its temperatures: the visible picture, and where it was taken.

Neither is needed to measure, so one that cannot be read takes nothing from the frame; the log says so. The picture is
made anew, smaller where it is large: what else its file held (a place, a serial number) stays behind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import cv2
import numpy as np

from canairy.errors import UnreadableFile
from canairy.log import get_logger
from canairy.messages.location import Location
from canairy.site.model import Camera
from canairy.thermal.flir_beside import read_place, read_visible
from canairy.thermal.flir_segments import JPEG

log = get_logger()
T = TypeVar("T")
# Enough to recognise equipment by, and a few hundred kB.
MOST_PX: Final = 1280
QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Beside:
    """`visible` is a JPEG, empty without one."""

    visible: bytes = b""
    location: Location | None = None


NOTHING: Final = Beside()


def beside(content: bytes, camera: Camera) -> Beside:
    """What is kept of a file of this camera; never raises."""
    asked = camera.privacy
    if not content.startswith(JPEG):
        return NOTHING
    visible = _told(camera, _visible, content) if asked.keep_visible_image else None
    return Beside(visible or b"", _told(camera, read_place, content) if asked.keep_location else None)


def _told(camera: Camera, read: Callable[[bytes], T | None], content: bytes) -> T | None:
    try:
        return read(content)
    except UnreadableFile as error:
        log.warning("what a file holds beside its temperatures is not kept", camera=camera.id, why=str(error))
        return None


def _visible(content: bytes) -> bytes | None:
    pixels = read_visible(content)
    if pixels is None:
        return None
    height, width = pixels.shape[:2]
    share = MOST_PX / max(height, width)
    if share < 1:
        size = max(1, round(width * share)), max(1, round(height * share))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
