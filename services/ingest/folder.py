"""The source `folder:PATH`: thermal files of any known format, read once each, in the order of their times and names.

A folder is paced by the broker and never shed. N files in are N accounted for: a frame each, or a dead letter by
name. Files that are still being written are waited for; a relative path is taken from the site file's folder.
The same content under another name is a frame of its own; where the file says when it was taken, it has the same
identifier, and downstream knows it for a repeat.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.log import get_logger
from canairy.site.model import EACH_FILE, Camera
from canairy.thermal.capture_time import capture_time
from canairy.thermal.formats import read_picture
from canairy.thermal.linear_png import IncompleteFile
from services.ingest.folder_file import read_temperatures
from services.ingest.folder_memory import FileMark, FolderMemory
from services.ingest.folder_names import Choice, readable, view_of
from services.ingest.folder_scan import FolderScan, Listing
from services.ingest.folder_time import file_time, told_time
from services.ingest.source import Event, Finished, RawFrame, RawPicture, Unreadable

log = get_logger()
POLL_S: Final = 1.0
# A file that ends too early and has not changed for this long will not be finished any more.
GIVEN_UP_S: Final = 10.0
# Files that are read until those are looked for that are gone: it takes a tenth of a second for 100,000 of them.
FORGET_EVERY: Final = 1000
# Looking at a huge folder takes a while; at most this share of the time is spent on it.
_LOOKING_SHARE: Final = 0.1
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


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
        self._choice = Choice.of(camera)
        self._folder = folder
        self._memory = memory
        self._wait = wait
        self._scan = scan or FolderScan(folder, choice=self._choice)
        self._known = memory.known(camera.id)
        self._position = memory.next_position(camera.id)
        self._lock = threading.Lock()
        self._under_way = 0
        self._finished = False
        self._ignored = 0
        self._read_since_forgetting = 0

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
            if self._read_since_forgetting >= FORGET_EVERY:
                self._forget_gone(listing)
            if self._at_end(waiting):
                yield Finished(self._camera.id)
            if self._wait(max(POLL_S, took_s / _LOOKING_SHARE)):
                return

    def _at_end(self, waiting: int) -> bool:
        """Said once, when nothing waits and the broker has all that was read."""
        with self._lock:
            at_end = not waiting and not self._under_way and not self._finished
            self._finished = self._finished or at_end
            return at_end

    def _forget_gone(self, listing: Listing) -> None:
        """An FTP drop never ends: the names of files that were taken from it must not fill memory and disk."""
        gone = self._memory.forget_gone(self._camera.id, listing.names)
        with self._lock:
            self._known = {mark for mark in self._known if mark.name not in gone}
        self._read_since_forgetting = 0

    def _in_order(self, marks: list[FileMark]) -> list[FileMark]:
        def key(mark: FileMark) -> tuple[datetime, bytes]:
            told = told_time(self._camera, capture_time(self._path(mark)), readable(mark.name))
            return told or _EARLIEST, mark.name

        return sorted(marks, key=key)

    def _read(self, mark: FileMark) -> Event | None:
        """What one file says; None when it is not whole yet, or when it may be the picture of a CSV under way."""
        try:
            view = view_of(self._camera, mark.name)
            return self._picture(mark, view) if self._choice.pictures else self._frame(mark, view)
        except UnreadableFile as error:
            under_way = isinstance(error, IncompleteFile) or self._choice.may_be_company(mark.name)
            if under_way and self._scan.quiet_s(mark) < GIVEN_UP_S:
                return None
            return Unreadable(self._camera.id, os.fsdecode(mark.name), str(error), self._hand_over(mark)[1])

    def _frame(self, mark: FileMark, view: str) -> RawFrame:
        found = read_temperatures(self._path(mark), self._camera, patient=self._scan.quiet_s(mark) < GIVEN_UP_S)
        position, written = self._hand_over(mark)
        when = file_time(self._camera, found.taken_at, readable(mark.name), position)
        return replace(
            found.frame(self._camera.id, view),
            taken_at=when.taken_at,
            assigned=when.assigned,
            file=os.fsdecode(mark.name),
            written=written,
        )

    def _picture(self, mark: FileMark, view: str) -> RawPicture:
        pixels = read_picture(self._path(mark))
        position, written = self._hand_over(mark)
        when = file_time(self._camera, capture_time(self._path(mark)), readable(mark.name), position)
        file = os.fsdecode(mark.name)
        return RawPicture(self._camera.id, view, pixels, when.taken_at, when.assigned, file, written)

    def _path(self, mark: FileMark) -> Path:
        return self._folder / os.fsdecode(mark.name)

    def _hand_over(self, mark: FileMark) -> tuple[int, Callable[[], None]]:
        """The file's position, and what is to be called when broker or dead letters have it."""
        with self._lock:
            position = self._position
            self._position += 1
            self._under_way += 1
            self._known.add(mark)
        self._read_since_forgetting += 1
        return position, partial(self._written, mark, position)

    def _written(self, mark: FileMark, position: int) -> None:
        self._memory.remember(self._camera.id, mark, position)
        with self._lock:
            self._under_way -= 1

    def _tell_ignored(self, listing: Listing) -> None:
        if len(listing.ignored) != self._ignored:
            self._ignored = len(listing.ignored)
            log.info("files ignored: no frames of this camera", camera=self._camera.id, count=self._ignored)
