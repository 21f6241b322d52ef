"""The newest frames of a live stream: whoever is slow finds those, and how many went by meanwhile is counted."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final, Self

from canairy import metrics
from services.ingest.ffmpeg import Decoded, Decoder

# The decoder has chosen one a period. Networks and busy machines give them in pairs, and neither is old then.
_KEPT: Final = 2


class Newest:
    """Reads a decoder in a thread of its own; `with` starts it, and the decoder's end ends it."""

    def __init__(self, camera: str, decoder: Decoder) -> None:
        self.error: Exception | None = None
        self._decoder = decoder
        self._passed_over = metrics.INGEST_PASSED_OVER.labels(camera)
        self._accounted = 0
        self._frames: deque[Decoded] = deque(maxlen=_KEPT)
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
        """The older of the newest two that were not taken yet; None when none comes in time, or ever."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._ended, timeout_s)
            frame = self._frames.popleft() if self._frames else None
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
                    self._frames.append(frame)
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001 - told to whoever takes frames
            self.error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
