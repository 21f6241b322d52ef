"""Open one of ingest's SQLite files; one that is damaged is set aside, since new frames matter more than old ones."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from canairy.errors import ConfigurationError
from canairy.log import get_logger

log = get_logger()


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """The database in `path` with `schema`, for several threads that take turns.

    Raises:
        ConfigurationError: the folder or file cannot be used, or another process uses it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _connected(path, schema)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror}. Set CANAIRY_SPOOL_DIR to a folder that can be written"
        ) from error
    except sqlite3.OperationalError as error:
        raise ConfigurationError(f"{path}: {error}. Is its folder writable, or its disk full?") from error
    except sqlite3.DatabaseError as error:
        return _started_anew(path, schema, error)


def _started_anew(path: Path, schema: str, error: sqlite3.DatabaseError) -> sqlite3.Connection:
    aside = path.with_suffix(".damaged")
    log.error("file damaged, started anew", file=str(path), kept_as=str(aside), reason=str(error))
    path.replace(aside)
    for rest in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + rest).unlink()
    return _connected(path, schema)


def _connected(path: Path, schema: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        database.execute("PRAGMA auto_vacuum=INCREMENTAL")
        database.execute("PRAGMA journal_mode=WAL")
        # In WAL mode NORMAL survives a crash of ingest whole; loss of power may take the last second, never more.
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(schema)
        _check(database)
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection) -> None:
    found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)
