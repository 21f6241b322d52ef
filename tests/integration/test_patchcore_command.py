"""`canairy train patchcore` and `canairy score` as a user runs them, on simulated crops."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from canairy.models.card import read_card
from tests.helpers.patchcore import SIZE_PX, bushing, write_crop, write_normals

EVEN = np.full((40, 40), 30_000, np.uint16)

pytestmark = pytest.mark.timeout(240)


def canairy(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", timeout=200)


def train(normal: Path, model: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return canairy("train", "patchcore", "--normal", normal, "--out", model, "--size", str(SIZE_PX), "--json", *more)


def score(model: Path, *paths: Path, more: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]], str]:
    done = canairy("score", "--model", model, *paths, "--json", *more)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a bushing on 24 days."""
    folder = tmp_path_factory.mktemp("patchcore")
    done = train(write_normals(folder / "normal", 24), folder / "bushings", "--bank", "t1", "--coreset", "0.05")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] >= 16
    assert "coreset" in done.stderr
    return folder / "bushings"


def test_a_bushing_with_a_cold_part_looks_abnormal_and_one_of_another_day_does_not(model: Path, tmp_path: Path) -> None:
    well = write_crop(tmp_path / "well.png", bushing(100))
    cold = write_crop(tmp_path / "cold.png", bushing(101, cold_part=True))

    code, told, _ = score(model, well, cold, more=("--map", str(tmp_path / "maps")))

    assert code == 0
    assert [it["file"] for it in told] == [str(well), str(cold)]
    assert [it["abnormal"] for it in told] == [False, True]
    assert {it["threshold"] for it in told} == {round(read_card(model).banks[0].threshold, 6)}
    maps = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted((tmp_path / "maps").iterdir())]
    assert [it.dtype for it in maps if it is not None] == [np.uint16, np.uint16]
    # Named by file: cold.png, then well.png.
    assert maps[0] is not None
    assert maps[1] is not None
    assert maps[0].max() > 1.2 * maps[1].max()


def test_the_card_tells_where_the_model_comes_from_and_holds_the_graph_to_its_checksum(model: Path) -> None:
    card = read_card(model)

    (bank,) = card.banks
    assert (bank.identifier, bank.crops, bank.unit, card.size_px) == ("t1", 24, "kelvin", SIZE_PX)
    assert f'string_value: "{card.sha256}"' in (model / "config.pbtxt").read_text(encoding="utf-8")
    assert "--coreset 0.05" in bank.command
    assert card.licence.startswith("Apache-2.0")


def test_a_second_bank_joins_the_model_and_the_first_scores_as_before(model: Path, tmp_path: Path) -> None:
    crop = write_crop(tmp_path / "crop.png", bushing(100))
    _, (before,), _ = score(model, crop)
    digest = read_card(model).banks[0].digest

    joined = train(write_normals(tmp_path / "other", 12), model, "--bank", "t2", "--coreset", "0.1")
    _, (after,), _ = score(model, crop, more=("--bank", "t1"))
    unnamed, _, said = score(model, crop)

    assert joined.returncode == 0, joined.stderr
    assert [bank.identifier for bank in read_card(model).banks] == ["t1", "t2"]
    assert read_card(model).banks[0].digest == digest
    assert after["score"] == pytest.approx(before["score"], rel=1e-4)
    assert unnamed != 0
    assert "--bank; there are t1, t2" in said


def test_a_bank_of_another_size_does_not_join_and_the_model_stays_as_it_is(model: Path, tmp_path: Path) -> None:
    before = (model / "card.json").read_bytes()

    done = canairy(
        "train", "patchcore", "--normal", write_normals(tmp_path / "n"), "--out", model, "--size", "96", "--bank", "x"
    )

    assert done.returncode != 0
    assert "96 px" in done.stderr
    assert "Traceback" not in done.stderr
    assert (model / "card.json").read_bytes() == before


def test_what_cannot_be_read_is_named_and_its_neighbours_are_scored(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    write_crop(folder / "a.png", bushing(50))
    (folder / "b.png").write_bytes(b"\x89PNG no picture")
    write_crop(folder / "c.png", np.zeros((2, 40), np.uint16))
    write_crop(folder / "d.png", bushing(51))
    write_crop(folder / "e.png", np.full((40, 40), 100, np.uint8))

    code, told, _ = score(model, folder, tmp_path / "gone.png", more=("--bank", "t1"))

    assert code == 1
    assert [Path(it["file"]).name for it in told] == ["a.png", "b.png", "c.png", "d.png", "e.png", "gone.png"]
    assert ["error" in it for it in told] == [False, True, True, False, True, True]
    assert "shows nothing" in told[2]["error"]
    assert "8-bit picture; bank t1 scores kelvin" in told[4]["error"]


def test_a_crop_all_of_one_temperature_and_one_over_range_are_scored_and_say_so(model: Path, tmp_path: Path) -> None:
    even = write_crop(tmp_path / "even.png", np.full((60, 60), 29_315, np.uint16))
    hot = write_crop(tmp_path / "hot.png", np.full((60, 60), 65_535, np.uint16))

    code, told, _ = score(model, even, hot, more=("--bank", "t1"))

    assert code == 0
    assert [it["share_outside"] for it in told] == [0, 1]
    assert told[1]["abnormal"]


@pytest.mark.parametrize(
    ("crops", "told"),
    [
        ({}, "no picture in it"),
        ({"a.png": bushing(1)}, "one crop alone"),
        (
            {f"{it}.png": EVEN for it in range(4)},
            "nothing to learn from one temperature",
        ),
        ({"a.png": bushing(1), "b.png": np.zeros((2, 2), np.uint16)}, "b.png"),
        ({"a.png": bushing(1), "b.png": np.zeros((40, 40), np.uint8)}, "16-bit and 8-bit pictures together"),
    ],
    ids=["empty", "one", "even", "no area", "two kinds"],
)
def test_normal_crops_that_nothing_follows_from_are_named(tmp_path: Path, crops: dict[str, Any], told: str) -> None:
    (tmp_path / "normal").mkdir()
    for name, counts in crops.items():
        write_crop(tmp_path / "normal" / name, counts)

    done = train(tmp_path / "normal", tmp_path / "model")

    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "model").exists()


def test_a_graph_that_is_not_the_cards_is_refused(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "changed"
    shutil.copytree(model, other)
    with (other / "1/model.onnx").open("ab") as graph:
        graph.write(b"\0")

    code, told, said = score(other, write_crop(tmp_path / "crop.png", bushing(1)))

    assert (code, told) == (1, [])
    assert "its sha256 is" in said
