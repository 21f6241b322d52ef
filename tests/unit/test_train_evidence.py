"""Which of the crops on thermal.evidence show an asset as it is on ordinary days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import cli.train_evidence
from canairy.errors import ConfigurationError
from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.detections import Region, RegionKind
from canairy.messages.equipment import Equipment
from canairy.messages.evidence import Evidence
from canairy.messages.header import OVER_RANGE, Place
from canairy.messages.picture import Picture
from canairy.messages.reading import Reading, Temperatures
from canairy.messages.thermogram import Thermogram
from canairy.stream import schema
from canairy.stream.broker import Outgoing
from canairy.stream.memory import MemoryBroker
from canairy.topics import ALL_TOPICS, EVIDENCE, FRAMES
from cli.main import app
from cli.train_crops import wanted_of
from cli.train_evidence import SOONER, Chosen, Wanted, normal_crops, why_not
from services.anomaly.evidence import EvidenceRule
from tests.helpers.frames import NOON, SCALE_K, counts, header, scene

ASSET = "joint-a"
CROP = Thermogram.of(counts(scene(30, 24)), SCALE_K, 0.0)
WELL = AnomalyScore(3.0, 8.0, ASSET, "0123456789abcdef")
SEEN = Equipment("0205", danger=False, score=0.7, x=100, y=60, width=24, height=30)
TEN_MINUTES = 600.0


def evidence(seconds: float, asset: str = ASSET, max_c: float | None = 40.0, **more: object) -> Evidence:
    told = replace(header(), captured_at=NOON + timedelta(seconds=seconds))
    whole = Evidence(told, Place(FRAMES, 2, 77), asset, 100, 60, CROP, max_c, None, None)
    return replace(whole, **more)  # type: ignore[arg-type] # any fields


def topic(*kept: Evidence) -> MemoryBroker:
    broker = MemoryBroker(ALL_TOPICS)
    broker.append(Outgoing(EVIDENCE, it.asset, it.encode(), schema.header("Evidence")) for it in kept)
    return broker


def chosen(broker: MemoryBroker, wanted: Wanted | None = None) -> Chosen:
    return normal_crops(broker.reader([EVIDENCE]), wanted or Wanted(ASSET))


def ordinary(count: int, first: float = 0.0) -> list[Evidence]:
    return [evidence(first + TEN_MINUTES * number) for number in range(count)]


# --- what is chosen -------------------------------------------------------------------------------------------------


def test_of_an_ordinary_day_every_crop_is_taken_as_it_is_with_its_own_scale() -> None:
    found = chosen(topic(*ordinary(5)))

    assert len(found.crops) == 5
    assert (found.first, found.last) == (NOON, NOON + timedelta(minutes=40))
    assert found.left_out == {}
    (crop, *_) = found.crops
    assert (crop.counts == CROP.counts()).all()
    assert (crop.scale.scale, crop.scale.offset, crop.scale.radiometric) == (SCALE_K, 0.0, True)


def test_what_the_service_kept_because_it_was_near_a_limit_is_left_out_although_nobody_tells_the_limit() -> None:
    rule = EvidenceRule({ASSET: 80.0})
    hot = dict.fromkeys(range(1000, 1100), 78.0)
    readings = [_reading(second, hot.get(second, 40.0)) for second in range(0, 4000, 5)]
    kept = [it for each in readings if (it := rule.of_reading(each, _region(), None)) is not None]

    found = chosen(topic(*kept))

    assert len(kept) == 16
    assert found.left_out == {SOONER: 10}
    assert len(found.crops) == 6


def test_a_first_crop_near_a_limit_of_the_site_file_is_left_out() -> None:
    kept = [evidence(0, max_c=75.0), *ordinary(3, TEN_MINUTES), evidence(4 * TEN_MINUTES, max_c=74.9)]

    found = chosen(topic(*kept), Wanted(ASSET, limit_c=80.0))

    assert found.left_out == {"near a limit": 1}
    assert len(found.crops) == 4


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (evidence(0, anomaly=replace(WELL, score=6.4)), "near a threshold"),
        (evidence(0, anomaly=replace(WELL, score=20.0)), "near a threshold"),
        (evidence(0, equipment=replace(SEEN, danger=True)), "dangerous to a detector"),
        (evidence(0, header=replace(header(), captured_at=NOON, flags=(OVER_RANGE,))), "over range"),
    ],
    ids=["near its threshold", "abnormal", "dangerous", "over range"],
)
def test_what_looked_abnormal_to_anybody_is_left_out(odd: Evidence, why: str) -> None:
    found = chosen(topic(odd, *ordinary(2, TEN_MINUTES)))

    assert found.left_out == {why: 1}
    assert len(found.crops) == 2


@pytest.mark.parametrize("well", [evidence(0, anomaly=WELL), evidence(0, equipment=SEEN), evidence(0, max_c=None)])
def test_what_looked_well_is_taken(well: Evidence) -> None:
    assert why_not(well, 80.0) == ""


def test_other_assets_crops_are_neither_taken_nor_counted() -> None:
    others = [evidence(second, asset="joint-b") for second in (1, 2, 3)]

    found = chosen(topic(*others, *ordinary(3)))

    assert len(found.crops) == 3
    assert found.left_out == {}


def test_only_what_was_seen_in_the_time_that_is_asked_for_is_taken_ends_included() -> None:
    wanted = Wanted(ASSET, since=NOON + timedelta(minutes=10), until=NOON + timedelta(minutes=30))

    found = chosen(topic(*ordinary(6)), wanted)

    assert (found.first, found.last) == (wanted.since, wanted.until)
    assert len(found.crops) == 3


def test_a_crop_before_that_time_still_tells_why_the_next_one_was_kept() -> None:
    wanted = Wanted(ASSET, since=NOON + timedelta(seconds=5))

    found = chosen(topic(evidence(0), evidence(10), *ordinary(2, 700.0)), wanted)

    assert found.left_out == {SOONER: 1}
    assert len(found.crops) == 2


def test_a_recording_that_was_played_again_counts_once() -> None:
    found = chosen(topic(*ordinary(3), *ordinary(3)))

    assert len(found.crops) == 3


def test_of_more_than_a_bank_is_made_of_a_random_part_is_taken_alike_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli.train_evidence, "MOST", 10)
    broker = topic(*ordinary(60))

    first, again, other = (normal_crops(broker.reader([EVIDENCE]), Wanted(ASSET), seed) for seed in (1, 1, 2))

    assert len(first.crops) == len(other.crops) == 10
    assert (first.first, first.last) == (again.first, again.last)
    assert (first.first, first.last) != (other.first, other.last)
    assert first.first < first.last


def test_of_a_camera_without_temperatures_grey_levels_are_taken() -> None:
    levels = np.random.default_rng(3).integers(0, 256, (30, 24), dtype=np.uint8)
    kept = [replace(it, crop=Picture.of(levels), max_c=None) for it in ordinary(3)]

    found = chosen(topic(*kept))

    (crop, *_) = found.crops
    assert (crop.counts == levels).all()
    assert (crop.scale.scale, crop.scale.offset, crop.scale.radiometric) == (1.0, 0.0, False)


def test_crops_with_temperatures_and_without_are_not_mixed() -> None:
    levels = Picture.of(np.zeros((30, 24), np.uint8))
    kept = [*ordinary(2), replace(evidence(3 * TEN_MINUTES), crop=levels)]

    with pytest.raises(ConfigurationError, match="with temperatures and without: --since or --until"):
        chosen(topic(*kept))


# --- what is wrong with it ------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_counted_and_the_rest_is_taken() -> None:
    damaged = evidence(5 * TEN_MINUTES, crop=replace(CROP, packed=b"\x00"))
    tiny = evidence(6 * TEN_MINUTES, crop=Thermogram.of(np.zeros((2, 9), np.uint16), SCALE_K, 0.0))
    broker = topic(*ordinary(3), damaged, tiny)
    broker.append([Outgoing(EVIDENCE, ASSET, b"\xff", schema.header("Evidence"))])

    found = chosen(broker)

    assert found.left_out == {"not readable": 3}
    assert len(found.crops) == 3


def test_an_asset_without_crops_is_named_with_those_that_have_some() -> None:
    with pytest.raises(ConfigurationError, match=r"no crop of joint-x; it holds crops of joint-a, joint-b"):
        chosen(topic(evidence(0), evidence(0, asset="joint-b")), Wanted("joint-x"))


def test_one_normal_crop_is_too_few_and_it_is_said_what_was_left_out() -> None:
    with pytest.raises(ConfigurationError, match=rf"holds 1 normal crops of joint-a .*left out: 2 {SOONER}"):
        chosen(topic(*(evidence(second) for second in (0, 10, 20))))


# --- how it is asked for and told -----------------------------------------------------------------------------------


def test_the_line_for_card_and_person_tells_topic_number_times_and_what_was_left_out() -> None:
    found = chosen(topic(*ordinary(3), evidence(1210)))

    assert str(found) == (
        f"3 crops on thermal.evidence, 2026-07-01T03:00:00Z to 2026-07-01T03:20:00Z; left out: 1 {SOONER}"
    )


def test_limits_come_from_the_site_file_and_times_have_a_zone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE, encoding="utf-8")

    limited = wanted_of("joint-a", "2026-07-01T12:00+09:00", None, site, None)
    other = wanted_of("joint-x", None, None, site, None)

    assert limited == Wanted("joint-a", 70.0, datetime(2026, 7, 1, 3, tzinfo=UTC), None)
    assert other.limit_c is None
    assert "registers no joint-x" in capsys.readouterr().err


def test_without_a_site_file_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CANAIRY_SITE_FILE", raising=False)

    wanted = wanted_of("joint-a", None, None, None, tmp_path)

    assert wanted == Wanted("joint-a")
    assert "near a limit are not left out" in capsys.readouterr().err


@pytest.mark.parametrize(("time", "told"), [("2026-07-01T12:00", "has no zone"), ("noon", "is no time")])
def test_a_time_that_is_none_is_a_mistake(tmp_path: Path, time: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=f"--until '{time}' {told}"):
        wanted_of("joint-a", None, time, None, tmp_path)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "either --normal DIR or --evidence"),
        (["--evidence", "--normal", "x", "--asset", "a"], "either --normal DIR or --evidence"),
        (["--evidence"], "--evidence needs --asset ID"),
        (["--normal", "x", "--asset", "a"], "go with --evidence"),
        (["--normal", "x", "--since", "2026-07-01T00:00Z"], "go with --evidence"),
    ],
)
def test_where_crops_come_from_is_said_in_one_way(options: list[str], told: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["train", "patchcore", "--out", str(tmp_path / "m"), *options])

    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())


SITE = """
site: {id: test-ss, name: Test substation (simulated), timezone: Asia/Seoul}
cameras:
  - id: cam-1
    source: "push:"
    rate_hz: 1.0
    views:
      - id: view-1
        assets:
          - {id: joint-a, equipment: "0201", region: [[10, 10], [60, 10], [60, 60], [10, 60]],
             limits: {high_c: 70, high_high_c: 90}, consequence: high, respond_within: 30m}
"""


def _reading(seconds: float, max_c: float) -> Reading:
    told = replace(header(), captured_at=NOON + timedelta(seconds=seconds))
    measured = Temperatures(max_c, 39, 38, 30, 104, 64, 8, 8, 720)
    return Reading(told, Place(FRAMES, 2, 77), ASSET, RegionKind.REGISTERED, measured)


def _region() -> Region:
    return Region(ASSET, RegionKind.REGISTERED, 100, 60, CROP)
