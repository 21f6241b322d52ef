"""How many messages of each camera, and from when to when: what is said of what waits on disk and of what was lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.ingest.parcel import Care, Parcel

# The camera of what is not a frame.
NO_FRAME = "(states and measurements)"
Tallies = Mapping[str, "Tally"]


@dataclass(frozen=True, slots=True)
class Tally:
    """So many messages of one camera; capture times of the first and the last, None where none has one."""

    count: int
    first: datetime | None = None
    last: datetime | None = None

    def __add__(self, later: Tally) -> Tally:
        return Tally(self.count + later.count, self.first or later.first, later.last or self.last)

    def told(self) -> dict[str, object]:
        """As it is logged."""
        first, last = (None if at is None else at.isoformat() for at in (self.first, self.last))
        return {"count": self.count, "first": first, "last": last}


def tally(parcels: Iterable[Parcel]) -> dict[str, Tally]:
    """The parcels by camera, oldest first."""
    found: dict[str, Tally] = {}
    for parcel in parcels:
        found = added(found, {camera_of(parcel): Tally(len(parcel.messages), parcel.captured_at, parcel.captured_at)})
    return found


def added(earlier: Tallies, later: Tallies) -> dict[str, Tally]:
    """Both together, camera by camera."""
    return {**earlier, **{name: earlier[name] + it if name in earlier else it for name, it in later.items()}}


def told(tallies: Tallies) -> dict[str, dict[str, object]]:
    """As they are logged."""
    return {name: it.told() for name, it in tallies.items()}


def camera_of(parcel: Parcel) -> str:
    """Under whose name a parcel is counted and dropped."""
    return parcel.camera if parcel.care is Care.FRAME else NO_FRAME
