"""The commands of models, without the stack, as others build on them: names, keys, exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from canairy.models.card import read_card
from canairy.simulator.yard.scenes import simulate
from deploy.local.models import DETECTOR, REPOSITORY
from tests.acceptance.helpers.command import canairy, environment, json_lines
from tests.helpers.patchcore import SIZE_PX, bushing, write_crop, write_normals

pytestmark = pytest.mark.timeout(240)

# Torch cannot be imported: as where only the checkout's own requirements are installed.
WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from cli.main import app; app()"
BOX = ["x", "y", "width", "height", "label", "score"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a bushing on 24 days."""
    folder = tmp_path_factory.mktemp("commands")
    crops = write_normals(folder / "normal", 24)
    options = ["--out", str(folder / "bushings"), "--size", str(SIZE_PX), "--coreset", "0.05"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "train", "patchcore", "--normal", str(crops), *options],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert "features: 24 of 24" in done.stderr
    return folder / "bushings"


def test_a_model_is_trained_from_a_folder_without_torch_and_tells_its_progress(model: Path) -> None:
    (bank,) = read_card(model).banks

    assert (bank.crops, read_card(model).size_px, bank.coreset) == (24, SIZE_PX, 0.05)
    assert sorted(it.name for it in model.iterdir()) == ["1", "card.json", "config.pbtxt", "configs"]


def test_score_prints_file_score_threshold_and_abnormal_of_each_file(model: Path, tmp_path: Path) -> None:
    well = write_crop(tmp_path / "well.png", bushing(100))
    cold = write_crop(tmp_path / "cold.png", bushing(101, cold_part=True))

    done = canairy("score", "--model", str(model), str(well), str(cold), "--json")

    told = json_lines(done.stdout)
    assert done.returncode == 0
    assert [list(it)[:4] for it in told] == [["file", "score", "threshold", "abnormal"]] * 2
    assert [it["file"] for it in told] == [str(well), str(cold)]
    assert [it["abnormal"] for it in told] == [False, True]
    assert all(it["abnormal"] == (it["score"] >= it["threshold"]) for it in told)


def test_score_writes_a_map_of_each_file_into_a_folder(model: Path, tmp_path: Path) -> None:
    crops = [write_crop(tmp_path / "crops" / f"{day}.png", bushing(day)) for day in (100, 101)]

    done = canairy("score", "--model", str(model), str(tmp_path / "crops"), "--map", str(tmp_path / "maps"), "--json")

    maps = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted((tmp_path / "maps").iterdir())]
    assert done.returncode == 0
    assert [None if it is None else (*it.shape, str(it.dtype)) for it in maps] == [(16, 16, "uint16")] * len(crops)


def test_detect_prints_boxes_with_place_label_and_score_of_each_file(tmp_path: Path) -> None:
    frame = simulate(123, 2)
    file = write_crop(tmp_path / "frame.png", frame.counts)

    degrees = ["--scale", str(frame.scale_k), "--offset", str(frame.offset_k - 273.15)]

    done = canairy("detect", "--model", str(REPOSITORY / DETECTOR), str(file), *degrees, "--json")

    (told,) = json_lines(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (told["file"], told["radiometric"]) == (str(file), True)
    assert told["boxes"]
    assert all(list(box) == BOX for box in told["boxes"])
    assert all(0 < box["score"] <= 1 and box["width"] > 0 and box["height"] > 0 for box in told["boxes"])


def test_detect_takes_pictures_in_false_colours_and_says_that_they_have_no_temperatures(tmp_path: Path) -> None:
    counts = simulate(123, 2).counts
    grey = np.rint((counts - counts.min()) * (255 / np.ptp(counts))).astype(np.uint8)
    half = cv2.resize(np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO)), (320, 256))
    assert cv2.imwrite(str(tmp_path / "inferno.jpg"), half)

    done = canairy("detect", "--model", str(REPOSITORY / DETECTOR), str(tmp_path), "--json")

    (told,) = json_lines(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (told["radiometric"], told["palette"]) == (False, "inferno")
    assert all(list(box) == BOX for box in told["boxes"])
    assert all(box["x"] + box["width"] <= 320.01 and box["y"] + box["height"] <= 256.01 for box in told["boxes"])


@pytest.mark.parametrize("what", ["score", "detect"])
def test_a_file_that_cannot_be_read_is_told_and_the_exit_status_says_so(what: str, model: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    used = model if what == "score" else REPOSITORY / DETECTOR

    done = canairy(what, "--model", str(used), str(tmp_path / "broken.png"), "--json")

    assert done.returncode == 1
    assert list(json.loads(done.stdout)) == ["file", "error"]
    assert "Traceback" not in done.stderr


def test_a_detector_that_is_not_there_is_named_with_those_that_are() -> None:
    done = canairy("detect", "--model", "yolo", "x.png")

    assert done.returncode == 1
    assert "no model 'yolo'" in done.stderr
