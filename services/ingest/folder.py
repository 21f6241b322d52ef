"""The source `folder:PATH`: a recording of 16-bit PNG files, read once each, in the order of their times and names.

A folder is paced by the broker and never shed. N files in are N accounted for: a frame each, or a dead letter by
name. Files that are still being written are waited for; a relative path is taken from the site file's folder.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.log import get_logger
from canairy.site.model import EACH_FILE, Camera
from canairy.thermal.linear_png import IncompleteFile, LinearFrame, read_creation_time, read_linear_png
from services.ingest.folder_memory import FileMark, FolderMemory
from services.ingest.folder_scan import FolderScan, Listing
from services.ingest.folder_time import file_time, time_in_name
from services.ingest.source import Event, Finished, RawFrame, Unreadable

log = get_logger()
POLL_S: Final = 1.0
# A file that ends too early and has not changed for this long will not be finished any more.
GIVEN_UP_S: Final = 10.0
# Looking at a huge folder takes a while; at most this share of the time is spent on it.
_LOOKING_SHARE: Final = 0.1
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_NAME_CHARACTERS: Final = 100


class FolderSource:
    """One camera whose frames are files. `wait` pauses for seconds and answers whether the service stops."""

    def __init__(
        self,
        camera: Camera,
        folder: Path,
        memory: FolderMemory,
        wait: Callable[[float], bool],
        scan: FolderScan | None = None,
    ) -> None:
        """Raises ConfigurationError when it cannot be told which view a file shows."""
        if len(camera.views) != 1:
            raise ConfigurationError(f"{camera.id}: a folder shows one view, or '{EACH_FILE}' for each file its own")
        self._camera = camera
        self._view = camera.views[0].id
        self._folder = folder
        self._memory = memory
        self._wait = wait
        self._scan = scan or FolderScan(folder)
        self._known = memory.known(camera.id)
        self._position = memory.next_position(camera.id)
        self._lock = threading.Lock()
        self._under_way = 0
        self._finished = False
        self._ignored = 0

    def events(self) -> Iterator[Event]:
        """Frames and bad files as they appear; raises Unavailable when the folder cannot be read."""
        while True:
            began = time.monotonic()
            listing = self._scan.look(self._known)
            self._tell_ignored(listing)
            took_s = time.monotonic() - began
            waiting = len(listing.arriving)
            for mark in self._in_order(listing.ready):
                event = self._read(mark)
                if event is None:
                    waiting += 1
                    continue
                self._finished = False
                yield event
            if self._at_end(waiting):
                self._memory.forget_gone(self._camera.id, listing.names)
                yield Finished(self._camera.id)
            if self._wait(max(POLL_S, took_s / _LOOKING_SHARE)):
                return

    def _at_end(self, waiting: int) -> bool:
        """Said once, when nothing waits and the broker has all that was read."""
        with self._lock:
            at_end = not waiting and not self._under_way and not self._finished
            self._finished = self._finished or at_end
            return at_end

    def _in_order(self, marks: list[FileMark]) -> list[FileMark]:
        def key(mark: FileMark) -> tuple[datetime, bytes]:
            name = os.fsdecode(mark.name)
            told = read_creation_time(self._folder / name) or time_in_name(name, self._camera.time_pattern)
            return told or _EARLIEST, mark.name

        return sorted(marks, key=key)

    def _read(self, mark: FileMark) -> Event | None:
        """What one file says; None when it is not whole yet."""
        name = os.fsdecode(mark.name)
        scale = self._camera.scale
        try:
            view = self._view_of(name)
            frame = read_linear_png(self._folder / name, scale.scale_k, scale.offset_c)
        except IncompleteFile as error:
            if self._scan.quiet_s(mark) < GIVEN_UP_S:
                return None
            return Unreadable(self._camera.id, name, str(error), self._hand_over(mark)[1])
        except UnreadableFile as error:
            return Unreadable(self._camera.id, name, str(error), self._hand_over(mark)[1])
        return self._frame(frame, view, name, *self._hand_over(mark))

    def _frame(self, frame: LinearFrame, view: str, name: str, position: int, written: Callable[[], None]) -> RawFrame:
        when = file_time(self._camera, frame.created_at, name, position)
        return RawFrame(
            camera=self._camera.id,
            view=view,
            counts=frame.counts,
            scale_k=frame.scale_k,
            offset_k=frame.offset_k,
            taken_at=when.taken_at,
            assigned=when.assigned,
            file=name,
            written=written,
        )

    def _view_of(self, name: str) -> str:
        """The view that a file shows: the camera's, or where each file is its own, the file's name."""
        if self._view != EACH_FILE:
            return self._view
        stem = PurePath(name).stem
        if not stem.isprintable() or stem.startswith("_") or len(stem) > _NAME_CHARACTERS:
            raise UnreadableFile(
                f"{stem[:_NAME_CHARACTERS]!r} cannot be a view's name: at most {_NAME_CHARACTERS} printable "
                "characters, and no underscore first"
            )
        return stem

    def _hand_over(self, mark: FileMark) -> tuple[int, Callable[[], None]]:
        """The file's position, and what is to be called when broker or dead letters have it."""
        with self._lock:
            position = self._position
            self._position += 1
            self._under_way += 1
            self._known.add(mark)
        return position, partial(self._written, mark, position)

    def _written(self, mark: FileMark, position: int) -> None:
        self._memory.remember(self._camera.id, mark, position)
        with self._lock:
            self._under_way -= 1

    def _tell_ignored(self, listing: Listing) -> None:
        if len(listing.ignored) != self._ignored:
            self._ignored = len(listing.ignored)
            log.info("files ignored: not .png", camera=self._camera.id, count=self._ignored)
