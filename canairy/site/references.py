"""The reference of a view as a file: read as its camera's own frames are, and held against what the site file says.

The site file alone does not tell what is in another file, so only who has both asks: ingest at its start, and
`canairy site check`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canairy.errors import UnreadableFile
from canairy.site.document import Location, Mistake, dotted, read_document
from canairy.site.load import load_site_file
from canairy.site.model import Camera, View
from canairy.site.outlines import beyond
from canairy.site.parts import Found
from canairy.site.watched import NONE
from canairy.thermal.formats import ReadOptions, read_picture, read_thermal
from canairy.thermal.frame import LinearScale


def read_reference(camera: Camera, path: Path) -> npt.NDArray[np.float32] | npt.NDArray[np.uint8]:
    """float32 degC (height, width); of a camera whose files are 8-bit pictures, the uint8 pixels of such a one.

    Raises UnreadableFile, which names the file, for one that the camera could not have made.
    """
    if camera.pictures:
        return read_picture(path)
    return read_thermal(path, ReadOptions(LinearScale(camera.scale.scale_k, camera.scale.offset_c))).celsius


def reference_mistakes(path: Path) -> list[Mistake]:
    """What is wrong with the references of a site file that has no mistake otherwise, and with regions outside them."""
    site, content = load_site_file(path)
    document = read_document(content.decode("utf-8-sig"))
    found = (
        mistake
        for number, camera in enumerate(site.cameras)
        for place, view in enumerate(camera.views)
        if view.reference not in {None, NONE}
        for mistake in _of_view(camera, view, ("cameras", number, "views", place), path.parent)
    )
    return sorted(Mistake(document.entry(at).line, dotted(at), message) for at, message in found)


def _of_view(camera: Camera, view: View, at: Location, base: Path) -> Found:
    try:
        height, width = read_reference(camera, base / str(view.reference)).shape[:2]
    except UnreadableFile as error:
        yield (*at, "reference"), f"cannot be used: {error}"
        return
    if camera.size not in {None, (width, height)}:
        yield (
            (*at, "reference"),
            "has {}x{} pixels, and the camera's frames are {}x{}".format(width, height, *camera.size),
        )
        return
    for place, region in _regions(view):
        corner = beyond(region, (width, height))
        if corner is not None:
            yield (*at, *place, "region"), f"leaves the view's reference, {width}x{height} pixels, at {list(corner)}"


def _regions(view: View) -> Iterator[tuple[Location, tuple[tuple[int, int], ...]]]:
    if view.reference_patch is not None:
        yield ("reference_patch",), view.reference_patch.region
    for number, asset in enumerate(view.assets):
        yield ("assets", number), asset.region
