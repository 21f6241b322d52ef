"""A decoded frame of a stream or a recording as what its source says: temperatures where it has 16 bits, else none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import KELVIN
from canairy.site.model import Camera
from services.ingest.ffmpeg import Decoded
from services.ingest.source import RawFrame, RawPicture, nothing

COUNTS: Final = frozenset({"gray16le", "gray16be"})
# Its counts are stretched on their way to 16 bits, and no scale would be right afterwards.
_STRETCHED: Final = ("gray9", "gray10", "gray12", "gray14")


@dataclass(frozen=True, slots=True)
class When:
    """As in RawFrame: the source's own time (UTC), whether it was counted, and who waits for the frame."""

    taken_at: datetime | None = None
    assigned: bool = False
    file: str = ""
    written: Callable[[], None] = nothing


def as_event(camera: Camera, decoded: Decoded, when: When) -> RawFrame | RawPicture:
    """16-bit grey by the camera's scale, all else as a picture; raises UnreadableFile for grey of 9 to 14 bits."""
    if decoded.pixel_format.startswith(_STRETCHED):
        raise UnreadableFile(f"its pixels are {decoded.pixel_format}: temperatures are read from 16 bits only")
    view = camera.views[0].id
    if decoded.pixel_format not in COUNTS:
        return RawPicture(
            camera.id, view, decoded.pixels.astype(np.uint8), when.taken_at, when.assigned, when.file, when.written
        )
    return RawFrame(
        camera=camera.id,
        view=view,
        counts=decoded.pixels,
        scale_k=camera.scale.scale_k,
        offset_k=camera.scale.offset_c + KELVIN,
        taken_at=when.taken_at,
        assigned=when.assigned,
        file=when.file,
        written=when.written,
    )
