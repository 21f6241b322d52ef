"""All that is remembered of one camera's pictures, in the order in which a frame is asked about.

    every frame     calibration and range switches (`steps`), the sensor's noise (`noise`)
    fit frames      what the view shows, held against its reference (`view_watch`), or which of several (`tour`)
    views without   learn one, where the camera runs live and ingest reads it itself (`teaching`)

A recording has no noise to freeze and learns nothing, and of a folder in which each file is a view of its own nothing
is asked at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from canairy.messages.camera import CameraState
from canairy.messages.fault import CameraFault
from canairy.messages.header import CAMERA_SATURATED
from canairy.site.model import EACH_FILE, Camera
from services.ingest.clock_watch import CameraClock, Decoding
from services.ingest.drift import Measured, PatchWatch
from services.ingest.grid import Kelvin, grid_of
from services.ingest.noise import NoiseWatch
from services.ingest.picture import Picture
from services.ingest.shelf import Shelf
from services.ingest.sight import Sight
from services.ingest.source import RawFrame
from services.ingest.steps import StepWatch
from services.ingest.teaching import Teaching
from services.ingest.tour import Tour
from services.ingest.view_look import Looking
from services.ingest.view_watch import ViewWatch


@dataclass(slots=True)
class _Eye:
    """What is remembered of the frames that a source gave for one view.

    `interrupted`: the last of them was not fit, so what it would have shown is not known.
    """

    steps: StepWatch = field(default_factory=StepWatch)
    noise: NoiseWatch = field(default_factory=NoiseWatch)
    last: Sight = field(default_factory=Sight)
    interrupted: bool = False

    def unseen(self, *flags: str) -> Sight:
        """Nothing is learnt of where the camera looks: it looks where it did."""
        return replace(self.last, flags=(*flags, *self.last.flags), quiet_frames=self.noise.quiet_frames)


class Outlook:
    """What one camera sees; not for two threads at once."""

    def __init__(self, camera: Camera, shelf: Shelf, measured: Measured) -> None:
        self.clock = CameraClock()
        self.decoding = Decoding()
        self._camera = camera
        self._shelf = shelf
        self._views = dict(self._referenced())
        self._patches = {
            view.id: PatchWatch(view.id, view.reference_patch, measured)
            for view in camera.views
            if view.reference_patch is not None
        }
        read_here = camera.live and camera.kind not in {"push", "video"}
        self._tour = Tour(self._views) if read_here and len(camera.views) > 1 and self._views else None
        learns = read_here and len(camera.views) == 1 and camera.views[0].reference is None and not self._views
        self._teaching = Teaching(camera.views[0].id) if learns else None
        self._eyes = {view.id: _Eye() for view in camera.views}
        self._single = camera.views[0].id == EACH_FILE

    def at(self, raw: RawFrame, picture: Picture, captured_at: datetime) -> Sight:
        """What is seen in the next frame."""
        eye = self._eyes.get(raw.view)
        if self._single or eye is None:
            return Sight()
        grid = grid_of(raw.counts, raw.scale_k, raw.offset_k)
        step = eye.steps.saw(picture, grid, (raw.scale_k, raw.offset_k), captured_at)
        eye.noise.saw(grid, raw.scale_k)
        flag = step or (CAMERA_SATURATED if picture.overdriven else None)
        if flag is not None:
            eye.interrupted = True
            return eye.unseen(flag)
        if picture.blank or eye.noise.frozen:
            return eye.unseen()
        sight = self._seen(raw, captured_at, still=eye.noise.still and not eye.interrupted)
        self._check_patch(sight, raw, captured_at)
        eye.last, eye.interrupted = replace(sight, quiet_frames=eye.noise.quiet_frames), False
        return eye.last

    def faults(self) -> tuple[CameraFault, ...]:
        """All that stand, of the camera and of its views."""
        return tuple(self._all_faults())

    def _all_faults(self) -> Iterator[CameraFault]:
        for view in self._views.values():
            yield from view.faults()
        own = (self.clock.fault(), self.decoding.fault(), *(patch.fault() for patch in self._patches.values()))
        yield from (fault for fault in own if fault is not None)

    def _check_patch(self, sight: Sight, raw: RawFrame, at: datetime) -> None:
        patch = self._patches.get(sight.view or raw.view)
        if patch is not None and not sight.unfit and sight.state is CameraState.LIVE:
            patch.saw(_kelvin(raw), sight.shift, at)

    def _seen(self, raw: RawFrame, at: datetime, *, still: bool) -> Sight:
        if self._tour is not None:
            return self._tour.saw(_kelvin(raw), at, quiet=still)
        watch = self._views.get(raw.view)
        if watch is not None:
            return watch.saw(_kelvin(raw), at) if watch.due(at) or not still else watch.again()
        if self._teaching is not None:
            self._teach(self._teaching, raw, at)
        return Sight()

    def _teach(self, teaching: Teaching, raw: RawFrame, at: datetime) -> None:
        learnt = teaching.saw(_kelvin(raw), at) if teaching.due(at) else None
        if learnt is not None:
            view = self._camera.views[0]
            self._shelf.keep(self._camera, view, learnt)
            self._views[view.id] = ViewWatch(view.id, Looking.at(learnt, view.moved_limit_px, view.overlay))
            self._teaching = None

    def _referenced(self) -> Iterator[tuple[str, ViewWatch]]:
        for view in self._camera.views:
            picture = self._shelf.reference(self._camera, view)
            if picture is not None:
                yield view.id, ViewWatch(view.id, Looking.at(picture, view.moved_limit_px, view.overlay))


def _kelvin(raw: RawFrame) -> Kelvin:
    return raw.counts.astype(np.float32) * np.float32(raw.scale_k) + np.float32(raw.offset_k)
