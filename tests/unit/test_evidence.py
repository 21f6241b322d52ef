"""Evidence: what is worth keeping of readings, how it travels, and how it looks as a picture."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from canairy.errors import InvalidMessage
from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.detections import Region, RegionKind
from canairy.messages.equipment import Equipment
from canairy.messages.evidence import Evidence
from canairy.messages.frame import Frame
from canairy.messages.header import ESTIMATE, NO_COMPARISON, NO_TEMPERATURES, Place
from canairy.messages.location import Location
from canairy.messages.picture import Picture
from canairy.messages.reading import Reading, Temperatures
from canairy.messages.thermogram import Thermogram
from canairy.messages.uncertainty import NOT_DEPENDABLE, Uncertainty
from canairy.stream.broker import Outgoing
from canairy.stream.memory import MemoryBroker
from canairy.topics import ALL_TOPICS, EVIDENCE, FRAMES
from cli.evidence import Album
from cli.evidence_picture import _lines, draw
from protos.canairy.v1 import thermal_pb2 as pb
from services.anomaly.evidence import EVERY, NEAR_EVERY, EvidenceRule
from tests.helpers.frames import NOON, SCALE_K, counts, header, heated, record, scene

CROP = Thermogram.of(counts(heated(scene(30, 24), 10, 10, 8, 50)), SCALE_K, 0.0)
REGION = Region("joint-a", RegionKind.REGISTERED, 100, 60, CROP)
FIND = replace(REGION, asset="cam-01-view/find-1", kind=RegionKind.HOT_SPOT)
MAP = np.linspace(0, 20, 36, dtype=np.float32).reshape(6, 6)
SEOUL = ZoneInfo("Asia/Seoul")
ABNORMAL = AnomalyScore(12.0, 8.0, "joint-a", "0123456789abcdef")


def reading(seconds: float, max_c: float | None = 40.0, score: float | None = None, asset: str = "joint-a") -> Reading:
    measured = None if max_c is None else Temperatures(max_c, 39, 38, 30, 104, 64, 8, 8, 720)
    told = replace(header(), captured_at=NOON + timedelta(seconds=seconds))
    anomaly = None if score is None else replace(ABNORMAL, score=score)
    return Reading(told, Place(FRAMES, 2, 77), asset, RegionKind.REGISTERED, measured, anomaly=anomaly)


def kept(rule: EvidenceRule, *readings: Reading) -> list[float]:
    """The seconds of the readings whose evidence is kept."""
    found = [rule.of_reading(it, REGION, None) for it in readings]
    return [(it.header.captured_at - NOON).total_seconds() for it in found if it is not None]


@pytest.fixture
def rule() -> EvidenceRule:
    return EvidenceRule({"joint-a": 80.0, "joint-b": None})


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_of_an_ordinary_asset_one_crop_is_kept_in_ten_minutes(rule: EvidenceRule) -> None:
    assert kept(rule, *(reading(second) for second in range(0, 1300, 5))) == [0, 600, 1200]
    assert timedelta(minutes=10) == EVERY


@pytest.mark.parametrize(
    "near",
    [reading(0, 75.0), reading(0, 95.0), reading(0, 40.0, 6.4), reading(0, None, 12.0)],
    ids=["near its limit", "over it", "near its threshold", "over it and not measured"],
)
def test_near_a_limit_or_threshold_it_is_one_in_ten_seconds(rule: EvidenceRule, near: Reading) -> None:
    at = [replace(near, header=replace(near.header, captured_at=NOON + timedelta(seconds=it))) for it in range(31)]

    assert kept(rule, *at) == [0, 10, 20, 30]
    assert timedelta(seconds=10) == NEAR_EVERY


def test_equipment_that_only_a_detector_found_is_kept_as_an_ordinary_asset_while_it_is_seen(rule: EvidenceRule) -> None:
    seen = Equipment("0205", danger=True, score=0.7, x=100, y=60, width=24, height=30)
    shown = [_found(second, seen) for second in range(0, 900, 60)]

    evidence = [rule.of_reading(it, FIND, None) for it in shown]
    hidden = EvidenceRule({}).of_reading(_found(0, None), FIND, None)

    assert [it.equipment for it in evidence if it is not None] == [seen, seen]
    assert hidden is None


def test_of_a_find_that_is_closed_nothing_is_remembered(rule: EvidenceRule) -> None:
    seen = Equipment("0205", danger=False, score=0.7, x=100, y=60, width=24, height=30)
    rule.of_reading(_found(0, seen), FIND, None)

    rule.of_reading(replace(_found(1, None), closed=True, unseen=True), FIND, None)

    assert rule.of_reading(_found(2, seen), FIND, None) is not None


def _found(seconds: float, seen: Equipment | None) -> Reading:
    return replace(reading(seconds, asset=FIND.asset), kind=RegionKind.EQUIPMENT, equipment=seen)


def test_just_below_neither_counts_as_near(rule: EvidenceRule) -> None:
    assert kept(rule, *(reading(second, 74.9, 6.3) for second in range(60))) == [0]


def test_an_asset_without_limits_is_near_by_its_score_alone(rule: EvidenceRule) -> None:
    hot, odd = reading(0, 500.0, asset="joint-b"), reading(20, 20.0, 12.0, asset="joint-b")

    assert kept(rule, hot, replace(hot, header=reading(10).header), odd) == [0, 20]


def test_finds_and_what_has_no_pixels_have_none(rule: EvidenceRule) -> None:
    assert rule.of_reading(reading(0, asset=FIND.asset), FIND, None) is None
    assert rule.of_reading(reading(0), replace(REGION, crop=None), None) is None


def test_a_clock_that_was_set_back_does_not_end_it(rule: EvidenceRule) -> None:
    assert kept(rule, reading(7200), reading(0), reading(30)) == [7200, 0]


def test_it_holds_the_crop_its_place_and_what_was_found_in_it(rule: EvidenceRule) -> None:
    found = rule.of_reading(reading(0, 91.5, 12.0), REGION, MAP)

    assert found is not None
    assert (found.crop, found.x, found.y, found.max_c, found.anomaly) == (CROP, 100, 60, 91.5, ABNORMAL)
    assert found.map is MAP
    assert found.frame == Place(FRAMES, 2, 77)


# --- how it travels -------------------------------------------------------------------------------------------------


def evidence(**changes: object) -> Evidence:
    whole = Evidence(header(), Place(FRAMES, 2, 77), "joint-a", 100, 60, CROP, 91.5, ABNORMAL, MAP)
    return replace(whole, **changes)  # type: ignore[arg-type] # any fields


def test_it_is_read_as_it_was_written() -> None:
    read = Evidence.decode(evidence().encode())

    assert replace(read, map=None).encode() == evidence(map=None).encode()
    assert read.map is not None
    assert (read.map == MAP).all()


def test_without_a_model_there_is_neither_score_nor_map() -> None:
    read = Evidence.decode(evidence(anomaly=None, map=None).encode())

    assert (read.anomaly, read.map) == (None, None)


@pytest.mark.parametrize(
    "damage",
    [
        pb.AnomalyMap(width=6, height=6, distances=b"\0" * 140),
        pb.AnomalyMap(width=0, height=6, distances=b""),
        pb.AnomalyMap(width=100_000, height=100_000, distances=b""),
        pb.AnomalyMap(width=1, height=1, distances=b"\0\0\xc0\x7f"),
    ],
    ids=["half of it", "no area", "too large", "not a number"],
)
def test_a_damaged_map_is_refused(damage: pb.AnomalyMap) -> None:
    message = pb.Evidence.FromString(evidence().encode())
    message.map.CopyFrom(damage)

    with pytest.raises(InvalidMessage, match="map"):
        Evidence.decode(message.SerializeToString())


def test_a_score_against_a_threshold_that_nothing_can_be_under_is_refused() -> None:
    message = pb.Evidence.FromString(evidence().encode())
    message.anomaly.threshold = 0

    with pytest.raises(InvalidMessage, match="threshold 0"):
        Evidence.decode(message.SerializeToString())


# --- as pictures ----------------------------------------------------------------------------------------------------


def pictures(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_picture_shows_the_crop_and_reddens_where_it_is_abnormal(tmp_path: Path) -> None:
    album = Album(tmp_path, SEOUL, 10)

    album.add(record(evidence().encode(), "Evidence", EVIDENCE))

    (name,) = pictures(tmp_path)
    assert name == "20260701T030000.000000Z-joint-a.png"
    picture = np.asarray(cv2.imread(str(tmp_path / name)), int)
    red = picture[..., 2] - picture[..., :2].max(axis=2)
    # The map grows from its top left to its bottom right: the second panel is redder there than anywhere above.
    height, width = 360, 288
    second = red[16 : 16 + height, 32 + width : 32 + 2 * width]
    assert second[-100:].mean() > second[:100].mean() + 50


def test_below_a_picture_stands_how_sure_its_temperature_is_and_what_is_wrong_with_it() -> None:
    told = header(flags=(NOT_DEPENDABLE, "time_assigned"))

    lines = _lines(
        evidence(header=told, max_c=94.26, uncertainty=Uncertainty(1.2, 0.9)), SEOUL, np.full((2, 2), 20, np.float32)
    )

    assert "hottest 94.3 degC, plus or minus 3.0 K (95 %)" in lines
    assert NOT_DEPENDABLE in lines


def test_no_name_of_an_asset_leads_out_of_the_folder(tmp_path: Path) -> None:
    album = Album(tmp_path / "deep/er", SEOUL, 10)

    album.add(record(evidence(asset="../../x").encode(), "Evidence", EVIDENCE))

    assert pictures(tmp_path / "deep/er") == ["20260701T030000.000000Z-.._.._x.png"]


def test_a_name_of_any_length_makes_a_picture_of_its_usual_size(tmp_path: Path) -> None:
    album = Album(tmp_path, SEOUL, 10)

    album.add(record(evidence(asset="a" * 70_000).encode(), "Evidence", EVIDENCE))

    (name,) = pictures(tmp_path)
    assert len(name) < 200
    assert np.asarray(cv2.imread(str(tmp_path / name))).shape[1] < 1000


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    album = Album(tmp_path, SEOUL, 3)

    for second in range(5):
        at = replace(header(), captured_at=NOON + timedelta(seconds=second))
        album.add(record(evidence(header=at).encode(), "Evidence", EVIDENCE))

    assert [name[13:15] for name in pictures(tmp_path)] == ["02", "03", "04"]


def test_of_an_album_of_what_is_abnormal_the_rest_is_left_out(tmp_path: Path) -> None:
    album = Album(tmp_path, SEOUL, 10, abnormal_only=True)

    album.add(record(evidence(anomaly=None, map=None).encode(), "Evidence", EVIDENCE))
    album.add(record(evidence(anomaly=replace(ABNORMAL, score=7.9)).encode(), "Evidence", EVIDENCE))

    assert pictures(tmp_path) == []


def test_evidence_that_cannot_be_read_is_told_and_the_next_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    album = Album(tmp_path, SEOUL, 10)

    album.add(record(b"\xff", "Evidence", EVIDENCE))
    album.add(record(evidence().encode(), "Evidence", EVIDENCE))

    assert "cannot be read" in capsys.readouterr().err
    assert len(pictures(tmp_path)) == 1


def test_the_visible_picture_of_the_frame_stands_beside_the_crop_and_goes_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = MemoryBroker(ALL_TOPICS)
    seen = Frame(header(location=Location(37.5, -127.25)), CROP, visible=b"a JPEG")
    broker.producer().send([Outgoing(FRAMES, "cam-01", it.encode()) for it in (Frame(header(9), CROP), seen)], 1)
    first, second = broker.records(FRAMES)
    album = Album(tmp_path, SEOUL, 1, frames=broker.reader([FRAMES], from_start=False))

    for told, at in ((seen.header, second), (header(1), first), (header(2), replace(second, offset=7))):
        found = evidence(header=told, frame=Place(FRAMES, at.partition, at.offset))
        album.add(record(found.encode(), "Evidence", EVIDENCE))
        if told is seen.header:
            assert [it.read_bytes() for it in tmp_path.glob("*.visible.jpg")] == [b"a JPEG"]

    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].endswith(".png  at 37.500000, -127.250000")
    assert "where the frame frame-1 stood there is another one" in printed.err
    assert "the frame frame-2 is not kept any more" in printed.err
    assert list(tmp_path.glob("*.visible.jpg")) == []


# --- without temperatures -------------------------------------------------------------------------------------------

LEVELS = np.tile(np.arange(20, 220, 8, dtype=np.uint8), (30, 1))


def texts(found: Evidence) -> list[str]:
    return list(_lines(found, SEOUL, LEVELS))


def test_a_crop_without_temperatures_is_drawn_in_grey_and_says_what_was_not_judged() -> None:
    grey = evidence(header=header(flags=(NO_TEMPERATURES,)), crop=Picture.of(LEVELS), max_c=None)

    drawn = draw(grey, SEOUL)

    crop = drawn[16:376, 16:316]
    assert (crop == crop[..., :1]).all()
    assert set(np.unique(crop)) == set(np.unique(LEVELS))
    assert texts(grey)[1].endswith("  grey levels 20 to 212")
    assert texts(grey)[2] == "limits not judged: no temperatures"


def test_that_it_could_not_be_compared_is_said_with_the_kind_of_its_bank() -> None:
    flags = (NO_TEMPERATURES, NO_COMPARISON)
    grey = evidence(header=header(flags=flags), crop=Picture.of(LEVELS), max_c=None, anomaly=None, map=None)
    warm = evidence(header=header(flags=(NO_COMPARISON,)), anomaly=None, map=None)

    assert texts(grey)[3] == "not compared: its memory bank was made of temperatures"
    assert texts(warm)[2] == "not compared: its memory bank was made of pictures without temperatures"


def test_estimated_temperatures_are_said_to_be_estimated() -> None:
    estimated = evidence(header=header(flags=(ESTIMATE,), estimate_step_k=0.25))

    assert texts(estimated)[1].endswith("degC, estimated in steps of 0.25 K")
