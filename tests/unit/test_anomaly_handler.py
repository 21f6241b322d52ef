"""Anomaly: measured, not judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canairy.errors import InvalidMessage
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.header import Place
from canairy.messages.reading import Reading
from canairy.messages.thermogram import Thermogram
from canairy.stream.step import Decoded
from canairy.topics import DETECTIONS, FRAMES, READINGS
from services.anomaly.handler import Anomaly
from tests.helpers.frames import NOON, SCALE_K, counts, header, heated, record, scene, site

CROP = Thermogram.of(counts(heated(scene(30, 30), 10, 10, 8, 50)), SCALE_K, 0.0)
JOINT = Region("joint-a", RegionKind.REGISTERED, 100, 60, CROP)
FIND = Region("cam-01-view/find-1", RegionKind.HOT_SPOT, 5, 5, CROP, score=3.2, surroundings_c=20.1)
LOST = Region("joint-b", RegionKind.REGISTERED, 0, 0, None)


def readings(*regions: Region) -> list[Reading]:
    step = Anomaly(site())
    message = Detections(header(), Place(FRAMES, 2, 77), regions)
    received = record(message.encode(), "Detections", DETECTIONS)
    written = list(step.handle([Decoded(received, step.decode(received, NOON))], NOON))
    assert [out.topic for out in written] == [READINGS] * len(written)
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
