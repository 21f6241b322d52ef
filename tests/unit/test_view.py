"""`canairy view`: what it tells of each file, what it writes, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError
from cli.view_picture import span, ticks
from cli.view_report import hottest_places
from tests.helpers.thermal_files import FlirPicture, csv_514, jpeg, tiff
from tests.helpers.view_command import spoken, view

COUNTS = np.full((24, 32), 2932, np.uint16)
SCALE = ["--scale", "0.1", "--offset", "-273.2"]


@pytest.fixture
def linear(tmp_path: Path) -> Path:
    """20 degC by SCALE, one pixel of 90 at (7, 5), and one of 89.9 beside it."""
    counts = COUNTS.copy()
    counts[5, 7], counts[5, 8], counts[20, 30] = 3632, 3631, 3432
    path = tmp_path / "linear.png"
    assert cv2.imwrite(str(path), counts)
    return path


@pytest.fixture
def radiometric(tmp_path: Path) -> Path:
    path = tmp_path / "radiometric.jpg"
    path.write_bytes(FlirPicture().jpeg())
    return path


@pytest.fixture
def ordinary(tmp_path: Path) -> Path:
    path = tmp_path / "ordinary.jpg"
    path.write_bytes(jpeg([]))
    return path


class TestJson:
    def test_a_radiometric_picture_tells_its_temperatures_and_parameters(self, radiometric: Path) -> None:
        code, (told,), _ = view(radiometric)

        assert code == 0
        assert (told["width"], told["height"]) == (32, 24)
        assert (told["radiometric"], told["estimate"], told["not_dependable"]) == (True, False, None)
        assert told["min_c"] == pytest.approx(20.0, abs=0.02)
        assert told["max_c"] == pytest.approx(90.0, abs=0.02)
        assert told["min_c"] < told["mean_c"] < told["max_c"]
        assert told["parameters"] == {
            "emissivity": 0.95, "distance_m": 1.0, "reflected_c": 20.0, "atmospheric_c": 20.0, "humidity": 0.5,
            "window_transmission": 1.0, "window_c": 20.0,
        }  # fmt: skip
        assert (told["camera"], told["taken_at"]) == ("FLIR AX8", "2023-11-14T22:13:20.250000+00:00")

    def test_a_linear_file_tells_the_scale_it_was_read_with(self, linear: Path) -> None:
        code, (told,), _ = view(linear, *SCALE)

        assert code == 0
        assert (told["min_c"], told["max_c"], told["kind"]) == (20.0, 90.0, "png-16")
        assert told["parameters"] == {"scale_k": 0.1, "offset_c": -273.2}

    def test_a_frame_of_degrees_has_no_parameters(self, tmp_path: Path) -> None:
        path = tmp_path / "degrees.tiff"
        path.write_bytes(tiff(np.full((4, 5), 21.5, np.float32)))

        _, (told,), _ = view(path)

        assert (told["min_c"], told["max_c"], told["mean_c"], told["parameters"]) == (21.5, 21.5, 21.5, {})

    def test_the_hottest_places_are_not_neighbours(self, linear: Path) -> None:
        _, (told,), _ = view(linear, *SCALE, "--hottest", 2)

        assert told["hottest"] == [{"x": 7, "y": 5, "celsius": 90.0}, {"x": 30, "y": 20, "celsius": 70.0}]

    def test_a_low_emissivity_is_told_as_not_dependable(self, radiometric: Path) -> None:
        _, (told,), _ = view(radiometric, "--emissivity", 0.4)

        assert told["not_dependable"] == "emissivity"
        assert told["max_c"] > 120
        assert "not dependable: emissivity" in spoken(radiometric, "--emissivity", 0.4)


class TestRefusals:
    def test_a_file_without_temperatures_exits_with_the_reason(self, ordinary: Path) -> None:
        code, (told,), remarks = view(ordinary)

        assert code == 1
        assert told == {
            "file": str(ordinary),
            "error": "ordinary.jpg: not radiometric: a JPEG without FLIR's radiometric data, a picture only",
        }
        assert remarks == f"canairy: {ordinary}: {told['error'].removeprefix('ordinary.jpg: ')}\n"

    def test_the_others_go_on(self, ordinary: Path, radiometric: Path, tmp_path: Path) -> None:
        code, told, _ = view(ordinary, tmp_path / "none.png", radiometric)

        assert code == 1
        assert ["error" in it for it in told] == [True, True, False]

    def test_eight_bits_are_no_temperatures(self, tmp_path: Path) -> None:
        path = tmp_path / "grey.png"
        assert cv2.imwrite(str(path), np.zeros((4, 4), np.uint8))

        code, (told,), _ = view(path)

        assert code == 1
        assert told["error"] == "grey.png: 8-bit grey: temperatures need 16-bit grey"

    def test_another_emissivity_needs_the_file_s_own(self, linear: Path, tmp_path: Path) -> None:
        known = tmp_path / "known.csv"
        known.write_bytes(csv_514())

        code, told, _ = view(linear, known, *SCALE, "--emissivity", 0.8)

        assert code == 1
        assert told[0]["error"].startswith("linear.png: cannot be corrected")
        assert told[1]["max_c"] > 415

    @pytest.mark.parametrize("wrong", [["--scale", "0"], ["--offset", "9999"], ["--emissivity", "1.5"]])
    def test_options_that_cannot_be_are_refused(self, linear: Path, wrong: list[str]) -> None:
        assert view(linear, *wrong)[0] == 2

    def test_an_empty_folder_is_told(self, tmp_path: Path) -> None:
        code, (told,), _ = view(tmp_path)

        assert (code, told["error"]) == (1, "holds no thermal file")


class TestFiles:
    def test_the_array_is_the_temperatures(self, linear: Path, tmp_path: Path) -> None:
        view(linear, *SCALE, "--npy", tmp_path / "out")

        array = np.load(tmp_path / "out")
        assert (array.dtype, array.shape) == (np.float32, (24, 32))
        assert array[5, 7] == pytest.approx(90.0, abs=1e-4)
        assert array[0, 0] == pytest.approx(20.0, abs=1e-4)

    def test_the_picture_shows_frame_and_colour_bar(self, linear: Path, tmp_path: Path) -> None:
        view(linear, *SCALE, "--png", tmp_path / "out.png")

        picture = cv2.imread(str(tmp_path / "out.png"))
        assert picture is not None
        # 24x32 is shown fifteen times as large; the scene begins below a line of text.
        scene = picture[40 : 40 + 360, 16 : 16 + 480]
        assert scene.shape == (360, 480, 3)
        hot, cold = scene[5 * 15 + 2, 7 * 15 + 2], scene[300, 20]
        assert hot.sum() > 3 * cold.sum()
        # The colour bar goes from the hottest colour above to the coldest below.
        bar = picture[40 : 40 + 360, 2 * 16 + 480 + 5].astype(int).sum(1)
        assert (bar[0], bar[-1]) == (hot.astype(int).sum(), cold.astype(int).sum())
        assert (np.diff(bar[::60]) < 0).all()

    def test_several_files_are_written_into_a_folder_by_their_names(
        self, linear: Path, radiometric: Path, tmp_path: Path
    ) -> None:
        view(linear, radiometric, *SCALE, "--npy", tmp_path / "arrays", "--png", tmp_path / "pictures")

        assert sorted(it.name for it in (tmp_path / "arrays").iterdir()) == ["linear.png.npy", "radiometric.jpg.npy"]
        assert sorted(it.name for it in (tmp_path / "pictures").iterdir()) == ["linear.png.png", "radiometric.jpg.png"]

    def test_two_files_of_one_name_are_refused_before_one_covers_the_other(self, linear: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        (other / "linear.png").write_bytes(linear.read_bytes())

        with pytest.raises(ConfigurationError, match=r"two files are named linear\.png"):
            view(linear, other, "--npy", tmp_path / "arrays")

    def test_a_place_that_cannot_be_written_is_told(self, linear: Path, tmp_path: Path) -> None:
        for option in ("--npy", "--png"):
            with pytest.raises(ConfigurationError, match="cannot be written there"):
                view(linear, *SCALE, option, tmp_path / "none" / "out")

    def test_a_name_with_control_characters_moves_no_cursor(self, linear: Path, tmp_path: Path) -> None:
        strange = tmp_path / "a\x1b[2Jb.png"
        strange.write_bytes(linear.read_bytes())

        assert "\x1b" not in spoken(strange, *SCALE, "--png", tmp_path / "out.png")


def test_an_even_scene_is_not_stretched_to_noise() -> None:
    assert span(np.full((3, 3), 20.0, np.float32)) == (19.0, 21.0)


@pytest.mark.parametrize(
    ("low", "high"), [(19.0, 21.0), (-35.8, 77.3), (-33.9, -5.9), (-16.5, 415.0), (24.3, 25.5), (0.0, 2000.0)]
)
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)

    assert 3 <= len(found) <= 9
    assert low <= found[0] < found[-1] <= high
    step = found[1] - found[0]
    assert f"{step:.0e}"[0] in "125"


def test_fewer_places_than_asked_for_are_all_there_are() -> None:
    assert len(hottest_places(np.zeros((3, 3), np.float32), 10)) == 1
