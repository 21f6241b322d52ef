"""Regions, a detector and hot spots in one frame; and what is left of them while the detector is away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from canairy.availability import Availability
from canairy.errors import Unavailable
from canairy.messages.box import Box
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.equipment import Equipment
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY, MODEL_UNAVAILABLE
from canairy.messages.thermogram import Thermogram
from canairy.stream.broker import Outgoing
from canairy.stream.step import Decoded
from canairy.topics import DETECTIONS
from services.detection.detector import Looking, Shown
from services.detection.handler import Detection
from tests.helpers.frames import camera, frame, heated, record, scene, site


class Seeing:
    """A detector that sees what it is told, or is away."""

    def __init__(self, *seen: Equipment) -> None:
        self.seen = seen
        self.away = False
        self.asked = 0

    def find(self, frames: Sequence[Shown]) -> Sequence[Sequence[Equipment]]:
        self.asked += len(frames)
        if self.away:
            raise Unavailable("Triton does not answer")
        return [self.seen for _ in frames]

    def why_not_ready(self) -> str | None:
        return "away" if self.away else None


class Bench:
    """A detection step with a detector and a clock that the test turns."""

    def __init__(self, *seen: Equipment, **options: Any) -> None:  # noqa: ANN401 - of the step
        self.model = Seeing(*seen)
        self.now_s = 0.0
        availability = Availability(self.model.why_not_ready, lambda: self.now_s)
        self.step = Detection(site(camera()), detector=Looking(self.model, availability), **options)

    def handle(self, *frames: Frame) -> list[Outgoing]:
        now = frames[-1].header.received_at
        records = [record(one.encode(), "Frame", offset=self._offset(one)) for one in frames]
        return list(self.step.handle([Decoded(it, self.step.decode(it, now)) for it in records], now))

    def look(self, *frames: Frame) -> list[Detections]:
        return [Detections.decode(out.value or b"") for out in self.handle(*frames) if out.topic == DETECTIONS]

    @staticmethod
    def _offset(one: Frame) -> int:
        return int((one.header.captured_at.timestamp() % 1000) * 10)

    def fail(self, one: Frame) -> None:
        """The detector is away until one has gone on without it."""
        self.model.away = True
        with pytest.raises(Unavailable):
            self.handle(one)
        self.now_s += 2.5


def equipment(x: int, y: int, side: int = 20, danger: bool = False) -> Equipment:
    return Equipment("0201", danger, 0.8, x, y, side, side)


def region(found: Detections, name: str) -> Region:
    return next(it for it in found.regions if it.asset == name)


HOT = heated(scene(), 100, 80, 8, 30)
FIND = "cam-01-view/find-1"


def test_a_registered_region_carries_what_the_detector_sees_in_it() -> None:
    bench = Bench(equipment(21, 22, danger=True))

    (found,) = bench.look(frame(scene()))

    assert [it.asset for it in found.regions] == ["joint-a"]
    seen = region(found, "joint-a")
    assert seen.equipment == equipment(21, 22, danger=True)
    assert (seen.kind, seen.x, seen.y) == (RegionKind.REGISTERED, 20, 20)


def test_what_the_detector_alone_sees_is_equipment_with_a_name_and_is_cut_out() -> None:
    bench = Bench(equipment(100, 80, 30))

    (found,) = bench.look(frame(scene()))

    seen = region(found, FIND)
    assert (seen.kind, seen.unseen) == (RegionKind.EQUIPMENT, False)
    assert isinstance(seen.crop, Thermogram)
    assert seen.crop.counts().shape == (30, 30)


def test_what_the_detector_sees_behind_something_is_no_find_and_what_it_saw_before_is_not_missing() -> None:
    bench = Bench(equipment(100, 80, 30))
    bench.look(frame(scene()))
    before = (Box(90, 70, 60, 50),)
    bench.model.seen = (equipment(100, 80, 30), equipment(115, 95, 20))

    (behind,) = bench.look(frame(scene(), 1, hidden=before))

    seen = region(behind, FIND)
    assert [it.asset for it in behind.regions] == ["joint-a", FIND]
    assert (seen.unseen, seen.closed, seen.crop) == (True, False, None)


def test_a_hot_spot_in_it_is_told_with_it_and_not_twice() -> None:
    bench = Bench(equipment(90, 70, 30))

    (found,) = bench.look(frame(HOT))

    assert [it.asset for it in found.regions] == ["joint-a", FIND]
    assert region(found, FIND).kind is RegionKind.EQUIPMENT
    assert region(found, FIND).surroundings_c == pytest.approx(20, abs=0.5)


def test_a_detector_that_sees_nothing_is_no_detector_that_is_away() -> None:
    (found,) = Bench().look(frame(HOT))

    assert MODEL_UNAVAILABLE not in found.header.flags
    assert [it.kind for it in found.regions] == [RegionKind.REGISTERED, RegionKind.HOT_SPOT]


def test_while_the_detector_is_away_regions_and_hot_spots_are_told_and_it_is_said() -> None:
    bench = Bench(equipment(60, 20))
    bench.look(frame(HOT))
    bench.fail(frame(HOT, 1))

    (found,) = bench.look(frame(HOT, 1))

    assert MODEL_UNAVAILABLE in found.header.flags
    assert [it.kind for it in found.regions] == [RegionKind.REGISTERED, RegionKind.EQUIPMENT, RegionKind.HOT_SPOT]
    assert region(found, FIND).unseen
    assert region(found, FIND).crop is not None


def test_nothing_is_changed_by_a_batch_that_has_to_come_again() -> None:
    bench = Bench()
    bench.fail(frame(HOT))

    (found,) = bench.look(frame(HOT))

    assert [it.asset for it in found.regions] == ["joint-a", FIND]
    assert found.shed == 0


def test_when_it_is_back_the_flag_goes() -> None:
    bench = Bench(equipment(60, 20))
    bench.fail(frame(HOT))
    bench.look(frame(HOT))
    bench.model.away = False
    bench.now_s += 1.5

    (found,) = bench.look(frame(HOT, 2))

    assert MODEL_UNAVAILABLE not in found.header.flags
    assert RegionKind.EQUIPMENT in {it.kind for it in found.regions}


def test_frames_of_one_batch_are_shown_together() -> None:
    bench = Bench()

    found = bench.look(*(frame(scene(), second) for second in range(4)))

    assert (len(found), bench.model.asked) == (4, 4)


def test_the_canary_is_not_shown_to_the_detector_and_says_when_it_is_away() -> None:
    bench = Bench()
    canary = frame(scene(), 3, camera=CANARY, view=CANARY)
    (present,) = bench.look(canary)
    bench.fail(frame(scene(), 4))

    absent = bench.look(frame(scene(), 4), frame(scene(), 5, camera=CANARY, view=CANARY))

    assert bench.model.asked == 2  # the frame, twice
    assert MODEL_UNAVAILABLE not in present.header.flags
    assert all(MODEL_UNAVAILABLE in found.header.flags for found in absent)
