"""Triton with the repository that is kept here, and what its models are: started, asked, and compared with their cards.

`test_06_anomaly` and `test_06_detection` tell what the services make of them.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from canairy.models.card import read_card as read_patchcore
from canairy.models.detector_card import read_card as read_detector
from canairy.simulator.yard.scenes import simulate
from canairy.triton.client import TritonClient
from canairy.triton.ports import Tensors
from deploy.local.jars import ROOT
from deploy.local.models import DETECTOR, PATCHCORE, REPOSITORY
from deploy.local.triton import Triton, models_of
from deploy.local.triton_home import ensure_triton
from services.anomaly.triton import spec_of as patchcore_spec
from services.detection.triton import spec_of as detector_spec
from tests.acceptance.helpers.command import canairy
from tests.helpers.patchcore import SCALE, SIZE_PX, bushing, write_normals
from training.backbone.runner import Backbone
from training.detector.picture import FRAME_HEIGHT, FRAME_WIDTH
from training.detector.served import Served as ServedDetector
from training.patchcore.crops import Crop
from training.patchcore.reference import Reference
from training.patchcore.store import read_banks

pytestmark = pytest.mark.timeout(240)

NAMES: Final = models_of(REPOSITORY)
TWO_BANKS: Final = "bushings"
CODES: Final = re.compile(r"0[1-4]0[1-8] (normal|danger)")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one that is kept here, unchanged, and beside it a model with two banks that the command made."""
    folder = tmp_path_factory.mktemp("models") / "repository"
    shutil.copytree(REPOSITORY, folder)
    for bank, count in (("t1", 10), ("t2", 12)):
        crops = write_normals(folder.parent / bank, count)
        options = ["--out", str(folder / TWO_BANKS), "--bank", bank, "--size", str(SIZE_PX), "--coreset", "0.05"]
        done = canairy("train", "patchcore", "--normal", str(crops), *options)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def server(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    running = Triton(ensure_triton(), repository, tmp_path_factory.mktemp("triton"))
    # Three models are compiled, two instances of each: on a machine that does other things it takes its time.
    running.start(timeout_s=200)
    yield running
    running.stop()


@pytest.fixture
def models(server: Triton) -> Iterator[TritonClient]:
    with TritonClient(server.address, deadline_s=30) as client:
        yield client


def configuration(name: str) -> Any:  # noqa: ANN401 - protobuf's
    return text_format.Parse((REPOSITORY / name / "config.pbtxt").read_text(encoding="utf-8"), ModelConfig())


# --- Triton, the same repository everywhere -------------------------------------------------------------------------


def test_the_repository_is_served_as_it_is_kept_by_a_real_triton_2_51(models: TritonClient, server: Triton) -> None:
    assert {PATCHCORE, DETECTOR} <= set(server.models)
    models.require(patchcore_spec(read_patchcore(REPOSITORY / PATCHCORE)))
    models.require(detector_spec(read_detector(REPOSITORY / DETECTOR)))

    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=10)
    connection.request("GET", "/v2")
    assert json.loads(connection.getresponse().read())["version"] == "2.51.0"
    connection.close()


def test_it_listens_on_this_machine_only_and_loads_what_it_is_told_to(server: Triton) -> None:
    assert server.process.pid is not None
    below = psutil.Process(server.process.pid).children(recursive=True)
    options = next(process.cmdline() for process in below if process.name() == "tritonserver")

    assert {it for it in options if it.endswith("-address=127.0.0.1")} == {
        f"--{what}-address=127.0.0.1" for what in ("grpc", "http", "metrics")
    }
    assert "--model-control-mode=explicit" in options
    assert [it for it in options if it.startswith("--load-model=")] == [f"--load-model={it}" for it in server.models]


def test_it_is_ready_when_its_models_are(models: TritonClient) -> None:
    assert models.why_not_ready(*NAMES) is None
    assert models.why_not_ready(*NAMES, "nobody") is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_model_names_the_stock_backend_a_version_batches_and_a_bounded_queue(name: str) -> None:
    config = configuration(name)
    queue = config.dynamic_batching.default_queue_policy

    assert config.backend == "onnxruntime"
    assert list(config.version_policy.specific.versions) == [1]
    assert config.max_batch_size >= 8
    assert 0 < queue.max_queue_size <= 256
    assert 0 < queue.default_timeout_microseconds <= 2_000_000


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", ["gpu", "openvino"])
def test_a_model_has_a_configuration_for_the_stock_container_that_is_marked_unverified(name: str, other: str) -> None:
    text = (REPOSITORY / name / "configs" / f"{other}.pbtxt").read_text(encoding="utf-8")

    config = text_format.Parse(text, ModelConfig())

    assert text.startswith("# *Unverified*")
    assert config.optimization.execution_accelerators.ByteSize()
    assert [config.name, config.input, config.output] == [name, configuration(name).input, configuration(name).output]
    decision = (ROOT / "docs/decisions/0008-triton-embedded.md").read_text(encoding="utf-8")
    assert f"`configs/{other}.pbtxt`" in decision.partition("***Unverified***")[2]


def test_one_place_knows_the_wheel_that_carries_the_server_and_the_way_out_is_written_there() -> None:
    folders = ("canairy", "cli", "services", "training", "deploy", "benchmarks")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]

    knowing = [path for path in sources if "pytriton" in path.read_text(encoding="utf-8")]

    assert [str(path.relative_to(ROOT)) for path in knowing] == ["deploy/local/triton_home.py"]
    assert "ways out" in knowing[0].read_text(encoding="utf-8")


# --- what is served -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_what_made_the_model_how_good_it_is_and_whose_it_is(name: str) -> None:
    card = json.loads((REPOSITORY / name / "card.json").read_text(encoding="utf-8"))
    graph = (REPOSITORY / name / "1/model.onnx").read_bytes()

    assert card["name"] == name
    assert card["sha256"] == hashlib.sha256(graph).hexdigest()
    assert card["licence"].startswith("Apache-2.0")
    assert {"canairy", "numpy", "onnxruntime"} <= card["versions"].keys()
    for made in card.get("banks", [card]):
        assert made["command"]
        assert made["seed"] >= 0
        assert made.get("crops", made.get("frames")) > 0
        assert made["quality"]


def test_the_detectors_card_says_simulated_of_its_frames_and_its_figures() -> None:
    card = read_detector(REPOSITORY / DETECTOR)

    assert card.trained_on.startswith("simulated")
    assert card.quality.frames.startswith("simulated")
    assert 0 < card.quality.mean_average_precision <= 1
    assert set(card.quality.average_precisions) <= set(card.labels)


def test_the_detectors_labels_are_equipment_and_normal_or_danger() -> None:
    labels = read_detector(REPOSITORY / DETECTOR).labels

    assert all(CODES.fullmatch(label) for label in labels)
    assert {label[:4] + " normal" for label in labels} | {label[:4] + " danger" for label in labels} == set(labels)


def test_the_detector_takes_16_bit_frames_with_their_scale_and_gives_a_few_boxes(models: TritonClient) -> None:
    frame = simulate(123, 2)
    alone = ServedDetector(REPOSITORY / DETECTOR).find(frame.counts, frame.scale_k, frame.offset_k)

    answer = models.infer(DETECTOR, _frame(frame.counts, frame.scale_k, frame.offset_k))

    there = answer["label"][0] >= 0
    assert answer["boxes"].shape == (1, 100, 4)
    assert 0 < there.sum() <= 100
    np.testing.assert_allclose(answer["score"][0][there], alone.scores, atol=1e-3)
    np.testing.assert_allclose(answer["boxes"][0][there], alone.boxes, atol=0.5)
    left, top, width, height = np.moveaxis(answer["boxes"][0][there], 1, 0)
    assert left.min() >= 0
    assert top.min() >= 0
    assert (left + width).max() <= FRAME_WIDTH + 1e-3
    assert (top + height).max() <= FRAME_HEIGHT + 1e-3


def test_the_same_temperatures_in_another_scale_are_the_same_frame_to_the_detector(models: TritonClient) -> None:
    frame = simulate(123, 2)
    kelvin = frame.counts * frame.scale_k + frame.offset_k
    coarse = np.rint((kelvin - 200) / 0.04).astype(np.uint16)

    one = models.infer(DETECTOR, _frame(frame.counts, frame.scale_k, frame.offset_k))
    other = models.infer(DETECTOR, _frame(coarse, 0.04, 200.0))

    sure = one["score"][0] >= 0.3
    assert sure.any()
    np.testing.assert_allclose(other["score"][0][sure], one["score"][0][sure], atol=0.02)


def test_one_batch_mixes_assets_and_each_crop_has_the_score_of_its_own_bank(
    models: TritonClient, repository: Path
) -> None:
    card = read_patchcore(repository / TWO_BANKS)
    crops = [Crop(bushing(day, cold_part=day % 3 == 0), SCALE) for day in range(40, 48)]
    numbers = [place % 2 for place in range(8)]

    together = models.infer(TWO_BANKS, _crops(crops, numbers))
    alone = [models.infer(TWO_BANKS, _crops([crop], [number])) for crop, number in zip(crops, numbers, strict=True)]

    references = [Reference(bank, Backbone()) for bank in read_banks(repository / TWO_BANKS, card)]
    truth = [references[number].score(crop.square(SIZE_PX), SCALE) for crop, number in zip(crops, numbers, strict=True)]
    within = 1e-3 * min(bank.threshold for bank in card.banks)
    scores = together["score"][:, 0]
    np.testing.assert_allclose(scores, [it["score"][0, 0] for it in alone], atol=within)
    np.testing.assert_allclose(scores, [it.score for it in truth], atol=within)
    np.testing.assert_allclose(together["map"], [it.map for it in truth], atol=within)


def test_each_bank_has_a_digest_and_a_window_of_its_own_that_no_crop_stretches(repository: Path) -> None:
    card = read_patchcore(repository / TWO_BANKS)
    banks = read_banks(repository / TWO_BANKS, card)

    assert [bank.identifier for bank in card.banks] == ["t1", "t2"]
    assert len({bank.digest for bank in card.banks}) == 2
    assert [bank.digest for bank in banks] == [bank.digest for bank in card.banks]
    assert [(bank.window.low, bank.window.high) for bank in banks] == [bank.window for bank in card.banks]


def test_a_warmer_crop_of_the_same_shape_is_another_one_to_patchcore(models: TritonClient) -> None:
    same, warmer = Crop(bushing(40), SCALE), Crop(bushing(40, over_k=25.0), SCALE)

    answer = models.infer(TWO_BANKS, _crops([same, warmer], [0, 0]))

    cool, warm = answer["score"][:, 0]
    assert warm > 1.5 * cool


def _frame(counts: np.ndarray, scale_k: float, offset_k: float) -> Tensors:
    return {
        "counts": counts[None],
        "scale_k": np.array([[scale_k]], np.float32),
        "offset_k": np.array([[offset_k]], np.float32),
    }


def _crops(crops: list[Crop], banks: list[int]) -> Tensors:
    return {
        "counts": np.stack([crop.square(SIZE_PX) for crop in crops]),
        "scale_k": np.array([[crop.scale.scale] for crop in crops], np.float32),
        "offset_k": np.array([[crop.scale.offset] for crop in crops], np.float32),
        "bank": np.array([[number] for number in banks], np.int32),
    }
