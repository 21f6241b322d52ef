"""What the topics said at the end of one run: all that the verdict looks at, as JSON that is committed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Self


class Event(NamedTuple):
    """One event on thermal.alerts that follows from the recording, by what must be the same in every run."""

    alarm: str
    type: str
    asset: str
    captured_at: str
    priority: str


class Timed(NamedTuple):
    """One event that the clock has a part in: coverage, in the order of the topic."""

    id: str
    alarm: str
    type: str
    asset: str
    time: str


class Beat(NamedTuple):
    """One heartbeat: the identifier of its event, and of the canary's frame."""

    id: str
    frame: str
    time: str


class Decision(NamedTuple):
    """One record on `audit`: the command by its idempotency key, and what the judge said."""

    command: str
    alarm: str
    outcome: str


class DeadLetter(NamedTuple):
    """One dead letter: why, of which camera or asset, and the place of the message."""

    kind: str
    key: str
    place: str


class Left(NamedTuple):
    """A partition whose group has not come to its end; `committed` -1: nothing at all."""

    group: str
    partition: str
    committed: int
    end: int


class Look(NamedTuple):
    """One reading of an asset that is compared with a memory bank, in the order of the topic."""

    asset: str
    captured_at: str
    score: float | None
    threshold: float | None
    flagged: bool


class Carried(NamedTuple):
    """One reading of the canary, in the order of the topic: whether it says that the models are away."""

    frame: str
    captured_at: str
    flagged: bool


class Captures(NamedTuple):
    """Of how many capture times a registered asset has readings."""

    asset: str
    times: int


@dataclass(frozen=True, slots=True)
class Raw:
    """`canaries` and `unreadable`: what stands on thermal.frames, by frame identifier and by place.

    `scored`: the assets that the site file compares with a memory bank; without any there were no models, and all that
    stands below it is empty. `anomalies` and `away`: events of those assets, and of the site's alarm `models`.
    """

    ended_at: str
    events: Sequence[Event] = ()
    timed: Sequence[Timed] = ()
    beats: Sequence[Beat] = ()
    decisions: Sequence[Decision] = ()
    dead_letters: Sequence[DeadLetter] = ()
    left_behind: Sequence[Left] = ()
    canaries: Sequence[str] = ()
    unreadable: Sequence[str] = ()
    scored: Sequence[str] = ()
    looks: Sequence[Look] = ()
    carried: Sequence[Carried] = ()
    captures: Sequence[Captures] = ()
    anomalies: Sequence[Event] = ()
    away: Sequence[Event] = ()

    def write(self, path: Path) -> None:
        """As gzipped JSON, one row a line; the same content gives the same bytes."""
        rows = {name: [json.dumps(row) for row in rows] for name, rows in asdict(self).items() if name != "ended_at"}
        lists = [f"{json.dumps(name)}: [\n" + ",\n".join(lines) + "\n]" for name, lines in rows.items()]
        text = "{\n" + ",\n".join([f'"ended_at": {json.dumps(self.ended_at)}', *lists]) + "\n}\n"
        path.write_bytes(gzip.compress(text.encode(), mtime=0))

    @classmethod
    def read(cls, path: Path) -> Self:
        """As it was written; a run of before there were models lacks what is said of them."""
        found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
        return cls(**{it.name: _typed(it.name, found[it.name]) for it in fields(cls) if it.name in found})


_ROWS: Mapping[str, type[tuple[Any, ...]]] = {
    "events": Event,
    "timed": Timed,
    "beats": Beat,
    "decisions": Decision,
    "dead_letters": DeadLetter,
    "left_behind": Left,
    "looks": Look,
    "carried": Carried,
    "captures": Captures,
    "anomalies": Event,
    "away": Event,
}


def _typed(name: str, found: Any) -> Any:  # noqa: ANN401 - one field of JSON
    kind: Any = _ROWS.get(name)
    if kind is None:
        return tuple(found) if isinstance(found, list) else found
    return tuple(kind(*row) for row in found)
