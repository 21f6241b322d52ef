"""Are a camera's frames as large as its site file says? Outlines in another size would lie in other places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from canairy.errors import InvalidMessage
from canairy.site.model import Camera


def check_size(camera: Camera, pixels: npt.NDArray[np.generic]) -> None:
    """Raises InvalidMessage for a frame (height, width, …) of another size than the one stated."""
    height, width = pixels.shape[:2]
    if camera.size is not None and camera.size != (width, height):
        stated = "{}x{}".format(*camera.size)
        raise InvalidMessage(f"{camera.id}: {width}x{height} pixels, the site file says {stated}: regions do not fit")
