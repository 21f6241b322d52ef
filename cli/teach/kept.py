"""Whether the frame that a view is taught on becomes the view's reference, by which it is told later that it moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.site.model import Camera, View
from canairy.site.references import read_reference
from canairy.site.watched import NONE
from canairy.thermal.registration import Reference
from canairy.thermal.registration_edges import Flags, edges_of
from services.ingest.overlay import Overlay


def named(file: Path, camera: Camera, view: View, frame: Path) -> tuple[str | None, str]:
    """How the site file is to name the frame as the view's reference, and why it is not to where that is None."""
    if view.reference == NONE:
        return None, "the site file says that nobody watches this view"
    try:
        picture = _grey(read_reference(camera, frame))
    except UnreadableFile as error:
        return None, f"no such frame can be the camera's: {error}"
    if not recognisable(picture, Overlay.of(camera, view).seen(*picture.shape)):
        return None, "it shows too little to recognise the view by"
    base, place = file.parent.resolve(), frame.resolve()
    told = str(place.relative_to(base) if place.is_relative_to(base) else place)
    # Half a character of a name that is not UTF-8 cannot stand in a site file.
    return (told, "") if told.isprintable() else (None, "its name cannot stand in a site file")


def recognisable(picture: npt.NDArray[np.float32], seen: Flags | None = None) -> bool:
    """Whether a view can be recognised by this picture, float32 (height, width); `seen` as in `edges_of`.

    Its even rows and columns and its odd ones show one scene with different noise, as two frames of it would.
    """
    height, width = (side // 2 * 2 for side in picture.shape)
    even, odd = (
        edges_of(cv2.resize(np.ascontiguousarray(picture[at:height:2, at:width:2]), picture.shape[::-1]), seen)
        for at in (0, 1)
    )
    return Reference(even).register(odd).move is not None


def _grey(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    brightness = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    return np.asarray(brightness, np.float32)
