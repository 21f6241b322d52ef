"""Cameras that are played for a benchmark: RTSP servers that show pictures, and folders into which files are dropped.

What they show is simulated (the yard of the demo, 640x512), and rendered and packed before any clock runs.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.rtsp_server import RtspServer, shown_again_and_again
from canairy.simulator.scenarios import camera_script
from canairy.simulator.scene import Scene

# Thermal cameras that may be exported show nine frames a second.
STREAM_HZ: Final = 9
TIME_PATTERN: Final = "%Y%m%d-%H%M%S-%f"
# The pictures of a stream begin anew after so many, the files of a folder too; each differs from the next by its noise.
_PICTURES: Final = 5 * STREAM_HZ
# A folder holds the files of so long, as a drop does from which old files are taken.
_KEPT_S: Final = 60.0
# A camera's grey levels: the temperatures of the scene from black to white.
_DARK, _BRIGHT = 0.5, 99.5


def rendered() -> list[npt.NDArray[np.uint16]]:
    """Frames of a scene that stands still, uint16 (512, 640), 0.01 K a count."""
    scene = Scene(camera_script("demo/cam-02", "played"))
    return [scene.render(number / STREAM_HZ) for number in range(_PICTURES)]


@contextmanager
def streams(count: int, frames: Sequence[npt.NDArray[np.uint16]], folder: Path) -> Iterator[list[str]]:
    """So many RTSP servers that show the frames as H.264; their sources, as a site file has them."""
    folder.mkdir()
    low, high = np.percentile(frames[0], (_DARK, _BRIGHT))
    for number, frame in enumerate(frames):
        grey = np.clip((frame - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number:03d}.png"), grey)
    pipeline = shown_again_and_again(folder / "%03d.png", STREAM_HZ, len(frames))
    with ExitStack() as playing:
        yield [playing.enter_context(RtspServer(pipeline)).source for _ in range(count)]


class Drop:
    """Drops a 16-bit PNG into each folder `rate_hz` times a second, as FTP does: whole, by renaming it at the end."""

    def __init__(self, folders: Sequence[Path], frames: Sequence[npt.NDArray[np.uint16]], rate_hz: float) -> None:
        self._folders = folders
        self._files = [cv2.imencode(".png", frame)[1].tobytes() for frame in frames] if folders else []
        self._period_s = 1 / rate_hz
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drop", daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """As long as the block lasts."""
        for folder in self._folders:
            folder.mkdir(parents=True)
        self._thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._thread.join()

    def _run(self) -> None:
        begun, count = time.monotonic(), len(self._folders)
        # Evenly apart: cameras know nothing of each other.
        due = [(begun + number / max(count, 1) * self._period_s, number, 0) for number in range(count)]
        while due and not self._stopping.wait(max(0.0, due[0][0] - time.monotonic())):
            at_s, number, dropped = due[0]
            self._drop(self._folders[number], self._files[(dropped + number) % len(self._files)])
            heapq.heapreplace(due, (at_s + self._period_s, number, dropped + 1))

    def _drop(self, folder: Path, content: bytes) -> None:
        now = datetime.now(UTC)
        hidden, name = folder / ".part", folder / f"{now:{TIME_PATTERN}}.png"
        hidden.write_bytes(content)
        hidden.rename(name)
        for file in folder.glob("[0-9]*.png"):
            if now.timestamp() - file.stat().st_mtime > _KEPT_S:
                file.unlink()
