"""All that is remembered of one camera's pictures, in the order in which a frame is asked about.

    every frame     calibration and range switches (`steps`), the sensor's noise (`noise`)
    fit frames      what the view shows, held against its reference (`view_watch`), or which of several (`tour`)
    views without   learn one, where the camera runs live and ingest reads it itself (`teaching`)

Of a picture without temperatures only what its edges tell is asked: its brightness is set by the camera as it likes,
so it neither jumps nor is at the top of anything, and its noise is what a codec left of it.

A recording has no noise to freeze and learns nothing, and of a folder in which each file is a view of its own nothing
is asked at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from canairy.messages.camera import CameraState
from canairy.messages.fault import CameraFault
from canairy.messages.header import CAMERA_SATURATED, READS_LOW
from canairy.site.model import EACH_FILE, Camera, View
from services.ingest.clock_watch import CameraClock, Decoding
from services.ingest.drift import Measured, PatchWatch
from services.ingest.grey import Looked
from services.ingest.grid import Kelvin
from services.ingest.likeness import coarse, kelvin, likeness
from services.ingest.noise import NoiseWatch
from services.ingest.overlay import Overlay
from services.ingest.picture import Picture
from services.ingest.shelf import Shelf
from services.ingest.sight import Sight
from services.ingest.source import Raw, RawFrame
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

    def unfit(self, raw: Raw, picture: Looked, at: datetime) -> str | None:
        """The flag of a frame that shows no temperatures of the scene; None for any other. To be asked of each."""
        grid = coarse(raw)
        if not isinstance(raw, RawFrame) or not isinstance(picture, Picture):
            self.noise.saw(grid, math.inf)
            return None
        self.noise.saw(grid, raw.scale_k)
        step = self.steps.saw(picture, grid, (raw.scale_k, raw.offset_k), at)
        return step or (CAMERA_SATURATED if picture.overdriven else None)

    def unseen(self, *flags: str) -> Sight:
        """Nothing is learnt of where the camera looks: it looks where it did."""
        return replace(
            self.last, flags=tuple(dict.fromkeys((*flags, *self.last.flags))), quiet_frames=self.noise.quiet_frames
        )


class Outlook:
    """What one camera sees; not for two threads at once."""

    def __init__(self, camera: Camera, shelf: Shelf, measured: Measured) -> None:
        self.clock = CameraClock()
        self.decoding = Decoding()
        self._camera = camera
        self._shelf = shelf
        self._views = dict(self._referenced())
        everywhere = Overlay.of(camera, *camera.views)
        self._patches = {
            view.id: PatchWatch(view.id, view.reference_patch, measured)
            for view in camera.views
            if view.reference_patch is not None
        }
        self._tour = (
            Tour(self._views, everywhere) if camera.watched_live and len(camera.views) > 1 and self._views else None
        )
        learns = (
            camera.watched_live and len(camera.views) == 1 and camera.views[0].reference is None and not self._views
        )
        self._teaching = Teaching(camera.views[0].id, everywhere) if learns else None
        self._eyes = {view.id: _Eye() for view in camera.views}
        self._single = camera.views[0].id == EACH_FILE

    def at(self, raw: Raw, picture: Looked, captured_at: datetime) -> Sight:
        """What is seen in the next frame."""
        eye = self._eyes.get(raw.view)
        if self._single or eye is None:
            return Sight()
        flag = eye.unfit(raw, picture, captured_at)
        if flag is not None:
            eye.interrupted = True
            return eye.unseen(flag)
        if picture.blank:
            # Whatever is hot behind a covered lens is hotter than this: no alarm may return by it.
            return eye.unseen(READS_LOW) if isinstance(raw, RawFrame) else eye.unseen()
        if eye.noise.frozen:
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

    def _check_patch(self, sight: Sight, raw: Raw, at: datetime) -> None:
        view = self._camera.view(sight.view or raw.view)
        patch = None if view is None else self._patches.get(view.id)
        if view is None or patch is None or not isinstance(raw, RawFrame):
            return
        if not sight.unfit and sight.state is CameraState.LIVE:
            patch.saw(_shown(kelvin(raw), Overlay.of(self._camera, view)), sight.shift, at)

    def _seen(self, raw: Raw, at: datetime, *, still: bool) -> Sight:
        if self._tour is not None:
            return self._tour.saw(self._like(raw), at, quiet=still)
        watch = self._views.get(raw.view)
        if watch is not None:
            return watch.saw(self._like(raw), at) if watch.due(at) or not still else watch.again()
        if self._teaching is not None:
            self._teach(self._teaching, raw, at)
        return Sight()

    def _teach(self, teaching: Teaching, raw: Raw, at: datetime) -> None:
        learnt = teaching.saw(self._like(raw), at) if teaching.due(at) else None
        if learnt is not None:
            view = self._camera.views[0]
            self._shelf.keep(self._camera, view, learnt)
            self._views[view.id] = self._watch(view, learnt)
            self._teaching = None

    def _referenced(self) -> Iterator[tuple[str, ViewWatch]]:
        for view in self._camera.views:
            picture = self._shelf.reference(self._camera, view)
            if picture is not None:
                yield view.id, self._watch(view, picture)

    def _like(self, raw: Raw) -> Kelvin:
        return likeness(raw, locked=self._camera.estimate is not None)

    def _watch(self, view: View, picture: Kelvin) -> ViewWatch:
        return ViewWatch(view.id, Looking.at(picture, view.moved_limit_px, Overlay.of(self._camera, view)))


def _shown(picture: Kelvin, overlay: Overlay) -> Kelvin:
    """The picture, NaN where it does not show the scene."""
    seen = overlay.seen(*picture.shape)
    return picture if seen is None else np.where(seen, picture, np.float32(np.nan))
