"""References of views as files: those of the site file, and those that were learnt, in ingest's own folder.

A learnt one is a float TIFF in degrees Celsius, which `canairy view` shows. Its name ends in a digest of what it was
learnt for: a region, an overlay, a mask or a source that is changed in the site file means that the view is learnt
anew, and so does removing the file. What was learnt for anything else than the site file says now is removed at the
start: it may show what a mask hides by now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.log import get_logger
from canairy.messages.thermogram import KELVIN
from canairy.site.model import Camera, Site, View
from canairy.site.watched import NONE
from canairy.thermal.eight_bit import read_picture
from canairy.thermal.formats import ReadOptions, read_thermal
from canairy.thermal.frame import LinearScale
from services.ingest.grid import Kelvin
from services.ingest.likeness import seen_brightness

log = get_logger()
FOLDER: Final = "references"
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class ReferenceFolder:
    """`base`: where relative paths of the site file start. `own`: ingest's folder."""

    base: Path
    own: Path
    _given: dict[str, Kelvin] = field(default_factory=dict)

    @classmethod
    def of(cls, site: Site, base: Path, own: Path) -> ReferenceFolder:
        """Reads the site file's, and removes those that were learnt for another one.

        Raises ConfigurationError with every one that cannot be read or removed, one a line.
        """
        shelf = cls(base, own)
        mistakes = list(shelf._removed(site))
        for camera in site.cameras:
            for view in camera.views:
                try:
                    shelf._read_given(camera, view)
                except UnreadableFile as error:
                    mistakes.append(f"{camera.id}: reference of view {view.id}: {error}")
        if mistakes:
            raise ConfigurationError("\n".join(mistakes))
        return shelf

    def reference(self, camera: Camera, view: View) -> Kelvin | None:
        """As `Shelf.reference`; one that was learnt and cannot be read any more is learnt anew, and the log says so."""
        if view.reference is not None:
            return self._given.get(view.id)
        path = self._learnt(camera, view)
        if not path.exists():
            return None
        try:
            return _kelvin(path, ReadOptions())
        except UnreadableFile as error:
            log.warning(
                "a learnt reference is damaged, and learnt anew", camera=camera.id, view=view.id, why=str(error)
            )
            return None

    def keep(self, camera: Camera, view: View, picture: Kelvin) -> None:
        """As `Shelf.keep`; where the disk takes nothing, the log says so, and after a restart it is learnt anew."""
        path = self._learnt(camera, view)
        half = path.with_suffix(".half")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            half.write_bytes(cv2.imencode(".tiff", picture - np.float32(KELVIN))[1].tobytes())
            half.replace(path)
        except OSError as error:
            log.warning("a learnt reference is not kept", camera=camera.id, view=view.id, why=str(error))
            return
        log.info("a view was learnt", camera=camera.id, view=view.id, file=path.name)

    def _removed(self, site: Site) -> Iterator[str]:
        """Removes what no view of the site learns by itself any more; tells what cannot be removed."""
        learning = ((camera, view) for camera in site.cameras for view in camera.views if view.reference is None)
        wanted = {self._learnt(camera, view) for camera, view in learning}
        for path in sorted((self.own / FOLDER).glob("*")):
            if path in wanted:
                continue
            try:
                path.unlink()
            except OSError as error:
                yield f"{path}: {error.strerror}: learnt for another site file, it may show what a mask hides"
            else:
                log.info("a learnt reference was removed: the site file has changed", file=path.name)

    def _read_given(self, camera: Camera, view: View) -> None:
        if view.reference is not None and view.reference != NONE:
            self._given[view.id] = _given(camera, self.base / view.reference)

    def _learnt(self, camera: Camera, view: View) -> Path:
        regions = [(asset.id, asset.region) for asset in view.assets]
        about = repr((camera.source, view.overlay, camera.privacy.masks, regions))
        digest = hashlib.sha256(about.encode()).hexdigest()[:_DIGITS]
        return self.own / FOLDER / f"{camera.id}.{view.id}.{digest}.tiff"


def _given(camera: Camera, path: Path) -> Kelvin:
    """Of a camera without measured temperatures, a picture such as its own."""
    if camera.temperatures == "none" or camera.estimate is not None:
        return seen_brightness(read_picture(path), locked=camera.estimate is not None)
    return _kelvin(path, ReadOptions(LinearScale(camera.scale.scale_k, camera.scale.offset_c)))


def _kelvin(path: Path, options: ReadOptions) -> Kelvin:
    return read_thermal(path, options).celsius + np.float32(KELVIN)
