"""398 recorded thermograms through a whole stack: each file its own view, all accounted for, hot spots alarmed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import pytest

from canairy import topics
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.detections import Detections, RegionKind
from canairy.messages.frame import Frame
from canairy.messages.reading import Reading
from tests.acceptance.helpers.log import Event, kinds
from tests.acceptance.helpers.site import folder
from tests.acceptance.helpers.stack import RunningStack, running

CAMERA = "recorded"
LIMIT_C = 100.0
FILES = 398


@dataclass(frozen=True)
class Told:
    """What stood on the topics when the folder had been read to its end and judged."""

    frames: list[Frame]
    letters: list[str]
    detections: list[Detections]
    readings: list[Reading]
    alarms: list[Event]


@pytest.fixture(scope="module")
def pictures(test_data: Path) -> Path:
    """The folder with the recordings."""
    return test_data / "substation-radiometric" / "radiometric"


@pytest.fixture(scope="module")
def thermograms(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Told]]:
    """After the first start, and after a second one on the same data."""
    place = tmp_path_factory.mktemp("thermograms")
    camera = folder(CAMERA, rate_hz=1.0)
    camera |= {"source": f"folder:{pictures.resolve()}"}
    camera["views"][0]["hotspot_limit"] = {"high_c": LIMIT_C}
    site = {"site": {"id": "recorded-ss", "timezone": "Asia/Seoul"}, "cameras": [camera]}
    (place / "site.yaml").write_text(json.dumps(site), encoding="utf-8")
    found = []
    for start in (1, 2):
        with running(place / "site.yaml", place / "data") as up:
            found.append(told(up, start))
    yield found
    shutil.rmtree(place, ignore_errors=True)


def told(up: RunningStack, start: int) -> Told:
    """Wait until the folder was read and all of it was judged in this start, and take what stands there."""
    up.until(lambda: finished(up) >= start, "the end of the folder")
    up.until(lambda: len(up.log.records(topics.DETECTIONS, CAMERA)) + len(letters(up)) >= FILES, "all detections")
    # A canary that started behind the last file has walked the whole way, so all that was before it has arrived.
    began = len(up.log.records(topics.FRAMES, "_canary"))
    up.until(lambda: len(up.log.events("_canary")) > began, "a heartbeat behind the last file")
    events = [json.loads(record.value or b"{}") for record in up.log.records(topics.ALERTS) if record.key != "_canary"]
    return Told(
        frames=[Frame.decode(record.value or b"") for record in up.log.records(topics.FRAMES, CAMERA)],
        letters=letters(up),
        detections=[Detections.decode(record.value or b"") for record in up.log.records(topics.DETECTIONS, CAMERA)],
        readings=[reading for it in up.log.records(topics.READINGS) if (reading := recorded(it.value)) is not None],
        alarms=events,
    )


def finished(up: RunningStack) -> int:
    """How often the camera has become finished."""
    told = [CameraStatus.decode(record.value or b"") for record in up.log.records(topics.CAMERAS, CAMERA)]
    return len({status.since for status in told if status.state is CameraState.FINISHED})


def letters(up: RunningStack) -> list[str]:
    return [it.headers["dlq-file"].decode() for it in up.log.records(topics.dead_letters(topics.FRAMES), CAMERA)]


def recorded(value: bytes | None) -> Reading | None:
    reading = Reading.decode(value or b"")
    return reading if reading.header.camera == CAMERA else None


def test_every_file_is_accounted_for(thermograms: list[Told], pictures: Path) -> None:
    files = sorted(path.name for path in pictures.glob("*.png"))
    first = thermograms[0]

    assert len(files) == FILES
    seen = [f"{it.header.view}.png" for it in first.detections]
    assert sorted([*seen, *first.letters]) == files
    assert not first.letters


def test_frames_without_finds_are_told_too(thermograms: list[Told]) -> None:
    without = [it for it in thermograms[0].detections if not it.regions]

    assert 0 < len(without) < FILES


def test_each_file_is_a_frame_with_its_own_pixels(thermograms: list[Told], pictures: Path) -> None:
    for frame in thermograms[0].frames[::40]:
        pixels = cv2.imread(str(pictures / f"{frame.header.view}.png"), cv2.IMREAD_UNCHANGED)
        assert pixels is not None
        assert (frame.thermogram.counts() == pixels).all()
        assert (frame.thermogram.scale_k, frame.thermogram.offset_k) == pytest.approx((0.1, 173.15))


def test_the_strongest_hot_spot_of_sub_437_is_measured_as_it_is(thermograms: list[Told], pictures: Path) -> None:
    pixels = cv2.imread(str(pictures / "sub_437.png"), cv2.IMREAD_UNCHANGED)
    finds = [it for it in thermograms[0].readings if it.header.view == "sub_437" and it.kind is RegionKind.HOT_SPOT]

    strongest = max(finds, key=lambda it: it.score or 0.0)

    assert pixels is not None
    assert pixels.max() / 10 - 100 == 415.0
    assert strongest.asset == "sub_437/find-1"
    assert strongest.temperatures is not None
    assert round(strongest.temperatures.max_c, 6) == 415.0


def test_hot_spots_above_the_limit_are_alarmed_and_no_others(thermograms: list[Told]) -> None:
    measured = {it.asset: it.temperatures.max_c for it in thermograms[0].readings if it.temperatures is not None}
    above = {asset for asset, max_c in measured.items() if round(max_c, 3) >= LIMIT_C}

    assert above
    assert {event["data"]["asset"] for event in thermograms[0].alarms} == above
    assert set(kinds(thermograms[0].alarms)) == {"hot_spot raised"}
    assert len(thermograms[0].alarms) == len(above)


def test_the_second_start_on_the_same_data_reads_no_file_and_raises_no_alarm_again(thermograms: list[Told]) -> None:
    first, second = thermograms

    assert [it.header.frame for it in second.frames] == [it.header.frame for it in first.frames]
    assert sorted(event["id"] for event in second.alarms) == sorted(event["id"] for event in first.alarms)
    assert len(second.detections) == FILES
