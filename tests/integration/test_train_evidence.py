"""`canairy train patchcore --evidence`: crops that stand on the real topic become a bank."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.evidence import Evidence
from canairy.messages.header import Place
from canairy.messages.thermogram import Thermogram
from canairy.models.card import read_card
from canairy.settings import KafkaSettings
from canairy.simulator.scene import OFFSET_K, SCALE_K
from canairy.stream import schema
from canairy.stream.broker import Outgoing
from canairy.stream.kafka.producer import KafkaProducer
from canairy.topics import EVIDENCE, FRAMES, Topic
from tests.acceptance.helpers.command import canairy
from tests.helpers.frames import NOON, header
from tests.helpers.patchcore import SIZE_PX, bushing, write_crop

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

DAYS = 24
ABNORMAL = AnomalyScore(20.0, 8.0, "old", "0123456789abcdef")


@pytest.fixture
def asset(kafka_settings: KafkaSettings, stack_topics: Sequence[Topic]) -> str:
    """A bushing of which 24 normal crops are kept, ten minutes apart, and between them some that are not normal."""
    assert EVIDENCE in {topic.name for topic in stack_topics}
    name = f"bushing-{uuid.uuid4().hex[:8]}"
    kept = [_kept(name, 600.0 * day, day) for day in range(DAYS)]
    abnormal = [replace(_kept(name, 600.0 * DAYS + second, 7, cold=True), anomaly=ABNORMAL) for second in (0, 10)]
    producer = KafkaProducer(kafka_settings)
    producer.send((Outgoing(EVIDENCE, name, it.encode(), schema.header("Evidence")) for it in [*kept, *abnormal]), 20.0)
    producer.close()
    return name


def _kept(asset: str, seconds: float, day: int, *, cold: bool = False) -> Evidence:
    at = replace(header(), captured_at=NOON + timedelta(seconds=seconds))
    crop = Thermogram.of(bushing(day, cold_part=cold), SCALE_K, OFFSET_K)
    return Evidence(at, Place(FRAMES, 0, day), asset, 250, 150, crop, 35.0)


def test_crops_on_the_topic_make_a_bank_that_tells_normal_from_abnormal_and_says_where_they_stood(
    asset: str, kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    model = tmp_path / "bushings"
    told = {"CANAIRY_KAFKA_BOOTSTRAP": kafka_settings.kafka_bootstrap}
    options = ["--out", str(model), "--size", str(SIZE_PX), "--coreset", "0.05", "--json"]

    done = canairy("train", "patchcore", "--evidence", "--asset", asset, *options, **told)

    assert done.returncode == 0, done.stderr
    source = (
        f"{DAYS} crops on thermal.evidence, 2026-07-01T03:00:00Z to 2026-07-01T06:50:00Z; "
        "left out: 1 kept within ten minutes of another, 1 near a threshold"
    )
    assert json.loads(done.stdout)["source"] == source
    assert f"crops: {source}" in done.stderr
    (bank,) = read_card(model).banks
    assert (bank.identifier, bank.crops, bank.unit) == (asset, DAYS, "kelvin")
    assert (bank.scale, bank.offset_c) == (SCALE_K, round(OFFSET_K - 273.15, 6))
    assert bank.command.endswith(f"  # {source}")
    well, cold = write_crop(tmp_path / "well.png", bushing(100)), tmp_path / "cold.png"
    write_crop(cold, bushing(101, cold_part=True))
    scored = canairy("score", "--model", str(model), str(well), str(cold), "--json")
    assert [json.loads(line)["abnormal"] for line in scored.stdout.splitlines()] == [False, True]


def test_an_asset_of_which_nothing_is_kept_is_named_and_no_model_is_written(
    asset: str, kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    told = {"CANAIRY_KAFKA_BOOTSTRAP": kafka_settings.kafka_bootstrap}

    done = canairy("train", "patchcore", "--evidence", "--asset", "nobody", "--out", str(tmp_path / "m"), **told)

    assert done.returncode == 1
    assert "thermal.evidence holds no crop of nobody; it holds crops of" in done.stderr
    assert asset in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "m").exists()


def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    told = {"CANAIRY_KAFKA_BOOTSTRAP": "127.0.0.1:9"}

    done = canairy("train", "patchcore", "--evidence", "--asset", "a", "--out", str(tmp_path / "m"), **told)

    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
