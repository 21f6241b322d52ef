"""Whose file is it, and what do its name and its neighbours say? Names are bytes on disk and may be in any encoding.

A camera's files are those of its folder, or with `files` in the site file those whose name fits that pattern, in
capitals or not: two cameras may share one folder. Of data set 514 a frame is the CSV; the JPG and the JSON of the same
name beside it are its company: they are neither frames nor mistakes.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final, Self

from canairy.errors import UnreadableFile
from canairy.site.model import EACH_FILE, Camera
from canairy.thermal.formats import SUFFIXES

_TEMPERATURES: Final = tuple(os.fsencode(suffix) for suffix in sorted(SUFFIXES))
_PICTURES: Final = (b".png", b".jpg", b".jpeg")
# Whose company a file may be, and of what kinds that company is.
_LEADING: Final = b".csv"
_COMPANY: Final = (b".jpg", b".jpeg", b".json")
_NAME_CHARACTERS: Final = 100
# Of names that are not UTF-8: what Windows in Korea writes.
_ELSEWHERE: Final = "cp949"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files of a folder are a camera's frames. `pictures`: 8-bit ones, and no temperatures."""

    pattern: str | None = None
    subfolders: bool = False
    pictures: bool = False

    @classmethod
    def of(cls, camera: Camera) -> Self:
        """As the site file says."""
        return cls(camera.files, camera.subfolders, camera.pictures)

    def takes(self, name: bytes) -> bool:
        """Whether a file of this name (relative to the folder, "/" between folders) may be a frame of the camera."""
        if not name.lower().endswith(_PICTURES if self.pictures else _TEMPERATURES):
            return False
        own = readable(name.rpartition(b"/")[2]).lower()
        return self.pattern is None or fnmatchcase(own, self.pattern.lower())

    def company(self, names: Collection[bytes]) -> set[bytes]:
        """Those of `names` that stand beside a CSV of the same name: its picture and its label."""
        if self.pictures:
            return set()
        leaders = {_stem(name) for name in names if name.lower().endswith(_LEADING)}
        return {name for name in names if name.lower().endswith(_COMPANY) and _stem(name) in leaders}

    def may_be_company(self, name: bytes) -> bool:
        """Whether its CSV may still be on its way."""
        return not self.pictures and name.lower().endswith(_COMPANY)


def _stem(name: bytes) -> bytes:
    return name.rpartition(b".")[0]


def readable(name: bytes) -> str:
    """As people read it: UTF-8, else CP949; a byte that is neither stands as half a character (surrogateescape)."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        pass
    try:
        return name.decode(_ELSEWHERE)
    except UnicodeDecodeError:
        return os.fsdecode(name)


def view_of(camera: Camera, name: bytes) -> str:
    """The view that a file shows: the camera's, or where each file is its own, the file's name without its suffix.

    Raises UnreadableFile when that can be nobody's name.
    """
    if camera.views[0].id != EACH_FILE:
        return camera.views[0].id
    stem = PurePosixPath(readable(name)).stem
    if not stem.isprintable() or stem.startswith("_") or len(stem) > _NAME_CHARACTERS:
        raise UnreadableFile(
            f"{stem[:_NAME_CHARACTERS]!r} cannot be a view's name: at most {_NAME_CHARACTERS} printable "
            "characters, and no underscore first"
        )
    return stem
