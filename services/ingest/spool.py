"""What waits on disk for a broker that is away: first in, first out, bounded, and whole after a crash.

SQLite in WAL mode keeps it: every append is a transaction, so a torn tail after a crash is cut off by SQLite itself,
and space is used again. When it is full the oldest frames go, each time one of the camera that holds most of the
spool, so that a fast camera does not push out a slow one; camera states and measurements go only when no frame is
left. What was written twice because a crash came between broker and disk is recognised downstream by its identifier.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from canairy.errors import Unavailable
from canairy.log import get_logger
from canairy.stream.broker import Outgoing
from services.ingest.database import open_database
from services.ingest.parcel import Parcel, size_bytes
from services.ingest.tally import NO_FRAME, Tally, added, camera_of

log = get_logger()
FILE_NAME: Final = "spool.db"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    camera TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    headers TEXT NOT NULL,
    captured_at TEXT,
    value BLOB
);
CREATE INDEX IF NOT EXISTS oldest_of_camera ON message (camera, seq);
"""
_INSERT: Final = (
    "INSERT INTO message (camera, bytes, topic, key, headers, captured_at, value) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
# The first release did not know when a frame was captured.
_LATER_COLUMN: Final = "ALTER TABLE message ADD COLUMN captured_at TEXT"


class SpoolUnwritable(Unavailable):
    """The disk does not take what should wait on it; the text says why."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """One message in the spool, and its number in it."""

    seq: int
    message: Outgoing


class Spool:
    """A queue of messages in `folder`, of at most `limit_bytes`; for one thread at a time."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Open it with what a former run left in it; raises ConfigurationError when the folder cannot be used."""
        self._limit_bytes = limit_bytes
        self._database = open_database(folder / FILE_NAME, _SCHEMA)
        with suppress(sqlite3.OperationalError):
            self._database.execute(_LATER_COLUMN)
        held = self._database.execute("SELECT camera, SUM(bytes) FROM message GROUP BY camera")
        self._held: Counter[str] = Counter(dict(held.fetchall()))
        self._sent = 0
        self._being_sent = 0
        self._under_way: dict[str, Tally] = {}

    @property
    def size_bytes(self) -> int:
        """What waits."""
        return self._held.total()

    def __len__(self) -> int:
        query = "SELECT COUNT(*) FROM message WHERE seq > ?"
        count: int = self._database.execute(query, (self._sent,)).fetchone()[0]
        return count

    def kept(self) -> dict[str, Tally]:
        """What waits, by camera."""
        query = (
            "SELECT camera, COUNT(*), MIN(captured_at), MAX(captured_at) FROM message WHERE seq > ? "
            "GROUP BY camera ORDER BY camera"
        )
        rows = self._database.execute(query, (self._sent,))
        return {camera: Tally(count, _moment(first), _moment(last)) for camera, count, first, last in rows}

    def append(self, parcels: Iterable[Parcel]) -> dict[str, Tally]:
        """Put parcels at the end, in one transaction; answers what was dropped for good, by camera.

        Raises:
            SpoolUnwritable: the disk is full or broken; nothing of these parcels was kept.
        """
        held, under_way = self._held.copy(), self._under_way
        try:
            with self._database:
                for parcel in parcels:
                    self._insert(parcel)
                dropped = self._make_room()
        except sqlite3.Error as error:
            self._held, self._under_way = held, under_way
            raise SpoolUnwritable(f"spool cannot be written: {error}") from error
        return dropped

    def oldest(self, limit: int, limit_bytes: int) -> list[Spooled]:
        """The first messages, at most `limit` and, but for the first, at most `limit_bytes`."""
        found: list[Spooled] = []
        query = "SELECT seq, bytes, topic, key, headers, value FROM message WHERE seq > ? ORDER BY seq"
        rows = self._database.execute(query, (self._sent,))
        for seq, size, topic, key, headers, value in rows:
            limit_bytes -= size
            if found and (limit_bytes < 0 or len(found) >= limit):
                break
            found.append(Spooled(seq, Outgoing(topic, key, value, _headers(headers))))
        rows.close()
        return found

    def newest(self) -> int:
        """The number of the last message; 0 when there is none."""
        number: int = self._database.execute("SELECT COALESCE(MAX(seq), 0) FROM message").fetchone()[0]
        return number

    def being_sent(self, through: int) -> None:
        """The messages up to number `through` are under way: whether one that is dropped now is lost, will be known."""
        self._being_sent = through

    def settled(self) -> dict[str, Tally]:
        """What was dropped of what was under way: lost, unless the broker has it."""
        dropped, self._under_way, self._being_sent = self._under_way, {}, 0
        return dropped

    def remove(self, through: int) -> None:
        """Forget the messages up to number `through`, which the broker has."""
        query = "SELECT camera, SUM(bytes) FROM message WHERE seq > ? AND seq <= ? GROUP BY camera"
        self._held -= Counter(dict(self._database.execute(query, (self._sent, through)).fetchall()))
        self._sent = max(self._sent, through)
        try:
            with self._database:
                self._database.execute("DELETE FROM message WHERE seq <= ?", (self._sent,))
            if not self._held:
                self._database.execute("PRAGMA incremental_vacuum").fetchall()
        except sqlite3.OperationalError as error:
            # A full disk takes no deletion either. They are not sent again by this process, and go with the next.
            log.warning("spool cannot be cleared", reason=str(error))

    def close(self) -> None:
        """Write everything to its place and let go of the file."""
        self._database.close()

    def _insert(self, parcel: Parcel) -> None:
        camera, at = camera_of(parcel), None if parcel.captured_at is None else parcel.captured_at.isoformat()
        for message in parcel.messages:
            headers = json.dumps({name: value.decode("latin-1") for name, value in message.headers.items()})
            size = size_bytes(message)
            row = (camera, size, message.topic, message.key, headers, at, message.value)
            self._database.execute(_INSERT, row)
            self._held[camera] += size

    def _make_room(self) -> dict[str, Tally]:
        dropped: dict[str, Tally] = {}
        while self._held.total() > self._limit_bytes:
            camera = self._largest()
            oldest = "SELECT seq, bytes, captured_at FROM message WHERE camera = ? AND seq > ? ORDER BY seq LIMIT 1"
            seq, size, at = self._database.execute(oldest, (camera, self._sent)).fetchone()
            self._database.execute("DELETE FROM message WHERE seq = ?", (seq,))
            self._held[camera] -= size
            self._held += Counter()  # without cameras that hold nothing
            one = {camera: Tally(1, _moment(at), _moment(at))}
            if seq <= self._being_sent:
                self._under_way = added(self._under_way, one)
            else:
                dropped = added(dropped, one)
        return dropped

    def _largest(self) -> str:
        cameras = [camera for camera in self._held if camera != NO_FRAME]
        return max(cameras, key=lambda camera: (self._held[camera], camera), default=NO_FRAME)


def _headers(text: str) -> dict[str, bytes]:
    return {name: value.encode("latin-1") for name, value in json.loads(text).items()}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
