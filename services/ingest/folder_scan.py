"""Which files of a folder are new, and which of them are still being written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canairy.errors import Unavailable
from services.ingest.folder_memory import FileMark

SUFFIX: Final = b".png"
# Written to within the last second: look again later.
SETTLED_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Listing:
    """New files that are whole or damaged, files still being written, all names, and what is no .png."""

    ready: list[FileMark] = field(default_factory=list)
    arriving: list[FileMark] = field(default_factory=list)
    names: set[bytes] = field(default_factory=set)
    ignored: list[bytes] = field(default_factory=list)


class FolderScan:
    """Looks at one folder again and again; `clock` is seconds since 1970, `monotonic` never jumps."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._monotonic = monotonic
        self._first_seen: dict[FileMark, float] = {}

    def look(self, known: set[FileMark]) -> Listing:
        """What is there beside `known`; raises Unavailable when the folder cannot be read."""
        listing = Listing()
        for mark in self._marks(listing):
            if mark in known:
                continue
            if self.quiet_s(mark) >= SETTLED_S:
                listing.ready.append(mark)
            else:
                listing.arriving.append(mark)
        waiting = {*listing.ready, *listing.arriving}
        self._first_seen = {mark: seen for mark, seen in self._first_seen.items() if mark in waiting}
        return listing

    def quiet_s(self, mark: FileMark) -> float:
        """How long a file has been as it is: by its own time, or, where clocks differ, since we first saw it so."""
        now = self._monotonic()
        return max(self._clock() - mark.changed_ns / 1e9, now - self._first_seen.setdefault(mark, now))

    def _marks(self, listing: Listing) -> list[FileMark]:
        marks = []
        try:
            with os.scandir(os.fsencode(self._folder)) as entries:
                for entry in entries:
                    mark = _mark(entry, listing)
                    if mark is not None:
                        marks.append(mark)
        except OSError as error:
            raise Unavailable(f"folder:{self._folder}: {error.strerror or error}") from error
        return marks


def _mark(entry: os.DirEntry[bytes], listing: Listing) -> FileMark | None:
    """The state of one entry; None for folders, hidden files and what is no .png."""
    listing.names.add(entry.name)
    # Copying tools write to hidden names and rename at the end.
    if entry.name.startswith(b"."):
        return None
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except FileNotFoundError:  # gone since the folder was listed
        return None
    if not entry.name.lower().endswith(SUFFIX):
        listing.ignored.append(entry.name)
        return None
    return FileMark(entry.name, status.st_size, status.st_mtime_ns)
