"""The source `simulated:SCENARIO` or `simulated:SCENARIO/CAMERA`: a camera of canairy.simulator, in live time."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from canairy.simulator.scenarios import camera_script
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.site.model import Camera
from services.ingest.source import Event, RawFrame


class SimulatedSource:
    """Renders `camera.rate_hz` frames a second; one that is late is left out, as a camera would.

    `wait` pauses for seconds and answers whether the service stops; `clock` is the camera's own clock.
    """

    def __init__(
        self,
        camera: Camera,
        wait: Callable[[float], bool],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ConfigurationError when there is no such scenario or camera."""
        self._camera = camera
        self._script = camera_script(camera.source.partition(":")[2], camera.id)
        self._scene = Scene(self._script, seed=zlib.crc32(camera.id.encode()))
        self._wait = wait
        self._clock = clock
        self._monotonic = monotonic
        self._started_s: float | None = None

    def events(self) -> Iterator[Event]:
        """Frames of the script, but while it says that the camera is silent."""
        if self._started_s is None:
            self._started_s = self._monotonic()
        index = 0
        while True:
            elapsed_s = self._monotonic() - self._started_s
            if self._wait(max(0.0, index / self._camera.rate_hz - elapsed_s)):
                return
            if not self._script.silent(index / self._camera.rate_hz):
                yield self._frame(index / self._camera.rate_hz)
            late = int((self._monotonic() - self._started_s) * self._camera.rate_hz)
            index = max(index + 1, late)

    def _frame(self, seconds: float) -> RawFrame:
        return RawFrame(
            camera=self._camera.id,
            view=self._camera.views[0].id,
            counts=self._scene.render(seconds),
            scale_k=SCALE_K,
            offset_k=OFFSET_K,
            taken_at=self._clock() + timedelta(seconds=self._script.clock_ahead_s(seconds)),
        )
