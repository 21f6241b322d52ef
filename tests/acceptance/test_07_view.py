"""`canairy view` as an operator runs it on recorded files, without a display."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import palette
from canairy.simulator.yard.scenes import simulate
from canairy.thermal.known_palettes import known_palette
from tests.acceptance.helpers.command import canairy, json_lines
from tests.helpers.http_camera import hikvision


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


def test_a_pseudo_colour_picture_is_an_estimate_with_its_step_by_the_ends_of_its_scale(test_data: Path) -> None:
    """The scale and the mean were read from the picture by eye: 4.4 to 13.9, mean 9.1 degC."""
    path = test_data / "wall-bushing-views" / "local_00_0__1.jpg"

    done = canairy("view", str(path), "--palette-scale", "4.4,13.9", "--json")

    assert done.returncode == 0, done.stderr
    (told,) = json_lines(done.stdout)
    assert (told["width"], told["height"], told["radiometric"], told["estimate"]) == (640, 512, False, True)
    assert told["mean_c"] == pytest.approx(9.1, abs=0.02 * 9.5)
    assert 4.4 <= told["min_c"] < told["max_c"] <= 13.9
    assert 0.02 < told["estimate_step_k"] < 0.2
    assert told["parameters"] == {"palette_min_c": 4.4, "palette_max_c": 13.9}


def test_a_pseudo_colour_picture_whose_scale_nobody_tells_has_no_temperatures(test_data: Path) -> None:
    done = canairy("view", str(test_data / "wall-bushing-views" / "local_00_0__1.jpg"), "--json")

    assert done.returncode == 1
    assert json_lines(done.stdout)[0]["error"].startswith("local_00_0__1.jpg: not radiometric")


def test_a_pseudo_colour_picture_that_its_own_bar_did_not_paint_is_refused(test_data: Path) -> None:
    path = test_data / "wall-bushing-views" / "local_06_1__2.jpg"

    done = canairy("view", str(path), "--palette-scale", "10.9,20.4", "--json")

    assert done.returncode == 1
    assert "painted by another" in json_lines(done.stdout)[0]["error"]


def test_a_pseudo_colour_picture_without_a_bar_is_estimated_by_the_palette_that_is_named(
    test_data: Path, tmp_path: Path
) -> None:
    """The scale is fitted to the truth: errors are of colours and JPEG only."""
    scene = next(it for it in palette.scenes(test_data / palette.TRUTH) if it.name == "line_338")
    placed = known_palette("iron").place(scene.picture)
    place, truth = placed.position.ravel().astype(np.float64), scene.celsius.ravel()
    ends = palette.fitted(place, truth, placed.on_palette.ravel())
    assert ends is not None
    path = test_data / palette.TRUTH / "pseudocolor" / "line_338.jpg"

    bare = canairy("view", str(path), f"--palette-scale={ends.low_c},{ends.high_c}", "--json")
    named = canairy(
        "view", str(path), f"--palette-scale={ends.low_c},{ends.high_c}", "--palette", "iron",
        "--npy", str(tmp_path / "a.npy"),
    )  # fmt: skip

    assert bare.returncode == 1
    assert "no colour bar in the picture" in json_lines(bare.stdout)[0]["error"]
    assert named.returncode == 0, named.stderr
    error = np.nanmedian(np.abs(np.load(tmp_path / "a.npy") - scene.celsius))
    assert error <= 0.02 * (ends.high_c - ends.low_c)


@pytest.mark.parametrize("name", ["yard.multipart", "yard.jpg", "yard"])
def test_a_saved_answer_of_a_hikvision_camera_is_temperatures_an_array_and_a_picture(tmp_path: Path, name: str) -> None:
    celsius = np.linspace(-20, 180, 288 * 384, dtype=np.float32).reshape(288, 384)
    (tmp_path / name).write_bytes(hikvision(celsius)[0])
    out = ["--npy", str(tmp_path / "a.npy"), "--png", str(tmp_path / "a.png")]

    done = canairy("view", str(tmp_path / name), "--json", *out)

    assert done.returncode == 0, done.stderr
    (told,) = json_lines(done.stdout)
    assert (told["kind"], told["width"], told["height"]) == ("hikvision", 384, 288)
    assert (told["radiometric"], told["min_c"], told["max_c"]) == (True, -20, 180)
    assert told["hottest"][0] == {"x": 383, "y": 287, "celsius": 180}
    assert np.array_equal(np.load(tmp_path / "a.npy"), celsius)
    assert cv2.imread(str(tmp_path / "a.png")) is not None


def test_a_saved_answer_that_broke_off_or_is_frozen_exits_with_the_reason(tmp_path: Path) -> None:
    celsius = np.full((48, 64), 20.0, np.float32)
    (tmp_path / "cut.multipart").write_bytes(hikvision(celsius)[0][:3000])
    (tmp_path / "frozen.multipart").write_bytes(hikvision(celsius, isFreezedata=True)[0])

    done = canairy("view", str(tmp_path), "--json")

    assert done.returncode == 1
    assert [it["error"] for it in json_lines(done.stdout)] == [
        "cut.multipart: truncated: a part has 2581 of 12288 bytes",
        "frozen.multipart: the camera says that its data is frozen: these temperatures are not of now",
    ]


SITE = """\
site: {id: ss}
cameras:
  - id: hand
    source: folder:/nowhere
    scale: 0.1K
    radiometry: {emissivity: 0.95, distance_m: 5}
    views:
      - id: bushings
        assets:
          - {id: left, equipment: "0203", region: [[20, 30], [80, 30], [80, 110], [20, 110]]}
          - {id: right, equipment: "0203", region: [[300, 30], [360, 30], [370, 110], [300, 100]]}
"""


def test_the_assets_of_a_site_file_have_their_own_temperatures_and_stand_in_the_picture(
    test_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    path = test_data / "substation-radiometric" / "radiometric" / "sub_003.png"
    celsius = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)) / 10 - 100
    options = ["--offset", "-100", "--json", "--png", str(tmp_path / "a.png")]

    done = canairy("view", str(path), "--site", str(tmp_path / "site.yaml"), *options)

    assert done.returncode == 0, done.stderr
    left, right = json_lines(done.stdout)[0]["assets"]
    assert left["max_c"] == pytest.approx(celsius[30:111, 20:81].max(), abs=1e-3)
    assert left["mean_c"] == pytest.approx(celsius[30:111, 20:81].mean(), abs=1e-3)
    assert right["asset"] == "right"
    assert right["uncertainty_k"] > 2
    assert cv2.imread(str(tmp_path / "a.png")) is not None


def test_boxes_of_a_detector_say_normal_or_danger(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "yard.png"), simulate(123, 2).counts)

    done = canairy("view", str(tmp_path / "yard.png"), "--detect", "detector", "--json")

    assert done.returncode == 0, done.stderr
    boxes = json_lines(done.stdout)[0]["boxes"]
    assert boxes
    assert {box["state"] for box in boxes} <= {"normal", "danger"}
    assert all(box["max_c"] is not None and 0 < box["score"] <= 1 for box in boxes)


def test_boxes_of_label_files_have_their_hottest(test_data: Path) -> None:
    folder = test_data / "substation-radiometric"
    celsius = np.asarray(cv2.imread(str(folder / "radiometric" / "sub_003.png"), cv2.IMREAD_UNCHANGED)) / 10 - 100
    options = ["--scale", "0.1", "--offset", "-100", "--labels", str(folder / "labels"), "--json"]

    done = canairy("view", str(folder / "radiometric" / "sub_003.png"), *options)

    assert done.returncode == 0, done.stderr
    first, second = json_lines(done.stdout)[0]["boxes"]
    # In the label: middle 0.142, 0.227 and size 0.112, 0.295 of 384x288 pixels.
    assert [round(first[name]) for name in ("x", "y", "width", "height")] == [33, 23, 43, 85]
    assert max(first["max_c"], second["max_c"]) == pytest.approx(celsius.max(), abs=1e-3)


def test_recorded_frames_stand_side_by_side_on_one_scale(test_data: Path, tmp_path: Path) -> None:
    files = [str(test_data / "flir-rjpeg" / f"{name}.jpg") for name in ("detect_T640", "fie_ax8", "wikimedia_01")]

    done = canairy("view", *files, "--beside", "--png", str(tmp_path / "all.png"))

    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(files)
    sheet = cv2.imread(str(tmp_path / "all.png"))
    assert sheet is not None
    assert sheet.shape[0] > 2 * 480
