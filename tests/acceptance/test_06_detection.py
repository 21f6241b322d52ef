"""Three ways to find equipment, in the real stack with a real Triton: regions, the detector, hot spots.

Frames are simulated: those that the detector was not trained on (another series of the same simulator).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import pytest

from canairy.messages import wire
from canairy.messages.detections import Detections, RegionKind
from canairy.messages.header import CANARY, MODEL_UNAVAILABLE
from canairy.messages.reading import Reading
from canairy.models.card import sha256_of
from canairy.simulator.yard.scenes import SimulatedFrame, simulate
from canairy.topics import DETECTIONS, READINGS
from deploy.local.jars import ROOT
from protos.canairy.v1 import ingest_service_pb2 as pb
from services.detection.agreement import Rectangle
from tests.acceptance.helpers.command import environment
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import just_now, push_all
from tests.acceptance.helpers.site import SITE
from tests.acceptance.helpers.stack import RunningStack, running
from training.detector.precision import Boxes
from training.detector.served import Served

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]

MODEL = ROOT / "model_repository/detector"
SERIES = 7_000_001
LEAST_SCORE = 0.5
SECOND = timedelta(seconds=1)
BACK_WITHIN = timedelta(seconds=10)
HOT_SIDE_PX = 12

Counts = npt.NDArray[np.uint16]


def _sure(frame: SimulatedFrame, counts: Counts | None = None) -> Boxes:
    """What the same graph finds without the stack."""
    found = Served(MODEL, threads=1).find(frame.counts if counts is None else counts, frame.scale_k, frame.offset_k)
    sure = found.scores >= LEAST_SCORE
    return Boxes(found.boxes[sure], found.labels[sure], found.scores[sure])


def _chosen() -> tuple[SimulatedFrame, Boxes]:
    """The first frame of the series with two pieces that the detector is sure of, well apart."""
    for number in range(200):
        frame = simulate(SERIES, number)
        found = _sure(frame)
        if len(found.boxes) >= 2 and _whole(found.boxes[0]).overlap(_whole(found.boxes[1])) == 0:
            return frame, found
    raise AssertionError("in 200 simulated frames the detector is nowhere sure of two pieces")


def _whole(box: npt.NDArray[np.float32]) -> Rectangle:
    left, top, width, height = (float(number) for number in box)
    x, y = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    right, bottom = min(640, int(np.ceil(left + width))), min(512, int(np.ceil(top + height)))
    return Rectangle(x, y, right - x, bottom - y)


FRAME, FOUND = _chosen()
FIRST = _whole(FOUND.boxes[0])
CODES = [Served(MODEL, threads=1).card.labels[label].partition(" ")[0] for label in FOUND.labels]


def _with_hot_spot() -> tuple[Counts, tuple[int, int]]:
    """The frame with a small hot thing where no equipment is, and the detector takes it for none."""
    boxes = [_whole(box) for box in FOUND.boxes]
    for y in range(40, 460, 30):
        for x in range(40, 590, 30):
            around = Rectangle(x - 30, y - 30, 60 + HOT_SIDE_PX, 60 + HOT_SIDE_PX)
            counts = FRAME.counts.copy()
            counts[y : y + HOT_SIDE_PX, x : x + HOT_SIDE_PX] = int(counts.max()) + round(40 / FRAME.scale_k)
            clear = not any(around.overlap(box) for box in boxes)
            if clear and not any(_whole(box).holds(x, y) for box in _sure(FRAME, counts).boxes):
                return counts, (x, y)
    raise AssertionError("the frame is full of equipment")


def yard(name: str, *assets: dict[str, Any]) -> dict[str, Any]:
    """A pushed camera; its view has these assets."""
    return {"id": name, "source": "push:", "rate_hz": 1.0, "views": [{"id": f"{name}-view", "assets": list(assets)}]}


def outlined(name: str, around: Rectangle, equipment: str) -> dict[str, Any]:
    left, top, right, bottom = around.x, around.y, around.x + around.width, around.y + around.height
    region = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {"id": name, "equipment": equipment, "region": region, "limits": {"high_c": 400}}


def site_file(folder: Path, *cameras: dict[str, Any]) -> Path:
    site = {"id": SITE, "name": "Acceptance yard (simulated)", "timezone": "Asia/Seoul"}
    path = folder / "site.yaml"
    detector = {"least_score": LEAST_SCORE}
    path.write_text(json.dumps({"site": site, "detector": detector, "cameras": cameras}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose site file asks for the detector."""
    folder = tmp_path_factory.mktemp("detector")
    cameras = [
        yard("open"),
        yard("registered", outlined("piece", FIRST, CODES[0])),
        yard("three-ways", outlined("outlined", FIRST, CODES[0])),
        yard("away", outlined("still-there", FIRST, CODES[0])),
    ]
    with running(site_file(folder, *cameras), folder / "data") as up:
        yield up
    shutil.rmtree(folder, ignore_errors=True)


def frames(camera: str, at: datetime, *pictures: Counts) -> Iterator[pb.SubmitFramesRequest]:
    """Pictures a second apart."""
    for number, counts in enumerate(pictures):
        yield pb.SubmitFramesRequest(
            camera=camera,
            captured_at=wire.timestamp(at + number * SECOND),
            width=640,
            height=512,
            scale_k=FRAME.scale_k,
            offset_k=FRAME.offset_k,
            counts=(counts + np.uint16(number % 2)).astype("<u2").tobytes(),
        )


def detections(stack: RunningStack, camera: str, count: int) -> list[Detections]:
    """The detections of a camera's first frames, when there are so many."""
    stack.until(lambda: len(stack.log.records(DETECTIONS, camera)) >= count, f"{count} detections of {camera}")
    return [Detections.decode(record.value or b"") for record in stack.log.records(DETECTIONS, camera)]


def places(found: Detections) -> dict[str, RegionKind]:
    return {region.asset: region.kind for region in found.regions}


# --- three ways -----------------------------------------------------------------------------------------------------


def test_equipment_that_nobody_registered_is_found_as_the_same_graph_finds_it_and_keeps_its_name(
    looking: RunningStack,
) -> None:
    push_all(looking.ingest(), frames("open", just_now(10), FRAME.counts, FRAME.counts))
    first, second = detections(looking, "open", 2)

    equipment = [it for it in first.regions if it.kind is RegionKind.EQUIPMENT]
    assert {(it.x, it.y) for it in equipment} == {(box.x, box.y) for box in map(_whole, FOUND.boxes)}
    assert sorted(it.equipment.code for it in equipment if it.equipment is not None) == sorted(CODES)
    assert places(first) == places(second)


def test_what_was_found_is_measured_as_any_asset_is(looking: RunningStack) -> None:
    found = detections(looking, "open", 2)[0]
    name = next(it.asset for it in found.regions if it.kind is RegionKind.EQUIPMENT)
    looking.until(lambda: looking.log.records(READINGS, name), f"a reading of {name}")
    reading = Reading.decode(looking.log.records(READINGS, name)[0].value or b"")

    assert reading.kind is RegionKind.EQUIPMENT
    assert reading.temperatures is not None
    assert reading.equipment is not None
    assert reading.equipment.code in CODES


def test_a_registered_region_wins_and_carries_what_the_detector_sees_in_it(looking: RunningStack) -> None:
    push_all(looking.ingest(), frames("registered", just_now(5), FRAME.counts))
    (found,) = detections(looking, "registered", 1)

    piece = next(it for it in found.regions if it.asset == "piece")
    others = [it for it in found.regions if it.kind is RegionKind.EQUIPMENT]
    assert piece.kind is RegionKind.REGISTERED
    assert piece.equipment is not None
    assert piece.equipment.code == CODES[0]
    assert (piece.x, piece.y) == (FIRST.x, FIRST.y)
    assert len(others) < len(FOUND.boxes)
    assert all((it.x, it.y) != (FIRST.x, FIRST.y) for it in others)


def test_a_region_equipment_and_a_hot_spot_are_told_side_by_side(looking: RunningStack) -> None:
    counts, (x, y) = _with_hot_spot()

    push_all(looking.ingest(), frames("three-ways", just_now(5), counts))
    (found,) = detections(looking, "three-ways", 1)

    hot = [it for it in found.regions if it.kind is RegionKind.HOT_SPOT]
    assert {it.kind for it in found.regions} == set(RegionKind)
    assert any(Rectangle(it.x - 4, it.y - 4, 30, 30).holds(x, y) for it in hot)


# --- Triton away ----------------------------------------------------------------------------------------------------


def test_with_triton_away_regions_and_hot_spots_go_on_flagged_and_it_is_back_after_its_return(
    looking: RunningStack,
) -> None:
    counts, _ = _with_hot_spot()
    push_all(looking.ingest(), frames("away", just_now(40), counts))
    (before,) = detections(looking, "away", 1)
    server = psutil.Process(looking.file.pids["triton"]).children()[0]
    server.suspend()
    try:
        push_all(looking.ingest(), frames("away", just_now(30), counts, counts, counts))
        without = detections(looking, "away", 4)[1:]
        looking.until(lambda: looking.log.events(SITE, "models"), "the site's alarm")
    finally:
        server.resume()
    back_at = datetime.now(UTC)
    after = looking.until(lambda: looked_at_again(looking, counts), "a frame that the detector was shown again")
    looking.until(lambda: "models returned" in kinds(looking.log.events(SITE)), "the models to be back")

    assert all(MODEL_UNAVAILABLE in found.header.flags for found in without)
    assert len(without) == 3
    for found in without:
        assert places(found) == places(before)
        equipment = [it for it in found.regions if it.kind is RegionKind.EQUIPMENT]
        assert equipment
        assert all(it.equipment is None and it.crop is not None and not it.closed for it in equipment)
        assert all(not it.unseen for it in found.regions if it.kind is not RegionKind.EQUIPMENT)
    assert looking.metric("detection", "canairy_frames_not_looked_at_total") >= 3
    # The promise (docs/delivery.md), by the frames' own times.
    assert after.header.received_at - back_at <= BACK_WITHIN
    assert places(after) == places(before)
    assert not any(it.unseen for it in after.regions)


def looked_at_again(stack: RunningStack, counts: Counts) -> Detections | None:
    """Push one more frame: what was found in the first one that is not flagged."""
    seen = stack.log.records(DETECTIONS, "away")
    # Not the same to the bit, or the camera would be frozen.
    push_all(stack.ingest(), frames("away", just_now(0), counts + np.uint16(len(seen) % 5)))
    latest = Detections.decode(seen[-1].value or b"")
    return None if MODEL_UNAVAILABLE in latest.header.flags else latest


def test_the_heartbeat_is_not_shown_to_the_detector(looking: RunningStack) -> None:
    canary = detections(looking, CANARY, 1)[0]

    assert [it.kind for it in canary.regions] == [RegionKind.REGISTERED]
    assert canary.regions[0].equipment is None


# --- what is wrong is named at the start ----------------------------------------------------------------------------


def _start(site: Path, data: Path, **told: str) -> str:
    """The detection service by itself; it must not get as far as Kafka."""
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "services.detection"],
        check=False,
        capture_output=True,
        text=True,
        env=environment(CANAIRY_SITE_FILE=str(site), CANAIRY_DATA_DIR=str(data), **told),
        timeout=60,
    )
    assert ended.returncode != 0
    return ended.stdout + ended.stderr


def _told(stack: RunningStack, repository: Path) -> dict[str, str]:
    address = stack.stack.environment["CANAIRY_TRITON_ADDRESS"]
    return {"CANAIRY_TRITON_ADDRESS": address, "CANAIRY_MODEL_REPOSITORY": str(repository)}


def test_a_site_file_that_asks_for_a_detector_and_no_server_told_is_a_mistake(tmp_path: Path) -> None:
    said = _start(site_file(tmp_path, yard("cam-1")), tmp_path)

    assert "asks for a detector: set CANAIRY_TRITON_ADDRESS" in said


def test_a_detector_that_is_not_in_the_repository_is_named(looking: RunningStack, tmp_path: Path) -> None:
    said = _start(site_file(tmp_path, yard("cam-1")), tmp_path, **_told(looking, tmp_path))

    assert "detector: not a model: card.json" in said


@pytest.mark.parametrize("differs", ["sha256", "labels"])
def test_a_detector_whose_digest_or_labels_differ_from_its_card_is_named(
    looking: RunningStack, tmp_path: Path, differs: str
) -> None:
    other = tmp_path / "models/detector"
    shutil.copytree(MODEL, other)
    card = json.loads((other / "card.json").read_text())
    if differs == "sha256":
        graph = other / "1/model.onnx"
        graph.write_bytes(graph.read_bytes() + b"\x00")
        card["sha256"] = sha256_of(graph)
    else:
        card["labels"] = card["labels"][::-1]
    (other / "card.json").write_text(json.dumps(card))

    said = _start(site_file(tmp_path, yard("cam-1")), tmp_path, **_told(looking, other.parent))

    assert f"model detector: parameter {differs}" in said
