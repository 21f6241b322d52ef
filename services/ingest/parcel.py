"""Messages on their way from a camera to the broker, and how much care they need when the broker is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from canairy.stream.broker import Outgoing
from services.ingest.source import nothing

# What a message takes in memory and on disk beside its value.
_OVERHEAD_BYTES: Final = 200


class Care(Enum):
    """What becomes of a parcel while the broker is away."""

    KEEP = auto()  # camera states, measurements, dead letters: spooled, dropped last
    FRAME = auto()  # live frames: spooled, the oldest dropped when the spool is full
    PERISHABLE = auto()  # heartbeats and the canary: worth nothing later
    PATIENT = auto()  # recordings: their source waits


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages of one camera that are written together; `written` is called when broker or spool has them.

    `captured_at` is a frame's, so that it can be said which were kept and which were lost.
    """

    camera: str
    messages: tuple[Outgoing, ...]
    care: Care
    written: Callable[[], None] = nothing
    captured_at: datetime | None = None

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        return sum(size_bytes(message) for message in self.messages)


def size_bytes(message: Outgoing) -> int:
    """About what one message takes in memory or on disk."""
    return len(message.value or b"") + _OVERHEAD_BYTES
