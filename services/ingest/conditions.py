"""What is wrong with the whole site as ingest sees it: flags that live frames, statuses and the canary carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from canairy.messages.header import DISK_FULL, SPOOL_IN_USE, TIME_INVALID

# Live messages were lost since the spool was last empty.
SPOOL_DROPPED: Final = "spool_dropped"


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Conditions:
    """Each asks one question of the present moment."""

    spool_in_use: Callable[[], bool] = _never
    losing: Callable[[], bool] = _never
    clock_invalid: Callable[[], bool] = _never
    disk_full: Callable[[], bool] = _never

    def flags(self) -> tuple[str, ...]:
        """The flags that hold now."""
        asked = (
            (self.spool_in_use, SPOOL_IN_USE),
            (self.losing, SPOOL_DROPPED),
            (self.clock_invalid, TIME_INVALID),
            (self.disk_full, DISK_FULL),
        )
        return tuple(flag for question, flag in asked if question())
