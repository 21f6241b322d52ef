"""How unlike normal the crops look: those that have a memory bank are shown to a model, all of a batch at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from canairy import metrics
from canairy.availability import Availability
from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.evidence import AnomalyMap
from canairy.models.square import SMALLEST_SIDE_PX
from services.anomaly.crops import Crops, Pixels


class Shown(NamedTuple):
    """A crop, and the memory bank that it is compared with."""

    pixels: Pixels
    bank: str


class Verdict(NamedTuple):
    """What the model says of a crop: float32 (height, width) says where, coarser than the crop."""

    score: AnomalyScore
    map: AnomalyMap


# Of one frame, by the index of the region.
Verdicts = Mapping[int, Verdict]


class Scorer(Protocol):
    """A model that has learned what normal is."""

    def score(self, crops: Sequence[Shown]) -> Sequence[Verdict]:
        """A verdict on each crop, in order; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """`banks`: the memory bank of each asset that has one; `grey_banks`: those made of grey levels.

    A bank of temperatures knows nothing of how bright a picture is, nor the other way round: those are not compared.
    """

    banks: Mapping[str, str]
    scorer: Scorer
    availability: Availability
    grey_banks: frozenset[str] = frozenset()

    def refuses(self, asset: str, pixels: Pixels | None) -> bool:
        """Whether the asset has a bank, and one of another kind than its pixels."""
        bank = self.banks.get(asset)
        return bank is not None and pixels is not None and pixels.radiometric == (bank in self.grey_banks)

    def of(self, frames: Sequence[Crops]) -> Sequence[Verdicts] | None:
        """The verdicts on each frame, or None while the model is away; raises Unavailable while one waits for it."""
        wanted = [(number, index, shown) for number, crops in enumerate(frames) for index, shown in self._shown(crops)]
        if not wanted:
            return [{} for _ in frames] if self.availability.look() else None
        answers = self.availability.ask(lambda: self.scorer.score([shown for _, _, shown in wanted]))
        if answers is None:
            metrics.CROPS_NOT_SCORED.inc(len(wanted))
            return None
        verdicts: list[dict[int, Verdict]] = [{} for _ in frames]
        for (number, index, _), verdict in zip(wanted, answers, strict=True):
            verdicts[number][index] = verdict
        return verdicts

    def _shown(self, crops: Crops) -> Iterator[tuple[int, Shown]]:
        for index, (region, pixels) in enumerate(zip(crops.detections.regions, crops.pixels, strict=True)):
            bank = self.banks.get(region.asset)
            if bank is None or pixels is None or self.refuses(region.asset, pixels):
                continue
            if min(pixels.counts.shape) >= SMALLEST_SIDE_PX:
                yield index, Shown(pixels, bank)
