"""One ingest at a time in a folder: two would take messages out of the same spool twice."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from canairy.errors import ConfigurationError


def take_folder(folder: Path) -> int:
    """Hold `folder` for as long as this process lives; answers the lock's file descriptor.

    Raises:
        ConfigurationError: it cannot be written, or another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: {error.strerror}. Set CANAIRY_SPOOL_DIR to a folder to write in"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise ConfigurationError(f"{folder}: another ingest uses it. Give each its own CANAIRY_SPOOL_DIR") from error
    return lock
