"""Normal crops of an asset out of those that are kept on thermal.evidence.

A piece of evidence does not say why it was kept; its place among the others does. The anomaly service keeps one crop of
an asset in ten minutes for commissioning, and sooner only what is near a limit or threshold (EvidenceRule). So a crop
that came sooner was near. Left out as well: a score near the threshold, a temperature near a limit of the site file,
equipment that a detector calls dangerous, a crop of a frame that was over range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from canairy.errors import ConfigurationError, InvalidMessage
from canairy.messages.evidence import Evidence
from canairy.messages.header import OVER_RANGE
from canairy.messages.picture import Image, Picture
from canairy.messages.thermogram import filled
from canairy.models.square import SMALLEST_SIDE_PX
from canairy.stream import schema
from canairy.stream.broker import Reader, Received
from canairy.topics import EVIDENCE
from services.anomaly.evidence import EVERY, NEAR_K, NEAR_SHARE
from training.patchcore.crops import GREY_SCALE, Crop, Scale

POLL_S: Final = 0.5
POLL_RECORDS: Final = 100
FEWEST: Final = 2
MOST: Final = 2000  # of 200x200 pixels: 160 MB as they are unpacked
SOONER: Final = "kept within ten minutes of another"
UNREADABLE: Final = "not readable"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The asset; its lowest limit, None where it has none or nobody knows it; from when to when, both included."""

    asset: str
    limit_c: float | None = None
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Whether a crop of this time is asked for."""
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The crops in order of their times, the first and last of these, and how many others were left out, and why."""

    crops: Sequence[Crop]
    first: datetime
    last: datetime
    left_out: Mapping[str, int]

    def __str__(self) -> str:
        """One line for a person, and for the card."""
        others = ", ".join(f"{count} {why}" for why, count in sorted(self.left_out.items()))
        found = f"{len(self.crops)} crops on {EVIDENCE}, {utc(self.first)} to {utc(self.last)}"
        return f"{found}; left out: {others or 'none'}"


def normal_crops(reader: Reader, wanted: Wanted, seed: int = 0) -> Chosen:
    """Read all that stands on thermal.evidence, and choose what shows the asset as it is on ordinary days.

    Of more than 2000 such crops a random part is taken.

    Raises:
        BrokerUnavailable: Kafka cannot be reached.
        ConfigurationError: fewer than two such crops, or some with temperatures and some without; the text says how
            many were left out and why.
    """
    choice = _Choice(wanted, np.random.default_rng(seed))
    assets: set[str] = set()
    for record in _records(reader):
        assets.add(record.key)
        if record.key == wanted.asset:
            choice.add(record)
    return choice.made(assets)


def why_not(evidence: Evidence, limit_c: float | None) -> str:
    """Why a crop, whenever it was kept, is no example of what is normal; "" when it is one."""
    score, equipment = evidence.anomaly, evidence.equipment
    if OVER_RANGE in evidence.header.flags:
        return "over range"
    if score is not None and score.score >= NEAR_SHARE * score.threshold:
        return "near a threshold"
    if limit_c is not None and evidence.max_c is not None and evidence.max_c >= limit_c - NEAR_K:
        return "near a limit"
    return "dangerous to a detector" if equipment is not None and equipment.danger else ""


def utc(at: datetime) -> str:
    """A time as --since and --until take it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _records(reader: Reader) -> Iterator[Received]:
    while True:
        records = reader.poll(POLL_S, POLL_RECORDS)
        yield from records
        if not records and reader.at_end():
            return


@dataclass(slots=True)
class _Choice:
    """Crops are kept packed, at most MOST of them, until all have been seen."""

    wanted: Wanted
    generator: np.random.Generator
    crops: list[tuple[datetime, Image]] = field(default_factory=list)
    normal: set[datetime] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    kept_at: datetime | None = None

    def add(self, record: Received) -> None:
        """Look at one piece of evidence of the asset; one before --since still tells why the next one was kept."""
        try:
            evidence = Evidence.decode(schema.payload(record, "Evidence"))
        except InvalidMessage:
            self.left_out[UNREADABLE] += 1
            return
        at = evidence.header.captured_at
        sooner = self.kept_at is not None and abs(at - self.kept_at) < EVERY
        self.kept_at = at
        # A replay brings the same crops again.
        if not self.wanted.covers(at) or at in self.normal:
            return
        why = SOONER if sooner else why_not(evidence, self.wanted.limit_c)
        if why:
            self.left_out[why] += 1
        else:
            self._keep(at, evidence.crop)

    def _keep(self, at: datetime, crop: Image) -> None:
        """Reservoir sampling (Vitter, 1985, algorithm R): each has the same chance, however many come."""
        self.normal.add(at)
        if len(self.crops) < MOST:
            self.crops.append((at, crop))
            return
        place = int(self.generator.integers(len(self.normal)))
        if place < MOST:
            self.crops[place] = (at, crop)

    def made(self, assets: set[str]) -> Chosen:
        """The choice, of what could be unpacked."""
        crops: list[tuple[datetime, Crop]] = []
        for at, packed in sorted(self.crops, key=lambda it: it[0]):
            try:
                crops.append((at, _crop(packed)))
            except InvalidMessage:
                self.left_out[UNREADABLE] += 1
        if len(crops) < FEWEST:
            raise ConfigurationError(self._too_few(len(crops), assets))
        if len({crop.scale.radiometric for _, crop in crops}) > 1:
            raise ConfigurationError(
                f"{EVIDENCE} holds crops of {self.wanted.asset} with temperatures and without: --since or --until "
                "tells which of them to take"
            )
        return Chosen([crop for _, crop in crops], crops[0][0], crops[-1][0], dict(self.left_out))

    def _too_few(self, found: int, assets: set[str]) -> str:
        asset = self.wanted.asset
        if asset not in assets:
            there = ", ".join(sorted(assets)[:20]) or "no asset"
            return f"{EVIDENCE} holds no crop of {asset}; it holds crops of {there}"
        others = ", ".join(f"{count} {why}" for why, count in sorted(self.left_out.items()))
        times = f"since {utc(self.wanted.since) if self.wanted.since else 'the first'}"
        return (
            f"{EVIDENCE} holds {found} normal crops of {asset} {times}, {FEWEST} are needed, better 50 "
            f"(one in ten minutes is kept; left out: {others or 'none'})"
        )


def _crop(packed: Image) -> Crop:
    if min(packed.width, packed.height) < SMALLEST_SIDE_PX:
        raise InvalidMessage(f"a crop of {packed.width}x{packed.height} pixels shows nothing")
    if isinstance(packed, Picture):
        return Crop(packed.pixels().astype(np.uint16), GREY_SCALE)
    return Crop(filled(packed.counts(), packed.missing), Scale(packed.scale_k, packed.offset_k, radiometric=True))
