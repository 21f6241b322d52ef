"""The source `video:PATH`: a recording, every frame of it once, in its own time, at the broker's pace.

It begins when its container says (`creation_time`), else when its name does by `time_pattern`, else at `starts_at` or
on 1 January 2000, flagged `time_assigned`; each frame is as much later as the recording says, so a replay is exact. A
file that is still being written is waited for, one that was read to its end is not read again after a restart, and
one that is replaced is a new one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from canairy.errors import ConfigurationError, Unavailable, UnreadableFile
from canairy.log import get_logger
from canairy.site.model import EACH_FILE, Camera
from services.ingest.decoded import When, as_event
from services.ingest.ffmpeg import Decoded, Decoder
from services.ingest.folder_memory import FileMark, FolderMemory
from services.ingest.folder_time import FileTime, file_time
from services.ingest.source import Event, Finished, Unreadable

log = get_logger()
POLL_S: Final = 1.0


class VideoSource:
    """One camera whose frames are in one file. `wait` pauses for seconds and answers whether the service stops."""

    def __init__(self, camera: Camera, path: Path, memory: FolderMemory, wait: Callable[[float], bool]) -> None:
        """Raises ConfigurationError when it cannot be told which view the recording shows."""
        if len(camera.views) != 1 or camera.views[0].id == EACH_FILE:
            raise ConfigurationError(f"{camera.id}: a video shows one view, by its name")
        self._camera = camera
        self._path = path
        self._memory = memory
        self._wait = wait
        self._known = memory.known(camera.id)
        self._lock = threading.Lock()
        self._under_way = 0
        self._read: FileMark | None = None
        self._finished = False

    def events(self) -> Iterator[Event]:
        """Frames of the recording, then its end; raises Unavailable when the file cannot be read."""
        last = None
        while True:
            mark = self._mark()
            if mark not in self._known and mark != self._read and mark == last:
                yield from self._frames(mark)
            if self._at_end(mark):
                yield Finished(self._camera.id)
            last = mark
            if self._wait(POLL_S):
                return

    def _mark(self) -> FileMark:
        try:
            status = self._path.stat()
        except OSError as error:
            raise Unavailable(f"video:{self._path}: {error.strerror or error}") from error
        return FileMark(os.fsencode(self._path.name), status.st_size, status.st_mtime_ns)

    def _frames(self, mark: FileMark) -> Iterator[Event]:
        self._finished = False
        count = 0
        # `file:` so that no name is taken for an address or an option.
        with Decoder(self._camera.id, ("-protocol_whitelist", "file", "-i", f"file:{self._path}")) as decoder:
            try:
                for decoded in decoder.frames():
                    yield self._event(decoded, decoder.created_at, count)
                    count += 1
                    if self._wait(0):
                        return
                if decoder.failed or not count:
                    yield self._unreadable(decoder.reason or "there is no picture in it")
            except UnreadableFile as error:
                yield self._unreadable(str(error))
            if decoder.reason:
                log.warning("recording damaged", camera=self._camera.id, file=self._name, reason=decoder.reason)
        self._read = mark

    def _event(self, decoded: Decoded, created_at: datetime | None, position: int) -> Event:
        began = self._began(created_at)
        offset_s = position / self._camera.rate_hz if decoded.pts_s is None else decoded.pts_s
        taken_at = began.taken_at + timedelta(seconds=offset_s)
        assigned = began.assigned or decoded.pts_s is None
        return self._handed_over(as_event(self._camera, decoded, When(taken_at, assigned, self._name, self._written)))

    def _began(self, created_at: datetime | None) -> FileTime:
        return file_time(self._camera, created_at, self._name, 0)

    def _unreadable(self, reason: str) -> Event:
        return self._handed_over(Unreadable(self._camera.id, self._name, f"{self._name}: {reason}", self._written))

    @property
    def _name(self) -> str:
        return self._path.name

    def _at_end(self, mark: FileMark) -> bool:
        """Said once, when the broker has all of it; only then is the recording one that has been read."""
        with self._lock:
            done = mark in self._known or (mark == self._read and not self._under_way)
            at_end = done and not self._finished
            self._finished = self._finished or at_end
        if at_end and mark not in self._known:
            self._memory.remember(self._camera.id, mark, self._memory.next_position(self._camera.id))
            self._known.add(mark)
        return at_end

    def _handed_over(self, event: Event) -> Event:
        with self._lock:
            self._under_way += 1
        return event

    def _written(self) -> None:
        with self._lock:
            self._under_way -= 1
