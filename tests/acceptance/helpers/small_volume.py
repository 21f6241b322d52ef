"""A volume of its own (tmpfs) that a test can fill up and free again; skips where mounting is not permitted."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

BALLAST: Final = "ballast"
PIECE: Final = bytes(64 * 1024)
# What is left beside the ballast while it is written: a large volume is made small first, so that memory suffices.
SLACK_BYTES: Final = 4 * 1024 * 1024


class SmallVolume:
    """Mounted at `path`, of `size_bytes`."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.path = path
        self._size_bytes = size_bytes

    def fill(self) -> None:
        """Take all that is free: whoever writes from now on hears ENOSPC."""
        volume = os.statvfs(self.path)
        used = (volume.f_blocks - volume.f_bfree) * volume.f_frsize
        self._resize(used + SLACK_BYTES)
        self.top_up()

    def top_up(self) -> None:
        """Take what was freed meanwhile, too."""
        ballast = os.open(self.path / BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for piece in (PIECE, PIECE[:4096]):
                _write_until_full(ballast, piece)
        finally:
            os.close(ballast)

    def free(self) -> None:
        """Give all of it back."""
        (self.path / BALLAST).unlink(missing_ok=True)
        self._resize(self._size_bytes)

    def _resize(self, size_bytes: int) -> None:
        _run("mount", "-o", f"remount,size={size_bytes}", str(self.path))


def _write_until_full(file: int, piece: bytes) -> None:
    try:
        while True:
            os.write(file, piece)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def small_volume(path: Path, size_bytes: int) -> Iterator[SmallVolume]:
    """The volume, taken down afterwards."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", str(path))
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        pytest.skip(f"no volume can be mounted here: {getattr(error, 'stderr', '') or error}")
    try:
        yield SmallVolume(path, size_bytes)
    finally:
        _run("umount", "-l", str(path))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
