"""The newest frame of a live stream: whoever is slow finds the newest, and how many went by meanwhile is counted."""

from __future__ import annotations

import threading
from typing import Self

from canairy import metrics
from services.ingest.ffmpeg import Decoded, Decoder


class Newest:
    """Reads a decoder in a thread of its own; `with` starts it, and the decoder's end ends it."""

    def __init__(self, camera: str, decoder: Decoder) -> None:
        self.error: Exception | None = None
        self._decoder = decoder
        self._passed_over = metrics.INGEST_PASSED_OVER.labels(camera)
        self._accounted = 0
        self._frame: Decoded | None = None
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name=f"{camera}-newest", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._decoder.stop()
        self._thread.join()

    @property
    def ended(self) -> bool:
        """There will be no more frames than the one that may still be taken."""
        with self._changed:
            return self._ended

    def take(self, timeout_s: float) -> Decoded | None:
        """The newest frame that was not taken yet; None when none comes in time, or ever."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended, timeout_s)
            frame, self._frame = self._frame, None
        if frame is not None:
            self._account()
        return frame

    def _account(self) -> None:
        seen = self._decoder.seen
        self._passed_over.inc(max(0, seen - self._accounted - 1))
        self._accounted = max(seen, self._accounted + 1)

    def _read(self) -> None:
        try:
            for frame in self._decoder.frames():
                with self._changed:
                    self._frame = frame
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001 - told to whoever takes frames
            self.error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
