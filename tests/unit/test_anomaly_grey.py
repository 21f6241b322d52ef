"""Anomaly in frames without temperatures: readings that carry no degrees, compared only with banks of their kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from canairy.availability import Availability
from canairy.errors import InvalidMessage
from canairy.messages.detections import Detections, Region, RegionKind
from canairy.messages.evidence import Evidence
from canairy.messages.header import NO_COMPARISON, NO_TEMPERATURES, Place
from canairy.messages.picture import Picture
from canairy.messages.reading import Reading
from canairy.stream.broker import Outgoing
from canairy.stream.step import Decoded
from canairy.topics import DETECTIONS, EVIDENCE, FRAMES, READINGS
from services.anomaly.handler import Anomaly
from services.anomaly.models import temperatures_of
from services.anomaly.scoring import Scoring
from tests.helpers.frames import NOON, asset, camera, header, record, site
from tests.unit.test_anomaly_handler import CROP, LOST, Model

LEVELS = np.random.default_rng(3).integers(0, 256, (30, 24), dtype=np.uint8)
GREY = Region("joint-a", RegionKind.REGISTERED, 100, 60, Picture.of(LEVELS))
WARM = Region("joint-a", RegionKind.REGISTERED, 100, 60, CROP)


@dataclass
class Service:
    """joint-a has a bank of temperatures, joint-g one of grey levels."""

    model: Model = field(default_factory=Model)

    def __post_init__(self) -> None:
        banks = {"joint-a": "of-kelvin", "joint-g": "of-grey"}
        availability = Availability(self.model.why_not_ready, lambda: 0.0)
        scoring = Scoring(banks, self.model, availability, frozenset({"of-grey"}))
        self.step = Anomaly(site(), scoring=scoring)

    def handle(self, *regions: Region, flags: tuple[str, ...] = (NO_TEMPERATURES,)) -> Sequence[Outgoing]:
        message = Detections(header(flags=flags), Place(FRAMES, 2, 77), regions)
        sent = record(message.encode(), "Detections", DETECTIONS)
        return list(self.step.handle([Decoded(sent, self.step.decode(sent, NOON))], NOON))

    def read(self, *regions: Region, flags: tuple[str, ...] = (NO_TEMPERATURES,)) -> list[Reading]:
        return [Reading.decode(it.value or b"") for it in self.handle(*regions, flags=flags) if it.topic == READINGS]


def named(name: str, region: Region = GREY) -> Region:
    return Region(name, region.kind, region.x, region.y, region.crop, region.outline)


def test_a_reading_says_that_it_saw_the_asset_and_carries_no_degrees() -> None:
    (read,) = Service().read(named("joint-x"))

    assert read.temperatures is None
    assert (read.seen, read.seen_pixels) == (True, 30 * 24)
    assert read.header.flags == (NO_TEMPERATURES,)


def test_only_pixels_inside_the_outline_were_seen() -> None:
    outlined = Region(
        "joint-x", RegionKind.REGISTERED, 100, 60, GREY.crop, ((100, 60), (109, 60), (109, 69), (100, 69))
    )

    (read,) = Service().read(outlined)

    assert read.seen_pixels == 100


def test_a_region_outside_of_the_frame_was_not_seen() -> None:
    (read,) = Service().read(LOST)

    assert not read.seen


def test_a_bank_of_grey_levels_is_asked_with_grey_levels_as_they_are() -> None:
    service = Service()

    (read,) = service.read(named("joint-g"))

    (shown,) = service.model.shown
    assert np.array_equal(shown.pixels.counts, LEVELS)
    assert (shown.pixels.scale_k, shown.pixels.offset_k, shown.bank) == (1.0, 0.0, "of-grey")
    assert read.anomaly is not None
    assert NO_COMPARISON not in read.header.flags


def test_a_bank_of_temperatures_is_not_asked_about_a_grey_picture_and_the_reading_says_so() -> None:
    service = Service()

    refused, compared = service.read(GREY, named("joint-g"))

    assert refused.anomaly is None
    assert refused.header.flags == (NO_TEMPERATURES, NO_COMPARISON)
    # It is said of that asset alone.
    assert compared.header.flags == (NO_TEMPERATURES,)
    assert [it.bank for it in service.model.shown] == ["of-grey"]


def test_a_bank_of_grey_levels_is_not_asked_about_temperatures_and_the_reading_says_so() -> None:
    service = Service()

    refused, compared = service.read(named("joint-g", WARM), WARM, flags=())

    assert (refused.anomaly, refused.header.flags) == (None, (NO_COMPARISON,))
    assert compared.anomaly is not None
    assert refused.temperatures is not None


def test_evidence_is_kept_of_it_too() -> None:
    (kept,) = [Evidence.decode(it.value or b"") for it in Service().handle(GREY) if it.topic == EVIDENCE]

    assert (kept.crop, kept.max_c) == (GREY.crop, None)


def test_a_crop_in_colour_is_refused() -> None:
    colour = Region("joint-a", RegionKind.REGISTERED, 100, 60, Picture.of(np.zeros((9, 9, 3), np.uint8)))

    with pytest.raises(InvalidMessage, match="joint-a: a crop in colour"):
        Service().read(colour)


def test_whose_pictures_have_temperatures_is_known_from_the_site_file_where_it_tells() -> None:
    views = [{"id": f"v{number}", "assets": [asset(f"a{number}", 1, 1)]} for number in range(4)]
    cameras = [
        camera("c0", source="folder:x", views=[views[0]]),
        camera("c1", source="folder:x", views=[views[1]], temperatures="none"),
        camera("c2", source="push:", views=[views[2]]),
        camera("c3", source="rtsp://c3", views=[views[3]], temperatures="none"),
    ]

    assert temperatures_of(site(*cameras)) == {"a0": True, "a1": False, "a3": False}
