"""The port to a camera or recording: what it can say, one file a kind of source behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from canairy.messages.radiometry import Radiometry
from services.ingest.beside import NOTHING, Beside


def nothing() -> None:
    """Nobody waits to hear that it was written."""


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One picture as its source gave it: uint16 counts (height, width), kelvin = count * scale_k + offset_k.

    `taken_at` is the source's own word (UTC), None when it has none; `assigned` says that it was not measured but
    counted from a start. `file` is the file it came from. `written` is called when the broker has it.
    `radiometry`: what the temperatures were made with, None when the source does not say; `flags`: what is wrong.
    `missing`: pixels of this count have no temperature. `estimate_…` as in FrameHeader.
    `beside`: what the file held beside its temperatures, as far as the site file keeps it.
    """

    camera: str
    view: str
    counts: npt.NDArray[np.uint16]
    scale_k: float
    offset_k: float
    taken_at: datetime | None = None
    assigned: bool = False
    file: str = ""
    radiometry: Radiometry | None = None
    flags: tuple[str, ...] = ()
    missing: int | None = None
    estimate_step_k: float | None = None
    estimate_most_c: float | None = None
    beside: Beside = NOTHING
    written: Callable[[], None] = nothing


@dataclass(frozen=True, slots=True)
class RawPicture:
    """A picture without temperatures: uint8 (height, width), or (height, width, 3) in colour, blue first.

    The rest is as in RawFrame.
    """

    camera: str
    view: str
    pixels: npt.NDArray[np.uint8]
    taken_at: datetime | None = None
    assigned: bool = False
    file: str = ""
    written: Callable[[], None] = nothing


# What becomes a frame.
Raw = RawFrame | RawPicture


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file of a camera that is no frame, and why."""

    camera: str
    file: str
    reason: str
    written: Callable[[], None] = nothing


@dataclass(frozen=True, slots=True)
class Finished:
    """A recording was read to its end, and the broker has all of it."""

    camera: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A source cannot be read now; it will be tried again."""

    camera: str
    reason: str


Event = RawFrame | RawPicture | Unreadable | Finished | Failed


class Source(Protocol):
    """One camera or recording."""

    def events(self) -> Iterator[Event]:
        """What the source says, until the service stops; whatever it raises means that the source failed."""
