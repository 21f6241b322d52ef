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
from canairy.thermal.known_palettes import PALETTES
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
    path.parent.mkdir(exist_ok=True)
    assert cv2.imwrite(str(path), counts)
    return path


def test_a_file_has_boxes_with_label_and_score(repository: Path, tmp_path: Path) -> None:
    frame = simulate(0, 1)
    file = _png(tmp_path / "frame.png", frame.counts)

    (found,) = detected(open_detector("detector", repository), [file], frame.scale_k, -273.15)

    told = found.to_json()
    assert list(told) == ["file", "radiometric", "boxes"]
    assert (told["file"], told["radiometric"]) == (str(file), True)
    assert told["boxes"]
    assert list(told["boxes"][0]) == ["x", "y", "width", "height", "label", "score"]
    assert {box["label"] for box in told["boxes"]} <= set(LABELS)
    assert all(box["score"] >= 0.3 for box in told["boxes"])


def test_a_file_that_cannot_be_looked_at_is_told_and_the_others_go_on(repository: Path, tmp_path: Path) -> None:
    small = _png(tmp_path / "small.png", np.zeros((20, 64), np.uint16))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    good = _png(tmp_path / "good.png", simulate(0, 1).counts)

    told = [each.to_json() for each in detected(open_detector("detector", repository), [small, broken, good], 0.01, 0)]

    assert "small.png: 64x20 pixels show no equipment" in told[0]["error"]
    assert "broken.png" in told[1]["error"]
    assert "boxes" in told[2]


def test_boxes_of_a_frame_of_another_size_are_in_its_own_pixels(repository: Path, tmp_path: Path) -> None:
    counts = simulate(0, 1).counts
    files = [_png(tmp_path / "a.png", counts), _png(tmp_path / "b.png", counts.repeat(2, axis=0).repeat(3, axis=1))]

    own, larger = (list(found.boxes) for found in detected(open_detector("detector", repository), files, 0.01, -273.15))

    assert own
    np.testing.assert_allclose(
        [(it.x * 3, it.y * 2, it.width * 3, it.height * 2) for it in own],
        [(it.x, it.y, it.width, it.height) for it in larger],
        atol=0.01,
    )
    assert [it.label for it in own] == [it.label for it in larger]


@pytest.mark.parametrize("name", ["grey.png", "grey.jpg", "iron.png"])
def test_a_picture_without_temperatures_is_seen_through_the_detectors_window_and_it_is_said(
    repository: Path, tmp_path: Path, name: str
) -> None:
    detector = open_detector("detector", repository)
    grey = _ranged(simulate(0, 1).counts)
    picture = _png(tmp_path / name, _in_iron(grey) if name.startswith("iron") else grey)
    read = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE) if name.startswith("grey") else grey
    low, high = detector.card.window_k
    same = _png(tmp_path / "same.png", np.asarray(read, np.uint16))

    (found,) = detected(detector, [picture], 0.04, 0.0)
    (by_kelvin,) = detected(detector, [same], (high - low) / 255, low - 273.15)

    told = found.to_json()
    assert list(told) == ["file", "radiometric", "palette", "boxes"]
    assert (told["radiometric"], told["palette"]) == (False, "iron" if name.startswith("iron") else "white-hot")
    assert told["boxes"]
    if name.startswith("grey"):
        assert told["boxes"] == by_kelvin.to_json()["boxes"]
    assert "no temperatures; palette" in found.to_text()


def test_a_picture_in_colours_of_no_palette_says_that_luminance_is_taken(repository: Path, tmp_path: Path) -> None:
    green = np.zeros((512, 640, 3), np.uint8)
    green[..., 1] = _ranged(simulate(0, 1).counts) // 2 + 100

    (found,) = detected(open_detector("detector", repository), [_png(tmp_path / "green.png", green)], 0.01, 0.0)

    assert found.to_json()["palette"] == "unknown, by luminance"


def _ranged(counts: np.ndarray) -> np.ndarray:
    """As a camera that prints 8-bit pictures shows it: from its coldest to its hottest pixel."""
    return np.asarray(np.rint((counts - counts.min()) * (255 / np.ptp(counts))), np.uint8)


def _in_iron(grey: np.ndarray) -> np.ndarray:
    """In false colours, blue first."""
    points = np.array(PALETTES["iron"], float)
    place = grey / 255 * (len(points) - 1)
    channels = [np.interp(place, np.arange(len(points)), points[:, channel]) for channel in (2, 1, 0)]
    return np.asarray(np.rint(np.stack(channels, axis=-1)), np.uint8)


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


def test_a_folder_is_walked_for_pictures_as_well(repository: Path, tmp_path: Path) -> None:
    for name in ("b.jpg", "a.JPEG", "c.png"):
        _png(tmp_path / "frames" / name, np.full((64, 80), 90, np.uint8))
    (tmp_path / "empty").mkdir()
    app = typer.Typer()
    register(app)
    model = ["--model", str(repository / "detector"), "--json"]

    looked = CliRunner().invoke(app, [str(tmp_path / "frames"), str(tmp_path / "empty"), *model])

    told = [json.loads(line) for line in looked.stdout.splitlines()]
    assert looked.exit_code == 1
    assert [Path(it["file"]).name for it in told] == ["a.JPEG", "b.jpg", "c.png", "empty"]
    assert [it.get("radiometric") for it in told] == [False, False, False, None]
    assert told[-1]["error"] == "holds no .png, .jpg, .jpeg file"
