"""The anomaly service with a model in Triton, as its composition root builds it, on a broker in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from canairy.errors import Unavailable
from canairy.messages.detections import Detections, Region
from canairy.messages.header import Place
from canairy.messages.reading import Reading
from canairy.models.card import read_card
from canairy.site.model import Site
from canairy.stream import schema
from canairy.stream.broker import Outgoing
from canairy.stream.intake import Intake
from canairy.stream.loop import Loop
from canairy.stream.memory import MemoryBroker
from canairy.topics import BY_NAME, DETECTIONS, EVIDENCE, FRAMES, READINGS, dead_letters
from canairy.triton.ports import Models, Tensors
from canairy.triton.spec import ModelSpec
from canairy.triton.watched import watched
from services.anomaly.handler import Anomaly
from services.anomaly.models import grey_banks, temperatures_of
from services.anomaly.scoring import Scoring
from services.anomaly.triton import TritonScorer, check_banks, spec_of
from tests.helpers.frames import header

TOPICS: Final = (DETECTIONS, READINGS, EVIDENCE, dead_letters(DETECTIONS))
Through = Callable[[Models], Models]


class AnomalyService:
    """One process of it; `seconds` counts its frames, one a second."""

    def __init__(self, site: Site, scoring: Scoring) -> None:
        self.broker = MemoryBroker([BY_NAME[name] for name in TOPICS])
        step = Anomaly(site, scoring=scoring)
        channel = self.broker.channel("anomaly", [DETECTIONS])
        self._loop = Loop(channel, step, Intake(step, "anomaly"))
        self._loop.turn()  # takes its partitions
        self.seconds = 0

    def read(self, *frames: Sequence[Region], flags: tuple[str, ...] = ()) -> list[list[Reading]]:
        """What is read of each frame, when all have been handled; none of it may have been put aside."""
        before = len(self.broker.records(READINGS))
        self.broker.append(self._messages(frames, flags))
        wanted = before + sum(len(regions) for regions in frames)
        while len(self.broker.records(READINGS)) < wanted:
            self._loop.turn()
        written = [Reading.decode(it.value or b"") for it in self.broker.records(READINGS)[before:]]
        assert not self.broker.records(dead_letters(DETECTIONS))
        return _by_frame(written)

    def _messages(self, frames: Iterable[Sequence[Region]], flags: tuple[str, ...]) -> Iterator[Outgoing]:
        for regions in frames:
            self.seconds += 1
            told = Detections(header(float(self.seconds), flags=flags), Place(FRAMES, 0, self.seconds), tuple(regions))
            yield Outgoing(DETECTIONS, "cam-01", told.encode(), schema.header("Detections"))


class Heard:
    """`Models`, and why it was told that they are away."""

    def __init__(self, models: Models, reasons: list[str]) -> None:
        self._models = models
        self._reasons = reasons

    def infer_many(self, model: str, requests: Iterable[Tensors], in_flight: int = 8) -> Iterator[Tensors]:
        try:
            yield from self._models.infer_many(model, requests, in_flight)
        except Unavailable as error:
            self._reasons.append(str(error))
            raise

    def require(self, *expected: ModelSpec) -> None:
        self._models.require(*expected)


@contextmanager
def anomaly_service(
    site: Site, address: str, model: Path, through: Through = lambda models: models
) -> Iterator[AnomalyService]:
    """The service, its model found, held to its card and watched; `through` may stand between the two."""
    card = read_card(model)
    check_banks(card, site.banks, temperatures_of(site))
    with watched(address, spec_of(card)) as (models, availability):
        scorer = TritonScorer(through(models), card)
        yield AnomalyService(site, Scoring(site.banks, scorer, availability, grey_banks(card)))


def _by_frame(readings: Sequence[Reading]) -> list[list[Reading]]:
    frames: dict[str, list[Reading]] = {}
    for reading in readings:
        frames.setdefault(reading.header.frame, []).append(reading)
    return list(frames.values())
