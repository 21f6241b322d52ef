"""What `canairy detect --model` makes of files."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="onnx is not installed: it is in the workshop extra")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: it is in the workshop extra")

from canairy.errors import ConfigurationError
from canairy.simulator.yard.pieces import LABELS
from canairy.simulator.yard.scenes import simulate
from cli.detect import register
from cli.detect_model import Detected, Equipment, detected, open_detector
from training.detector.export import write_model
from training.detector.picture import Size
from training.detector.plan import Plan
from training.detector.weights import first_weights


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With one model in it, untrained and sure that something is everywhere."""
    weights = first_weights(len(LABELS), 1)
    for name in weights:
        if name.endswith(("_objectness.bias", "_labels.bias")):
            weights[name] += np.float32(6)
    repository = tmp_path_factory.mktemp("models")
    plan = Plan(frames=1, epochs=1, size=Size(96, 64))
    write_model(repository / "detector", weights, plan, "test", held_out=4, torch_version="0")
    return repository


def _png(path: Path, counts: np.ndarray) -> Path:
    cv2.imwrite(str(path), counts)
    return path


def test_a_file_has_boxes_with_label_and_score(repository: Path, tmp_path: Path) -> None:
    frame = simulate(0, 1)
    file = _png(tmp_path / "frame.png", frame.counts)

    (found,) = detected(open_detector("detector", repository), [file], frame.scale_k, -273.15)

    told = found.to_json()
    assert told["file"] == str(file)
    assert told["boxes"]
    assert list(told["boxes"][0]) == ["x", "y", "width", "height", "label", "score"]
    assert {box["label"] for box in told["boxes"]} <= set(LABELS)
    assert all(box["score"] >= 0.3 for box in told["boxes"])


def test_a_file_that_cannot_be_looked_at_is_told_and_the_others_go_on(repository: Path, tmp_path: Path) -> None:
    small = _png(tmp_path / "small.png", np.zeros((32, 64), np.uint16))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    good = _png(tmp_path / "good.png", simulate(0, 1).counts)

    told = [each.to_json() for each in detected(open_detector("detector", repository), [small, broken, good], 0.01, 0)]

    assert "64x32 pixels: the detector takes 640x512" in told[0]["error"]
    assert "broken.png" in told[1]["error"]
    assert "boxes" in told[2]


def test_a_model_is_found_by_its_folder_too(repository: Path) -> None:
    assert open_detector(str(repository / "detector")).card.labels == LABELS


def test_a_model_that_is_not_there_is_named_with_those_that_are(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no model 'yolo'.*it has detector"):
        open_detector("yolo", repository)
    with pytest.raises(ConfigurationError, match="it has none"):
        open_detector("yolo", tmp_path)


def test_a_line_for_a_person() -> None:
    found = Detected(Path("a.png"), [Equipment(1.2, 2.0, 30.0, 40.0, "0201 danger", 0.9)])

    assert found.to_text() == "a.png  0201 danger at 1,2 30x40 (0.90)"
    assert Detected(Path("b.png")).to_text() == "b.png  no equipment found"


def test_the_command_looks_either_for_hot_spots_or_by_a_model(repository: Path, tmp_path: Path) -> None:
    frame = simulate(0, 1)
    (tmp_path / "frames").mkdir()
    _png(tmp_path / "frames/frame.png", frame.counts)
    runner = CliRunner()
    app = typer.Typer()
    register(app)
    what = [str(tmp_path / "frames"), "--scale", str(frame.scale_k), "--json"]

    looked = runner.invoke(app, [*what, "--model", str(repository / "detector")])
    both = runner.invoke(app, [*what, "--hotspots", "--model", "detector"])
    neither = runner.invoke(app, what)

    assert looked.exit_code == 0, looked.output
    assert json.loads(looked.stdout)["boxes"]
    assert (both.exit_code, neither.exit_code) == (2, 2)
