"""A source that runs in a thread of its own, and what it has said so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from services.ingest.source import Event, Failed, RawFrame, RawPicture, Source


class Watching:
    """`make` gets the `wait` of a service that stops when this ends; a source that does not end fails the test."""

    def __init__(self, make: Callable[[Callable[[float], bool]], Source]) -> None:
        self._stop = threading.Event()
        self._source = make(self._stop.wait)
        self._events: list[tuple[float, Event]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive(), "the source does not end"

    @property
    def frames(self) -> list[RawFrame | RawPicture]:
        """All frames so far."""
        return [event for _, event in self._events if isinstance(event, RawFrame | RawPicture)]

    @property
    def reasons(self) -> list[str]:
        """Why there were none, each time."""
        return [event.reason for _, event in self._events if isinstance(event, Failed)]

    def until_frame(self, within_s: float = 15.0) -> float:
        """Wait for a frame that comes from now on; how long that took, seconds."""
        began = time.monotonic()
        self.until(
            lambda: any(at >= began and not isinstance(it, Failed) for at, it in self._events), "frame", within_s
        )
        return time.monotonic() - began

    def until_failure(self, why: str, within_s: float = 15.0) -> str:
        """Wait until it has failed for a reason that holds `why`; the reason."""
        self.until(lambda: any(why in reason for reason in self.reasons), f"{why!r} in {self.reasons}", within_s)
        return next(reason for reason in self.reasons if why in reason)

    def until(self, true: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
        """Wait until it is true."""
        deadline = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < deadline, f"never came: {what}"
            assert self._thread.is_alive(), "the source has ended"
            time.sleep(0.02)

    def _run(self) -> None:
        for event in self._source.events():
            self._events.append((time.monotonic(), event))
