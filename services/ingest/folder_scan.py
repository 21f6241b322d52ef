"""Which files of a folder are new, and which of them are still being written.

With `subfolders` the folders inside are looked into too, as cameras make them that send by FTP (a folder a day): a
file's name is then its path within the folder. Links to folders are not followed, so that none is walked in a circle.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canairy.errors import Unavailable
from services.ingest.folder_memory import FileMark
from services.ingest.folder_names import Choice

# Written to within the last second: look again later.
SETTLED_S: Final = 1.0
# Folders within each other: year, month, day and hour are four.
DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Listing:
    """New files that are whole or damaged, files still being written, all names, and files that are no frames."""

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
        choice: Choice | None = None,
    ) -> None:
        self._folder = folder
        self._choice = choice or Choice()
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
        try:
            marks = [mark for entry in self._entries(b"", listing) if (mark := _mark(*entry)) is not None]
        except OSError as error:
            raise Unavailable(f"folder:{self._folder}: {error.strerror or error}") from error
        beside = self._choice.company(listing.names)
        listing.ignored.extend(beside.intersection(mark.name for mark in marks))
        return [mark for mark in marks if mark.name not in beside]

    def _entries(self, inside: bytes, listing: Listing) -> Iterator[tuple[bytes, os.DirEntry[bytes]]]:
        """Every file that may be a frame, with its path within the folder; `inside` is empty, or ends in /."""
        with os.scandir(os.fsencode(self._folder) + b"/" + inside) as entries:
            for entry in entries:
                # Copying tools write to hidden names and rename at the end.
                if entry.name.startswith(b"."):
                    continue
                name = inside + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if self._choice.subfolders and name.count(b"/") < DEEPEST:
                        yield from self._within(name + b"/", listing)
                    continue
                listing.names.add(name)
                if self._choice.takes(name):
                    yield name, entry
                else:
                    listing.ignored.append(name)

    def _within(self, name: bytes, listing: Listing) -> Iterator[tuple[bytes, os.DirEntry[bytes]]]:
        try:
            yield from self._entries(name, listing)
        except FileNotFoundError:  # gone since the folder above was listed
            return


def _mark(name: bytes, entry: os.DirEntry[bytes]) -> FileMark | None:
    """The state of one file; None for what is no file, or gone since the folder was listed."""
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except FileNotFoundError:
        return None
    return FileMark(name, status.st_size, status.st_mtime_ns)
