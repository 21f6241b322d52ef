"""An RTSP camera is killed and comes back: `python -m benchmarks.rtsp_restarts [--cycles 50] [--out FILE]`.

The camera is a real RTSP server (gst-rtsp-server) that sends H.264 at 10 Hz with a key frame a second; it is killed,
stays away for 0 to 4 s, and comes back on the same port. Frames must flow again within 5 s of its return, each time,
and this process and its decoder must not grow: resident memory after each cycle, as a line through all of them.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import linear_regression, median
from typing import Final

import psutil

from benchmarks.machine import describe
from benchmarks.rtsp_server import RtspServer, h264
from canairy.secrets import Secrets
from canairy.site.model import Camera, View
from services.ingest.rtsp import RtspSource
from services.ingest.source import RawFrame, RawPicture

CYCLES: Final = 50
WITHIN_S: Final = 5.0
_PATIENCE_S: Final = 60.0
# The interpreter fills its caches in the first connections.
_WARM_UP: Final = 2
_SHAPE: Final = (512, 640)


@dataclass(frozen=True, slots=True)
class Restarts:
    """`flows_again_s`: from the camera's return to the next frame. `grows_mb`: by the line through all cycles."""

    flows_again_s: list[float]
    memory_mb: list[float]

    @property
    def grows_mb(self) -> float:
        """How much memory rises from the first cycle to the last, megabytes."""
        cycles = range(len(self.memory_mb))
        return linear_regression(cycles, self.memory_mb).slope * len(self.memory_mb)

    @property
    def kept(self) -> bool:
        """Within 5 s, each time."""
        return max(self.flows_again_s) <= WITHIN_S


class _Watched:
    """A source in a thread, and when its newest frame came."""

    def __init__(self, source: str) -> None:
        self.newest_s = 0.0
        self._stop = threading.Event()
        camera = Camera(id="cam-01", source=source, rate_hz=5.0, views=(View(id="bay-1"),))
        self._source = RtspSource(camera, Secrets(None), self._stop.wait)
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def flows_after(self, moment_s: float) -> float:
        """Seconds from `moment_s` (monotonic) to the first frame after it."""
        deadline = time.monotonic() + _PATIENCE_S
        while (newest_s := self.newest_s) <= moment_s:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no frame for {_PATIENCE_S:.0f} s")
            time.sleep(0.01)
        return newest_s - moment_s

    def _run(self) -> None:
        for event in self._source.events():
            if isinstance(event, RawFrame | RawPicture):
                self.newest_s = time.monotonic()


def measure(cycles: int) -> Restarts:
    """Kill and restart the camera so many times; the first two warm up and count for time alone."""
    took, memory = [], []
    with RtspServer(h264(shape=_SHAPE)) as server:
        watched = _Watched(server.source)
        with watched.running():
            watched.flows_after(0.0)
            for cycle in range(cycles):
                server.kill()
                time.sleep(cycle % 5)
                server.start()
                took.append(watched.flows_after(time.monotonic()))
                if cycle >= _WARM_UP:
                    memory.append(_memory_mb())
    return Restarts(took, memory)


def _memory_mb() -> float:
    """Of this process and its decoders; not of the server, which is its child too."""
    me = psutil.Process()
    decoders = [child for child in me.children(recursive=True) if child.name() == "ffmpeg"]
    rss: int = sum(process.memory_info().rss for process in (me, *decoders))
    return rss / 1e6


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    found = measure(arguments.cycles)
    print(
        f"{arguments.cycles} restarts: frames flow again after {median(found.flows_again_s):.2f} s (median), "
        f"{max(found.flows_again_s):.2f} s at most; memory {found.memory_mb[0]:.0f} to {found.memory_mb[-1]:.0f} MB, "
        f"{found.grows_mb:+.1f} MB by the line"
    )
    if arguments.out is not None:
        told = {"machine": describe(), "kept": found.kept, "grows_mb": found.grows_mb, **asdict(found)}
        arguments.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(0 if found.kept else 1)


if __name__ == "__main__":
    main()
