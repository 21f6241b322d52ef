"""Pictures without temperatures through the real stack, with a real Triton: carried, looked at, and never in degrees.

Pictures are simulated: frames of the simulator, shown as an 8-bit camera would show them. The bank of grey levels is
trained by `canairy train` from such crops.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from canairy.messages import wire
from canairy.messages.detections import Detections, RegionKind
from canairy.messages.evidence import Evidence
from canairy.messages.frame import Frame
from canairy.messages.header import ESTIMATE, NO_COMPARISON, NO_TEMPERATURES
from canairy.messages.picture import Picture
from canairy.messages.reading import Reading
from canairy.messages.thermogram import KELVIN
from canairy.simulator.demo import DEMO
from canairy.simulator.scene import Scene
from canairy.topics import DETECTIONS, EVIDENCE, FRAMES, READINGS
from cli.detect_model import detected
from deploy.local.jars import ROOT
from protos.canairy.v1 import ingest_service_pb2 as pb
from tests.acceptance.helpers.command import canairy, environment
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import just_now, push_all, submit
from tests.acceptance.helpers.push import request as of_temperatures
from tests.acceptance.helpers.site import SITE
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.test_06_anomaly import BLOCKED_S, NORMAL_S, REGION
from tests.acceptance.test_06_detection import FIRST, LEAST_SCORE, outlined
from tests.acceptance.test_06_detection import FRAME as YARD
from tests.acceptance.test_06_detection import MODEL as DETECTOR
from training.detector.served import Served

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]

SECOND = timedelta(seconds=1)
SCENE = Scene(DEMO.cameras[0], seed=77)
KELVIN_BANK, GREY_BANK = "tr-301-radiator", "radiator-grey"
# What an 8-bit camera that does not change its range shows as black and as white.
BLACK_C, WHITE_C = 0.0, 60.0
BAR = (600, 40, 20, 400)
STATED = {"min_c": BLACK_C, "max_c": WHITE_C, "bar": list(BAR), "locked": True, "linear": True}

Levels = npt.NDArray[np.uint8]


def shown(celsius: npt.NDArray[np.floating[Any]]) -> Levels:
    """As such a camera shows temperatures."""
    return np.asarray(np.rint(np.clip((celsius - BLACK_C) / (WHITE_C - BLACK_C), 0, 1) * 255), np.uint8)


def transformer(second: float) -> Levels:
    """The demo's transformer at this second of its script, (512, 640)."""
    return shown(SCENE.render(second) * 0.01 - KELVIN)


def yard() -> Levels:
    """The detector's yard, stretched from its coldest to its hottest as a camera with auto-range does."""
    counts = YARD.counts.astype(np.float64)
    return np.asarray(np.rint((counts - counts.min()) / np.ptp(counts) * 255), np.uint8)


def painted(levels: Levels) -> Levels:
    """The same in false colours, with the colour bar that belongs to them."""
    x, y, width, height = BAR
    levels = levels.copy()
    levels[y : y + height, x : x + width] = np.linspace(255, 0, height).round().astype(np.uint8)[:, None]
    return np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), np.uint8)


# --- the site -------------------------------------------------------------------------------------------------------


def camera(name: str, *assets: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a site file's
    view = {"id": f"{name}-view", "hotspot_limit": {"high_c": 60}, "assets": list(assets)}
    return {"id": name, "source": "push:", "rate_hz": 1.0, "views": [view]} | more


def radiator(name: str, bank: str | None = None, high_c: float = 70) -> dict[str, Any]:
    compared = {} if bank is None else {"anomaly": {"bank": bank, "readings": 3, "of": 5}}
    limits = {"limits": {"high_c": high_c}, "consequence": "high", "respond_within": "30m"}
    return {"id": f"{name}-radiator", "equipment": "0103", "region": REGION} | limits | compared


def cameras() -> list[dict[str, Any]]:
    compared = [camera(name, radiator(name, GREY_BANK)) for name in ("odd", "scored", "kept")]
    alone = [camera(name, radiator(name)) for name in ("carried", "covered", "unseen", "invented")]
    return [
        *compared,
        *alone,
        camera("mixed", radiator("mixed", KELVIN_BANK)),
        camera("stood", {"id": "stood-a", "equipment": "0201", "region": [[40, 40], [60, 40], [60, 60], [40, 60]],
                         "limits": {"high_c": 80}}),
        camera("found", outlined("piece", FIRST, "0201")),
        camera("read-off", radiator("read-off", high_c=50), temperatures="none", estimate=STATED),
    ]  # fmt: skip


def site_file(folder: Path, *those: dict[str, Any]) -> Path:
    site = {"id": SITE, "name": "Acceptance substation (simulated)", "timezone": "Asia/Seoul"}
    alerting = {"coverage_alarm_after": "15s"}
    whole = {"site": site, "detector": {"least_score": LEAST_SCORE}, "alerting": alerting, "cameras": those}
    path = folder / "site.yaml"
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project's models, and in patchcore a bank of grey levels beside those of temperatures."""
    folder = tmp_path_factory.mktemp("repository")
    models = folder / "models"
    shutil.copytree(ROOT / "model_repository", models)
    normals = folder / "normals"
    normals.mkdir()
    for number in range(16):
        crop = transformer(NORMAL_S + number / 7)[252:423, 516:633]
        assert cv2.imwrite(str(normals / f"{number:02}.png"), crop)
    trained = canairy(
        "train", "patchcore", "--normal", str(normals), "--out", str(models / "patchcore"), "--bank", GREY_BANK
    )
    assert trained.returncode == 0, trained.stderr
    yield models
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def grey(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack with both kinds of banks and the detector."""
    folder = tmp_path_factory.mktemp("grey")
    with running(site_file(folder, *cameras()), folder / "data", repository=repository) as up:
        yield up
    shutil.rmtree(folder, ignore_errors=True)


# --- what is pushed and what comes of it ----------------------------------------------------------------------------


def request(name: str, pixels: Levels, at: datetime) -> pb.SubmitFramesRequest:
    height, width = pixels.shape[:2]
    captured_at = wire.timestamp(at)
    return pb.SubmitFramesRequest(
        camera=name, captured_at=captured_at, width=width, height=height, pixels=pixels.tobytes()
    )


def pictures(name: str, at: datetime, *those: Levels) -> Iterator[pb.SubmitFramesRequest]:
    """Pictures a second apart; one pixel differs from one to the next, as no two pictures of a camera are the same."""
    for number, pixels in enumerate(those):
        told = pixels.copy()
        told[0, 0] = number
        yield request(name, told, at + number * SECOND)


def readings(stack: RunningStack, asset: str, count: int) -> Sequence[Reading]:
    stack.until(lambda: len(stack.log.records(READINGS, asset)) >= count, f"{count} readings of {asset}")
    return [Reading.decode(record.value or b"") for record in stack.log.records(READINGS, asset)]


# --- carried --------------------------------------------------------------------------------------------------------


def test_a_picture_travels_to_the_bit_and_everything_that_comes_of_it_says_that_it_has_no_temperatures(
    grey: RunningStack,
) -> None:
    pixels = painted(transformer(NORMAL_S))

    push_all(grey.ingest(), [request("carried", pixels, just_now())])
    (reading,) = readings(grey, "carried-radiator", 1)

    frame = Frame.decode(grey.log.records(FRAMES, "carried")[0].value or b"")
    found = Detections.decode(grey.log.records(DETECTIONS, "carried")[0].value or b"")
    assert frame.picture is not None
    assert np.array_equal(frame.picture.pixels(), pixels)
    for header in (frame.header, found.header, reading.header):
        assert header.flags == (NO_TEMPERATURES,)
        assert header.frame == frame.header.frame
    assert reading.temperatures is None
    assert reading.seen_pixels == 117 * 171
    assert len(grey.log.records(READINGS, "carried-radiator")[0].value or b"") <= 2048


def test_no_degrees_are_invented_for_false_colours_whose_scale_nobody_stated(grey: RunningStack) -> None:
    push_all(grey.ingest(), [request("invented", painted(transformer(NORMAL_S)), just_now())])

    (reading,) = readings(grey, "invented-radiator", 1)

    assert (reading.temperatures, reading.header.estimate_step_k) == (None, None)
    assert ESTIMATE not in reading.header.flags


def test_a_picture_of_another_size_than_it_says_is_refused_and_its_neighbours_are_kept(grey: RunningStack) -> None:
    good = [request("carried", transformer(NORMAL_S), just_now(50 - number)) for number in range(2)]
    bad = request("carried", transformer(NORMAL_S), just_now(45))
    bad.width = 641

    answer = submit(grey.ingest(), [good[0], bad, good[1]])

    assert (answer.accepted, answer.refused, answer.refusals[0].index) == (2, 1, 1)
    assert "641x512 take 328192, or 3 times that in colour" in answer.refusals[0].reason


# --- detection ------------------------------------------------------------------------------------------------------


def test_equipment_is_found_as_canairy_detect_finds_it_in_the_same_picture_and_nothing_is_a_hot_spot(
    grey: RunningStack, tmp_path: Path
) -> None:
    file = tmp_path / "yard.png"
    assert cv2.imwrite(str(file), yard())
    (alone,) = detected(Served(DETECTOR, threads=1), [file], 0.01, -273.15, LEAST_SCORE)

    push_all(grey.ingest(), [request("found", yard(), just_now())])
    grey.until(lambda: grey.log.records(DETECTIONS, "found"), "detections")
    told = Detections.decode(grey.log.records(DETECTIONS, "found")[0].value or b"")

    equipment = [it.equipment for it in told.regions if it.equipment is not None]
    assert not alone.error
    assert {it.code for it in equipment} <= {box.label.split()[0] for box in alone.boxes}
    assert len(equipment) == len(alone.boxes) > 0
    assert all(it.kind is not RegionKind.HOT_SPOT for it in told.regions)
    assert all(isinstance(it.crop, Picture) and it.crop.channels == 1 for it in told.regions)


# --- anomaly --------------------------------------------------------------------------------------------------------


def test_a_bank_of_grey_levels_raises_the_alarm_and_its_reason_says_what_was_not_judged(grey: RunningStack) -> None:
    begun = just_now()
    normal, blocked = transformer(NORMAL_S), transformer(BLOCKED_S)

    push_all(grey.ingest(), pictures("odd", begun, normal, normal, blocked, blocked, blocked))
    grey.until(lambda: grey.log.events("odd-radiator"), "the alarm")
    push_all(grey.ingest(), pictures("odd", begun + 5 * SECOND, normal, normal, normal))
    grey.until(lambda: len(grey.log.events("odd-radiator")) >= 2, "the return")

    events = grey.log.events("odd-radiator")
    assert kinds(events) == ["anomaly raised", "anomaly returned"]
    data = events[0]["data"]
    assert data["reason"].startswith("looks abnormal: score ")
    assert data["reason"].endswith("; high not judged: no temperatures")
    assert "temperature_c" not in data
    assert data["compared_with"] == f"bank {GREY_BANK}"
    assert (data["quality"], data["flags"]) == ("good", [NO_TEMPERATURES])
    assert grey.metric("alerting", "canairy_conditions_not_judged_total", condition="high") >= 8


def test_the_score_is_that_of_the_file_scored_without_the_stack(
    grey: RunningStack, repository: Path, tmp_path: Path
) -> None:
    picture = transformer(BLOCKED_S)
    file = tmp_path / "crop.png"
    assert cv2.imwrite(str(file), picture[252:423, 516:633])
    push_all(grey.ingest(), [request("scored", picture, just_now())])
    (reading,) = readings(grey, "scored-radiator", 1)

    scored = canairy("score", "--model", str(repository / "patchcore"), "--bank", GREY_BANK, str(file), "--json")

    assert reading.anomaly is not None
    told = json.loads(scored.stdout)
    assert told["score"] == pytest.approx(reading.anomaly.score, abs=1e-3 * reading.anomaly.threshold)


def test_a_bank_of_temperatures_is_not_compared_with_a_picture_and_the_reading_says_so(grey: RunningStack) -> None:
    begun = just_now()
    push_all(grey.ingest(), pictures("mixed", begun, *[transformer(BLOCKED_S)] * 5))

    told = readings(grey, "mixed-radiator", 5)

    assert all(it.anomaly is None for it in told)
    assert all(it.header.flags == (NO_TEMPERATURES, NO_COMPARISON) for it in told)
    assert grey.log.events("mixed-radiator") == []


def test_a_bank_of_another_kind_than_the_site_file_states_is_a_mistake_at_the_start(
    grey: RunningStack, repository: Path, tmp_path: Path
) -> None:
    site = site_file(tmp_path, camera("cam-1", radiator("cam-1", KELVIN_BANK), temperatures="none"))
    told = {
        "CANAIRY_SITE_FILE": str(site),
        "CANAIRY_DATA_DIR": str(tmp_path),
        "CANAIRY_TRITON_ADDRESS": grey.stack.environment["CANAIRY_TRITON_ADDRESS"],
        "CANAIRY_MODEL_REPOSITORY": str(repository),
    }

    ended = subprocess.run(
        [sys.executable, "-P", "-m", "services.anomaly"],
        check=False,
        capture_output=True,
        text=True,
        env=environment(**told),
        timeout=60,
    )

    assert ended.returncode != 0
    assert f"cam-1-radiator: memory bank '{KELVIN_BANK}' of model patchcore was made of kelvin" in (
        ended.stdout + ended.stderr
    )


# --- alerting -------------------------------------------------------------------------------------------------------


def test_an_asset_that_is_seen_without_temperatures_is_covered_and_one_that_is_not_seen_is_told(
    grey: RunningStack,
) -> None:
    push_all(grey.ingest(), [request("unseen", transformer(NORMAL_S), datetime.now(UTC))])
    until = time.monotonic() + 45
    number = 0
    while time.monotonic() < until and not grey.log.events("unseen"):
        pixels = transformer(NORMAL_S)
        pixels[0, 0] = number % 256
        push_all(grey.ingest(), [request("covered", pixels, datetime.now(UTC))])
        number += 1
        time.sleep(1)

    assert kinds(grey.log.events("unseen"))[:1] == ["coverage raised"]
    assert number >= 15
    for point in ("covered", "covered-view", "covered-radiator"):
        assert grey.log.events(point) == []


def test_an_alarm_by_temperature_stands_on_old_data_while_pictures_come_and_alarms_show_says_so(
    grey: RunningStack,
) -> None:
    begun = just_now()
    hot = np.full((128, 160), 20.0, np.float32)
    hot[45:56, 45:56] = 95.0
    hot += np.linspace(0, 4, 128, dtype=np.float32)[:, None]
    push_all(grey.ingest(), [of_temperatures("stood", hot, begun)])
    (raised,) = grey.until(lambda: grey.log.events("stood-a"), "the alarm")
    pixels = np.tile(np.arange(160, dtype=np.uint8), (128, 1))
    push_all(grey.ingest(), pictures("stood", begun + SECOND, *[pixels] * 3))
    alarm = raised["data"]["alarm"]

    def standing() -> dict[str, Any] | None:
        told = json.loads(canairy("alarms", "show", alarm, "--json", "--data", str(grey.data)).stdout)
        return told if NO_TEMPERATURES in told["flags"] else None

    told = grey.until(standing, "the alarm to rest on a picture")
    text = canairy("alarms", "show", alarm, "--data", str(grey.data)).stdout

    assert (told["state"], told["quality"]) == ("unacknowledged", "stale")
    assert "not judged: no temperatures" in text
    assert kinds(grey.log.events("stood-a")) == ["high raised"]


# --- evidence -------------------------------------------------------------------------------------------------------


def test_evidence_keeps_the_grey_crop_and_canairy_evidence_draws_it(grey: RunningStack, tmp_path: Path) -> None:
    picture = transformer(BLOCKED_S)
    push_all(grey.ingest(), [request("kept", picture, just_now())])
    (record,) = grey.until(lambda: grey.log.records(EVIDENCE, "kept-radiator"), "the evidence")

    drawn = canairy("evidence", "--out", str(tmp_path), "--data", str(grey.data))

    kept = Evidence.decode(record.value or b"")
    assert isinstance(kept.crop, Picture)
    assert np.array_equal(kept.crop.pixels(), picture[252:423, 516:633])
    assert (kept.max_c, kept.anomaly is not None) == (None, True)
    assert drawn.returncode == 0, drawn.stderr
    (file,) = tmp_path.glob("*kept-radiator.png")
    pixels = cv2.imread(str(file))
    assert pixels is not None
    crop = pixels[16:376, 16 : 16 + 246]
    assert (crop == crop[..., :1]).all()
    assert crop.std() > 0


# --- estimated ------------------------------------------------------------------------------------------------------


def test_stated_end_values_make_estimated_temperatures_that_say_so_all_the_way_to_the_alarm(
    grey: RunningStack,
) -> None:
    celsius = (SCENE.render(NORMAL_S) * 0.01 - KELVIN)[252:423, 516:633]
    picture = transformer(NORMAL_S)
    picture[300:310, 550:560] = 230

    push_all(grey.ingest(), [request("read-off", painted(picture), just_now())])
    (reading,) = readings(grey, "read-off-radiator", 1)
    (raised,) = grey.until(lambda: grey.log.events("read-off-radiator"), "the alarm")

    assert reading.temperatures is not None
    assert reading.header.flags == (ESTIMATE,)
    assert reading.header.estimate_step_k == pytest.approx((WHITE_C - BLACK_C) / 255, rel=0.3)
    assert reading.temperatures.max_c == pytest.approx(230 / 255 * (WHITE_C - BLACK_C), abs=0.5)
    assert reading.temperatures.mean_c == pytest.approx(float(celsius.mean()), abs=1.0)
    assert "(an estimate in steps of 0.2" in raised["data"]["reason"]
    assert raised["data"]["flags"] == [ESTIMATE]
