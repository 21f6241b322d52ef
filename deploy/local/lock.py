"""One stack a data folder: a lock that the kernel frees when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canairy.errors import ConfigurationError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder`'s lock; raises ConfigurationError with the holder's process id when another stack has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ConfigurationError(
                f"{folder}: a stack already runs here (process {lock.read().strip() or 'unknown'}): "
                "stop it with Ctrl-C or SIGTERM, or give another folder with --data"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
