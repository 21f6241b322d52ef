"""Anomaly: measured, not judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from canairy.availability import Availability
from canairy.errors import InvalidMessage, Unavailable
from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.header import MODEL_UNAVAILABLE, Place
from canairy.messages.reading import Reading
from canairy.messages.thermogram import Thermogram
from canairy.stream.step import Decoded
from canairy.topics import DETECTIONS, FRAMES, READINGS
from services.anomaly.handler import Anomaly
from services.anomaly.scoring import Scoring, Shown, Verdict
from tests.helpers.frames import NOON, SCALE_K, counts, header, heated, record, scene, site

CROP = Thermogram.of(counts(heated(scene(30, 30), 10, 10, 8, 50)), SCALE_K, 0.0)
JOINT = Region("joint-a", RegionKind.REGISTERED, 100, 60, CROP)
FIND = Region("cam-01-view/find-1", RegionKind.HOT_SPOT, 5, 5, CROP, score=3.2, surroundings_c=20.1)
MAP = np.zeros((2, 2), np.float32)
LOST = Region("joint-b", RegionKind.REGISTERED, 0, 0, None)


def readings(*regions: Region) -> list[Reading]:
    step = Anomaly(site())
    message = Detections(header(), Place(FRAMES, 2, 77), regions)
    received = record(message.encode(), "Detections", DETECTIONS)
    written = [it for it in step.handle([Decoded(received, step.decode(received, NOON))], NOON) if it.topic == READINGS]
    assert [out.key for out in written] == [region.asset for region in regions]
    return [Reading.decode(out.value or b"") for out in written]


def test_each_region_becomes_a_reading_with_its_place_in_the_frame() -> None:
    joint, find = readings(JOINT, FIND)

    assert joint.temperatures is not None
    assert joint.temperatures.max_c == pytest.approx(70, abs=0.3)
    assert (joint.temperatures.hottest_x, joint.temperatures.hottest_y) >= (110, 70)
    assert (joint.index, joint.count, find.index, find.count) == (0, 2, 1, 2)
    assert (find.score, find.surroundings_c) == (3.2, 20.1)
    assert find.frame == Place(FRAMES, 2, 77)


def test_what_cannot_be_measured_is_a_reading_without_temperatures_never_a_missing_one() -> None:
    lost, _joint = readings(LOST, JOINT)

    assert lost.temperatures is None
    assert lost.count == 2


def test_a_reading_is_small() -> None:
    (reading,) = readings(FIND)

    assert len(reading.encode()) < 2000


def test_a_damaged_crop_is_refused() -> None:
    broken = replace(JOINT, crop=replace(CROP, packed=CROP.packed[:-3]))
    message = Detections(header(), Place(FRAMES, 0, 0), (broken,))

    with pytest.raises(InvalidMessage):
        Anomaly(site()).decode(record(message.encode(), "Detections", DETECTIONS), NOON)


def test_detections_of_another_site_are_refused() -> None:
    message = Detections(header(site="other-ss"), Place(FRAMES, 0, 0))

    with pytest.raises(InvalidMessage, match="other-ss"):
        Anomaly(site()).decode(record(message.encode(), "Detections", DETECTIONS), NOON)


# --- how unlike normal it looks -------------------------------------------------------------------------------------


@dataclass
class Model:
    """Scores each crop by its hottest count, so that a mix-up shows; away when told so."""

    away: bool = False
    shown: list[Shown] = field(default_factory=list)

    def score(self, crops: Sequence[Shown]) -> list[Verdict]:
        if self.away:
            raise Unavailable("no answer")
        self.shown += crops
        scores = [float(it.pixels.counts.max()) for it in crops]
        digest = "0123456789abcdef"
        return [
            Verdict(AnomalyScore(score, 8.0, it.bank, digest), MAP) for score, it in zip(scores, crops, strict=True)
        ]

    def why_not_ready(self) -> str | None:
        return "away" if self.away else None


@dataclass
class Service:
    """The step with a model, in a time of its own. joint-a has a bank of its own, joint-c another one's."""

    model: Model = field(default_factory=Model)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        banks = {"joint-a": "joint-a", "joint-c": "any-joint"}
        availability = Availability(self.model.why_not_ready, lambda: self.now_s)
        self.step = Anomaly(site(), scoring=Scoring(banks, self.model, availability))

    def read(self, *frames: Sequence[Region]) -> list[Reading]:
        """The readings of one batch of frames."""
        sent = [
            record(Detections(header(), Place(FRAMES, 2, 77), tuple(it)).encode(), "Detections", DETECTIONS)
            for it in frames
        ]
        batch = [Decoded(it, self.step.decode(it, NOON)) for it in sent]
        return [Reading.decode(it.value or b"") for it in self.step.handle(batch, NOON) if it.topic == READINGS]


def hot(name: str, celsius: float) -> Region:
    crop = Thermogram.of(counts(heated(scene(30, 30), 10, 10, 8, celsius)), SCALE_K, 0.0)
    return Region(name, RegionKind.REGISTERED, 100, 60, crop)


def hottest(region: Region) -> float:
    assert isinstance(region.crop, Thermogram)
    return float(region.crop.counts().max())


def test_what_has_a_bank_is_scored_all_of_a_batch_at_once_and_each_gets_its_own() -> None:
    service = Service()
    first, second, third = hot("joint-a", 50), hot("joint-c", 60), hot("joint-a", 70)

    read = service.read([first, FIND, second], [LOST, third])

    scores = [(it.asset, it.anomaly and (it.anomaly.score, it.anomaly.bank)) for it in read]
    assert scores == [
        ("joint-a", (hottest(first), "joint-a")),
        (FIND.asset, None),
        ("joint-c", (hottest(second), "any-joint")),
        ("joint-b", None),
        ("joint-a", (hottest(third), "joint-a")),
    ]
    assert len(service.model.shown) == 3
    assert not any(MODEL_UNAVAILABLE in it.header.flags for it in read)


def test_an_asset_without_pixels_in_the_frame_is_not_shown_to_the_model() -> None:
    service = Service()

    (read,) = service.read([replace(LOST, asset="joint-a")])

    assert (read.anomaly, service.model.shown) == (None, [])


def test_the_batch_is_kept_while_it_is_worth_waiting_for_the_model_and_measured_without_it_after_that() -> None:
    service = Service(Model(away=True))

    with pytest.raises(Unavailable):
        service.read([hot("joint-a", 50)])
    service.now_s = 2
    read = service.read([hot("joint-a", 50), FIND], [FIND])

    assert [it.anomaly for it in read] == [None, None, None]
    assert all(it.temperatures is not None for it in read)
    # The whole batch says so, a canary's frame too: it has no crop that is scored.
    assert all(MODEL_UNAVAILABLE in it.header.flags for it in read)


def test_it_scores_again_when_the_model_is_back() -> None:
    service = Service(Model(away=True))
    with pytest.raises(Unavailable):
        service.read([hot("joint-a", 50)])
    service.now_s = 2
    service.read([hot("joint-a", 50)])

    service.model.away, service.now_s = False, 3
    (read,) = service.read([hot("joint-a", 50)])

    assert read.anomaly is not None
    assert MODEL_UNAVAILABLE not in read.header.flags
