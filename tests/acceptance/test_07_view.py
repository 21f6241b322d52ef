"""`canairy view` as an operator runs it, without a display."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cli.main import COMMANDS
from tests.acceptance.helpers.command import canairy, json_lines

pytestmark = pytest.mark.skipif("view" not in COMMANDS, reason="`canairy view` is not registered in cli/main.py")


def test_a_fixed_camera_s_picture_is_temperatures_an_array_and_a_picture(test_data: Path, tmp_path: Path) -> None:
    path = test_data / "flir-rjpeg" / "fie_ax8.jpg"

    done = canairy("view", str(path), "--json", "--npy", str(tmp_path / "a.npy"), "--png", str(tmp_path / "a.png"))

    assert done.returncode == 0, done.stderr
    (told,) = json_lines(done.stdout)
    assert (told["width"], told["height"], told["radiometric"], told["estimate"]) == (80, 60, True, False)
    assert (round(told["min_c"], 1), round(told["max_c"], 1)) == (24.3, 25.5)
    assert told["parameters"]["emissivity"] == 0.95
    array = np.load(tmp_path / "a.npy")
    assert array.dtype == np.float32
    assert float(array.max()) == pytest.approx(told["max_c"], abs=1e-3)
    assert cv2.imread(str(tmp_path / "a.png")) is not None


def test_a_linear_file_is_read_by_its_scale(test_data: Path) -> None:
    path = test_data / "substation-radiometric" / "radiometric" / "sub_437.png"

    done = canairy("view", str(path), "--scale", "0.1", "--offset", "-100", "--json")

    assert done.returncode == 0, done.stderr
    assert json_lines(done.stdout)[0]["max_c"] == 415.0


@pytest.mark.parametrize("name", ["detect_H20T", "detect_H20T_2", "fie_zenmuse_xtr", "wikimedia_07"])
def test_what_is_not_read_exits_with_the_reason(test_data: Path, name: str) -> None:
    done = canairy("view", str(test_data / "flir-rjpeg" / f"{name}.jpg"), "--json")

    assert done.returncode == 1
    assert json_lines(done.stdout)[0]["error"].startswith(f"{name}.jpg: not ")
    assert f"{name}.jpg: not " in done.stderr
    assert "Traceback" not in done.stderr
