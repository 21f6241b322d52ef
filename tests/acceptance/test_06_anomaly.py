"""PatchCore in a real Triton, asked by the real stack: what looks abnormal is an alarm; a model that is away is said.

The camera is the demo's transformer (simulated): a radiator whose fins 3 to 5 cool down when their oil stands still. No
limit of temperature sees that.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from canairy.messages import wire
from canairy.messages.evidence import Evidence
from canairy.messages.header import CANARY, MODEL_UNAVAILABLE
from canairy.messages.reading import Reading
from canairy.messages.thermogram import Thermogram
from canairy.models.card import read_card
from canairy.simulator.demo import DEMO
from canairy.simulator.scene import Scene
from canairy.topics import EVIDENCE, READINGS
from deploy.local.jars import ROOT
from protos.canairy.v1 import ingest_service_pb2 as pb
from tests.acceptance.helpers.command import CANAIRY, environment
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import just_now, push_all
from tests.acceptance.helpers.site import SITE
from tests.acceptance.helpers.stack import RunningStack, running

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]

MODEL = ROOT / "model_repository/patchcore"
BANK = "tr-301-radiator"
REGION = [[516, 252], [632, 252], [632, 422], [516, 422]]
SCENE = Scene(replace(DEMO.cameras[0]), seed=77)
# Seconds of the demo's script: before the oil stands still, and long after.
NORMAL_S, BLOCKED_S = 5.0, 60.0
SECOND = timedelta(seconds=1)


def radiator(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a site file's
    """A pushed camera with one radiator, which is called NAME-radiator and compared with the demo's bank."""
    asset = {
        "id": f"{name}-radiator",
        "equipment": "0103",
        "region": REGION,
        "limits": {"high_c": 70},
        "anomaly": {"bank": BANK, "readings": 3, "of": 5} | more,
        "consequence": "high",
        "respond_within": "30m",
    }
    return {"id": name, "source": "push:", "rate_hz": 1.0, "views": [{"id": f"{name}-view", "assets": [asset]}]}


def site_file(folder: Path, *cameras: dict[str, Any]) -> Path:
    site = {"id": SITE, "name": "Acceptance substation (simulated)", "timezone": "Asia/Seoul"}
    path = folder / "site.yaml"
    path.write_text(json.dumps({"site": site, "cameras": cameras}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose site file asks for the model."""
    folder = tmp_path_factory.mktemp("models")
    names = ("found", "single", "shown", "drawn", "left-alone", "away")
    with running(site_file(folder, *map(radiator, names)), folder / "data") as up:
        yield up
    shutil.rmtree(folder, ignore_errors=True)


def frames(camera: str, at: datetime, *seconds: float) -> Iterator[pb.SubmitFramesRequest]:
    """The demo's transformer at these seconds of its script, taken one second after the other."""
    for number, second in enumerate(seconds):
        counts = SCENE.render(second + number / 1000)
        yield pb.SubmitFramesRequest(
            camera=camera,
            captured_at=wire.timestamp(at + number * SECOND),
            width=640,
            height=512,
            scale_k=0.01,
            counts=counts.astype("<u2").tobytes(),
        )


def readings(stack: RunningStack, asset: str, count: int) -> list[Reading]:
    """The first readings of an asset, when there are so many."""
    stack.until(lambda: len(stack.log.records(READINGS, asset)) >= count, f"{count} readings of {asset}")
    return [Reading.decode(record.value or b"") for record in stack.log.records(READINGS, asset)]


# --- what looks abnormal --------------------------------------------------------------------------------------------


def test_a_blocked_radiator_is_an_alarm_that_no_limit_of_temperature_raises(looked_at: RunningStack) -> None:
    begun = just_now()

    push_all(looked_at.ingest(), frames("found", begun, NORMAL_S, NORMAL_S, BLOCKED_S, BLOCKED_S, BLOCKED_S))
    looked_at.until(lambda: looked_at.log.events("found-radiator"), "the alarm")
    push_all(looked_at.ingest(), frames("found", begun + 5 * SECOND, NORMAL_S, NORMAL_S, NORMAL_S))
    looked_at.until(lambda: len(looked_at.log.events("found-radiator")) >= 2, "the return")

    events = looked_at.log.events("found-radiator")
    assert kinds(events) == ["anomaly raised", "anomaly returned"]
    data = events[0]["data"]
    assert data["reason"].startswith("looks abnormal: score ")
    assert data["reason"].endswith("in 3 of 5 readings")
    assert data["compared_with"] == f"bank {BANK}"
    assert data["temperature_c"] < 35
    assert data["priority"] == "high"
    assert data["since"] == (begun + 2 * SECOND).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_a_single_abnormal_picture_is_none(looked_at: RunningStack) -> None:
    push_all(looked_at.ingest(), frames("single", just_now(), BLOCKED_S, *[NORMAL_S] * 4))

    scores = [it.anomaly for it in readings(looked_at, "single-radiator", 5)]

    assert [it is not None and it.abnormal for it in scores] == [True, False, False, False, False]
    assert looked_at.log.events("single-radiator") == []


def test_a_reading_carries_score_threshold_and_the_digest_of_its_bank(looked_at: RunningStack) -> None:
    push_all(looked_at.ingest(), frames("shown", just_now(), NORMAL_S, BLOCKED_S))

    normal, blocked = readings(looked_at, "shown-radiator", 2)

    (bank,) = [bank for bank in read_card(MODEL).banks if bank.identifier == BANK]
    assert normal.anomaly is not None
    assert blocked.anomaly is not None
    assert normal.anomaly.score < normal.anomaly.threshold < blocked.anomaly.score
    assert {normal.anomaly.threshold, blocked.anomaly.threshold} == {bank.threshold}
    assert (normal.anomaly.bank, normal.anomaly.digest) == (BANK, bank.digest[:16])
    assert len(looked_at.log.records(READINGS, "shown-radiator")[0].value or b"") <= 2048


def test_crop_score_and_map_are_kept_as_evidence_and_can_be_looked_at(looked_at: RunningStack, tmp_path: Path) -> None:
    push_all(looked_at.ingest(), frames("drawn", just_now(), BLOCKED_S))
    (record,) = looked_at.until(lambda: looked_at.log.records(EVIDENCE, "drawn-radiator"), "the evidence")

    drawn = subprocess.run(
        [str(CANAIRY), "evidence", "--out", str(tmp_path), "--abnormal", "--data", str(looked_at.data)],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
    )

    kept = Evidence.decode(record.value or b"")
    assert kept.anomaly is not None
    assert kept.anomaly.abnormal
    assert isinstance(kept.crop, Thermogram)
    assert (kept.crop.counts() == SCENE.render(BLOCKED_S)[252:423, 516:633]).all()
    assert kept.map is not None
    # Where the oil stands still, a third of the way across, it is further from normal than at the sound fins.
    across = kept.map.mean(axis=0)
    assert across[len(across) // 4 : len(across) // 2].mean() > 1.2 * across[2 * len(across) // 3 :].mean()
    assert "drawn-radiator.png" in drawn.stdout
    assert any(path.name.endswith("drawn-radiator.png") for path in tmp_path.iterdir())


def test_the_map_and_the_score_are_those_of_the_file_scored_without_the_stack(
    looked_at: RunningStack, tmp_path: Path
) -> None:
    push_all(looked_at.ingest(), frames("left-alone", just_now(), BLOCKED_S))
    (reading,) = readings(looked_at, "left-alone-radiator", 1)
    crop = tmp_path / "crop.png"
    crop.write_bytes(_png(SCENE.render(BLOCKED_S)[252:423, 516:633]))

    scored = subprocess.run(
        [str(CANAIRY), "score", "--model", str(MODEL), str(crop), "--json"],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
    )

    told = json.loads(scored.stdout)
    assert reading.anomaly is not None
    # Served by another runtime than the command's.
    assert told["score"] == pytest.approx(reading.anomaly.score, abs=1e-3 * reading.anomaly.threshold)
    assert told["abnormal"] is True


# --- Triton away ----------------------------------------------------------------------------------------------------


def test_with_triton_away_equipment_is_measured_and_it_is_said_and_scores_come_again(looked_at: RunningStack) -> None:
    server = _server(looked_at)
    server.suspend()
    try:
        push_all(looked_at.ingest(), frames("away", just_now(), NORMAL_S, BLOCKED_S))
        unscored = readings(looked_at, "away-radiator", 2)
        beat = looked_at.until(lambda: _beat_that_says(looked_at, MODEL_UNAVAILABLE), "a heartbeat that says so")
        looked_at.until(lambda: looked_at.log.events(SITE, "models"), "the site's alarm")
    finally:
        server.resume()
    looked_at.until(lambda: "models returned" in kinds(looked_at.log.events(SITE)), "the models to be back")
    push_all(looked_at.ingest(), frames("away", just_now(30), BLOCKED_S))
    after = readings(looked_at, "away-radiator", 3)[-1]

    assert all(it.anomaly is None and it.temperatures is not None for it in unscored)
    assert all(MODEL_UNAVAILABLE in it.header.flags for it in unscored)
    assert beat["data"]["asset"] == CANARY
    assert looked_at.metric("anomaly", "canairy_crops_not_scored_total") >= 2
    assert after.anomaly is not None
    assert MODEL_UNAVAILABLE not in after.header.flags
    assert looked_at.log.events("away-radiator") == []


def test_a_triton_that_is_killed_is_started_again_and_asked_again(looked_at: RunningStack) -> None:
    pid = looked_at.file.pids["triton"]
    _server(looked_at).kill()
    looked_at.until(lambda: looked_at.file.pids["triton"] != pid, "another server")
    begun = just_now(0)

    def scored_again() -> bool:
        push_all(looked_at.ingest(), frames("away", just_now(0), NORMAL_S))
        newest = Reading.decode(looked_at.log.records(READINGS, "away-radiator")[-1].value or b"")
        return newest.header.captured_at > begun and newest.anomaly is not None

    looked_at.until(scored_again, "scores of the new server")


# --- what is wrong is named at the start ----------------------------------------------------------------------------


def _start(site: Path, data: Path, **told: str) -> subprocess.CompletedProcess[str]:
    """The anomaly service by itself; it must not get as far as Kafka."""
    env = environment(CANAIRY_SITE_FILE=str(site), CANAIRY_DATA_DIR=str(data), **told)
    return subprocess.run(
        [sys.executable, "-P", "-m", "services.anomaly"],
        check=False,
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
    )


def test_a_site_file_that_asks_for_a_model_and_no_server_told_is_a_mistake(tmp_path: Path) -> None:
    ended = _start(site_file(tmp_path, radiator("cam-1")), tmp_path)

    assert ended.returncode != 0
    assert "cam-1-radiator" in ended.stdout + ended.stderr
    assert "CANAIRY_TRITON_ADDRESS" in ended.stdout + ended.stderr


def test_a_bank_that_the_model_does_not_have_is_named_with_its_asset(looked_at: RunningStack, tmp_path: Path) -> None:
    site = site_file(tmp_path, radiator("cam-1", bank="nobody"))

    ended = _start(site, tmp_path, **_told(looked_at, MODEL.parent))

    assert ended.returncode != 0
    assert "cam-1-radiator: model patchcore has no memory bank 'nobody'" in ended.stdout + ended.stderr


def test_a_card_of_another_graph_than_the_one_that_is_served_is_named(looked_at: RunningStack, tmp_path: Path) -> None:
    other = tmp_path / "models/patchcore"
    shutil.copytree(MODEL, other)
    graph = other / "1/model.onnx"
    graph.write_bytes(graph.read_bytes() + b"\x00")
    card = json.loads((other / "card.json").read_text())
    card["sha256"] = hashlib.sha256(graph.read_bytes()).hexdigest()
    (other / "card.json").write_text(json.dumps(card))
    site = site_file(tmp_path, radiator("cam-1"))

    ended = _start(site, tmp_path, **_told(looked_at, other.parent))

    assert ended.returncode != 0
    assert "parameter sha256" in ended.stdout + ended.stderr


def _told(stack: RunningStack, repository: Path) -> dict[str, str]:
    address = stack.stack.environment["CANAIRY_TRITON_ADDRESS"]
    return {"CANAIRY_TRITON_ADDRESS": address, "CANAIRY_MODEL_REPOSITORY": str(repository)}


def _server(stack: RunningStack) -> psutil.Process:
    """Triton itself, below the process that guards it."""
    below = psutil.Process(stack.file.pids["triton"]).children(recursive=True)
    return next(process for process in below if process.name() == "tritonserver")


def _beat_that_says(stack: RunningStack, flag: str) -> dict[str, Any] | None:
    beats = (event for event in stack.log.events(CANARY) if flag in str(event["data"].get("status")))
    return next(beats, None)


def _png(counts: np.ndarray[Any, np.dtype[np.uint16]]) -> bytes:
    good, png = cv2.imencode(".png", counts)
    assert good
    return png.tobytes()
