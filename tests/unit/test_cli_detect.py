"""`canairy detect --hotspots` on files, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app

SCALE = ["--scale", "0.1", "--offset", "-100"]
runner = CliRunner()


def picture(path: Path, hot_c: float | None) -> Path:
    """A 96x128 frame at 20 degrees Celsius with sensor noise; 10x8 hot pixels at (60, 40) when asked."""
    noise = np.random.default_rng(1).integers(-1, 2, (96, 128))
    counts = (1200 + noise).astype(np.uint16)
    if hot_c is not None:
        counts[40:48, 60:70] = round((hot_c + 100) * 10)
    path.parent.mkdir(exist_ok=True, parents=True)
    assert cv2.imwrite(str(path), counts)
    return path


def detect(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    result = runner.invoke(app, ["detect", *arguments, "--hotspots", *SCALE, "--json"])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_a_hot_spot_is_found_where_it_is(tmp_path: Path) -> None:
    path = picture(tmp_path / "hot.png", hot_c=415.0)

    code, (found,) = detect(str(path))

    (spot,) = found["hotspots"]
    assert code == 0
    assert found["file"] == str(path)
    assert found["score"] == spot["score"] > 0
    assert {name: spot[name] for name in ("x", "y", "width", "height", "max_c")} == {
        "x": 60, "y": 40, "width": 10, "height": 8, "max_c": 415.0,
    }  # fmt: skip


def test_without_a_hot_spot_the_score_is_0(tmp_path: Path) -> None:
    path = picture(tmp_path / "cold.png", hot_c=None)

    code, found = detect(str(path))

    assert (code, found) == (0, [{"file": str(path), "score": 0.0, "hotspots": []}])


def test_folders_are_walked_in_order_of_their_names(tmp_path: Path) -> None:
    paths = [picture(tmp_path / name, hot_c=None) for name in ("b.png", "a.png", "inner/c.PNG")]
    (tmp_path / "notes.txt").write_text("not a picture")

    code, found = detect(str(tmp_path))

    assert (code, [it["file"] for it in found]) == (0, sorted(str(path) for path in paths))


def test_a_bad_file_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    bad, good = tmp_path / "a.png", picture(tmp_path / "b.png", hot_c=90.0)
    bad.write_bytes(b"not a picture")

    code, found = detect(str(tmp_path), str(tmp_path / "none.png"))

    assert code == 1
    assert [it["file"] for it in found] == [str(bad), str(good), str(tmp_path / "none.png")]
    assert ["error" in it for it in found] == [True, False, True]
    assert "No such file" in found[2]["error"]


def test_temperatures_that_cannot_be_are_an_error_of_that_file(tmp_path: Path) -> None:
    path = picture(tmp_path / "hot.png", hot_c=90.0)

    result = runner.invoke(app, ["detect", str(path), "--hotspots", "--scale", "10", "--offset", "0", "--json"])

    assert result.exit_code == 1
    assert "outside -100 to 2000" in json.loads(result.stdout)["error"]


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    code, found = detect(str(tmp_path))

    assert (code, found) == (1, [{"file": str(tmp_path), "error": "holds no .png file"}])


def test_a_person_reads_a_line_a_file_and_errors_apart(tmp_path: Path) -> None:
    good, bad = picture(tmp_path / "a.png", hot_c=415.0), tmp_path / "b.png"
    bad.write_bytes(b"")

    result = runner.invoke(app, ["detect", str(tmp_path), "--hotspots", *SCALE])

    assert result.exit_code == 1
    assert result.stdout.startswith(f"{good}  score ")
    assert "415.0 °C at 60,40 10x8" in result.stdout
    assert result.stderr.startswith(f"canairy: {bad}: ")


@pytest.mark.parametrize(
    "arguments",
    [[], ["x.png"], ["x.png", "--hotspots", "--scale", "0"], ["x.png", "--hotspots", "--scale", "nan"],
     ["x.png", "--hotspots", "--offset", "inf"], ["x.png", "--hotspots", "--scale", "much"]],
)  # fmt: skip
def test_a_wrong_command_line_is_an_error(arguments: list[str]) -> None:
    assert runner.invoke(app, ["detect", *arguments]).exit_code == 2
