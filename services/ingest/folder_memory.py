"""Which files of which folder have been written, on disk: a restart does not read them again.

A file is known by name, size and time of change, so one that was replaced is a new one. Each has a position in the
order of reading, from 0; without a time of its own, its time is counted from that.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from canairy.log import get_logger
from services.ingest.database import open_database

log = get_logger()

FILE_NAME: Final = "folders.db"
# Of one camera; the names of files that are gone make room first come, first served.
REMEMBERED: Final = 100_000
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS done (
    camera TEXT NOT NULL,
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (camera, name)
);
"""

_Row = tuple[str, bytes, int, int, int]


@dataclass(frozen=True, slots=True)
class FileMark:
    """One state of one file: `name` as the file system has it, `changed_ns` since 1970."""

    name: bytes
    size: int
    changed_ns: int


class FolderMemory:
    """For all folders of a site; called by their threads and by the writer's."""

    def __init__(self, folder: Path) -> None:
        """Open it in `folder`; raises ConfigurationError when that cannot be used."""
        self._database = open_database(folder / FILE_NAME, _SCHEMA)
        self._lock = threading.Lock()
        # What the disk did not take: written with the next file, so that positions never leave a gap behind.
        self._owed: dict[tuple[str, bytes], _Row] = {}

    def known(self, camera: str) -> set[FileMark]:
        """The files of a camera that have been written."""
        query = "SELECT name, size, changed_ns FROM done WHERE camera = ?"
        with self._lock:
            return {FileMark(*row) for row in self._database.execute(query, (camera,))}

    def next_position(self, camera: str) -> int:
        """The position of the next file of a camera."""
        query = "SELECT COALESCE(MAX(position) + 1, 0) FROM done WHERE camera = ?"
        with self._lock:
            position: int = self._database.execute(query, (camera,)).fetchone()[0]
            return position

    def remember(self, camera: str, mark: FileMark, position: int) -> None:
        """A file has been written."""
        with self._lock:
            self._owed[camera, mark.name] = (camera, mark.name, mark.size, mark.changed_ns, position)
            try:
                self._pay()
            except sqlite3.OperationalError as error:
                # A restart before it is written reads it again, and downstream recognises the repeat.
                log.warning(
                    "file not remembered yet",
                    camera=camera,
                    file=repr(mark.name),
                    owed=len(self._owed),
                    reason=str(error),
                )

    def forget_gone(self, camera: str, there: set[bytes], limit: int = REMEMBERED) -> set[bytes]:
        """Of more than `limit` files, forget those that are no longer in the folder (`there`); their names."""
        gone = sorted({mark.name for mark in self.known(camera)} - there)
        try:
            with self._lock, self._database:
                count = self._database.execute("SELECT COUNT(*) FROM done WHERE camera = ?", (camera,)).fetchone()[0]
                forgotten = gone[: max(0, count - limit)]
                names = ((camera, name) for name in forgotten)
                self._database.executemany("DELETE FROM done WHERE camera = ? AND name = ?", names)
        except sqlite3.OperationalError as error:
            log.warning("files not forgotten yet", camera=camera, reason=str(error))
            return set()
        return set(forgotten)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            with suppress(sqlite3.OperationalError):
                self._pay()
            self._database.close()

    def _pay(self) -> None:
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?)", self._owed.values())
        self._owed.clear()
