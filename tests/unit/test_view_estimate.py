"""`canairy view --palette-scale`: pictures as estimated degrees, marked as such, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cli.view_picture import UNKNOWN
from tests.helpers.thermal_files import FlirPicture
from tests.helpers.view_command import spoken, view

SIZE = (240, 320)
BAR = (290, 30, 14, 180)
ENDS = ["--palette-scale", "10,60"]


def celsius() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Smooth, 15 to 50 degC, warmest in a box of 52.5 at (60, 120)."""
    noise = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, SIZE).astype(np.float32), (0, 0), 14)
    smooth = np.asarray(15 + 35 * (noise.astype(np.float64) - noise.min()) / np.ptp(noise), np.float64)
    smooth[120:180, 60:110] = 52.5
    return smooth


def picture(folder: Path, colours: int = cv2.COLORMAP_INFERNO, *, bar: bool = True) -> Path:
    """That scene as a camera paints it from 10 to 60 degC, with its colour bar."""
    levels = np.rint(255 * (celsius() - 10) / 50).astype(np.uint8)
    x, y, width, height = BAR
    if bar:
        levels[y : y + height, x : x + width] = np.linspace(255, 0, height).astype(np.uint8)[:, None]
    path = folder / "painted.jpg"
    assert cv2.imwrite(str(path), cv2.applyColorMap(levels, colours), [cv2.IMWRITE_JPEG_QUALITY, 95])
    return path


def test_a_picture_is_estimated_by_its_colour_bar_and_marked_with_its_step(tmp_path: Path) -> None:
    code, (told,), _ = view(picture(tmp_path), *ENDS, "--npy", tmp_path / "a.npy")

    assert code == 0
    assert (told["width"], told["height"], told["radiometric"], told["estimate"]) == (320, 240, False, True)
    assert told["max_c"] == pytest.approx(52.5, abs=1)
    assert told["min_c"] == pytest.approx(15.0, abs=1)
    assert told["parameters"] == {"palette_min_c": 10.0, "palette_max_c": 60.0}
    assert told["estimate_step_k"] == pytest.approx(50 / 255, rel=0.5)
    assert told["palette"].startswith("colour bar at 2")
    array = np.load(tmp_path / "a.npy")
    assert np.isnan(array[100, 297])
    assert np.nanmedian(np.abs(array - celsius())) < 0.01 * 50


def test_it_is_called_an_estimate_for_people_and_in_the_picture(tmp_path: Path) -> None:
    line = spoken(picture(tmp_path), *ENDS, "--png", tmp_path / "out.png")

    assert "ESTIMATE by colour bar at" in line
    assert "in steps of 0." in line
    drawn = cv2.imread(str(tmp_path / "out.png"))
    assert drawn is not None
    # Twice as large, below a line of text; the bar has no temperature and none of the palette's colours.
    assert drawn[40 + 2 * 100, 16 + 2 * 297].tolist() == list(UNKNOWN)


def test_an_end_of_the_palette_is_a_bound(tmp_path: Path) -> None:
    path = picture(tmp_path)
    drawn = cv2.imread(str(path))
    assert drawn is not None
    drawn[10:40, 10:40] = cv2.applyColorMap(np.full((1, 1), 255, np.uint8), cv2.COLORMAP_INFERNO)[0, 0]
    assert cv2.imwrite(str(path), drawn, [cv2.IMWRITE_JPEG_QUALITY, 95])

    _, (told,), _ = view(path, *ENDS)

    assert told["at_hot_end"] > 0.005
    assert "the hottest is that hot or hotter" in spoken(path, *ENDS)


def test_without_the_ends_of_its_scale_a_picture_has_no_temperatures(tmp_path: Path) -> None:
    code, (told,), _ = view(picture(tmp_path))

    assert code == 1
    assert told["error"].startswith("painted.jpg: not radiometric")


def test_without_a_bar_it_is_refused_unless_its_palette_is_named(tmp_path: Path) -> None:
    path = picture(tmp_path, bar=False)

    code, (told,), _ = view(path, *ENDS)
    assert code == 1
    assert told["error"].startswith("painted.jpg: no colour bar in the picture")
    assert told["error"].endswith("--palette")

    code, (told,), _ = view(path, *ENDS, "--palette", "inferno")
    assert (code, told["palette"]) == (0, "inferno")
    assert told["max_c"] == pytest.approx(52.5, abs=1)


def test_a_picture_that_the_named_palette_did_not_paint_is_refused(tmp_path: Path) -> None:
    code, (told,), _ = view(picture(tmp_path, bar=False), *ENDS, "--palette", "rainbow")

    assert code == 1
    assert "it was painted by another one" in told["error"]


def test_a_file_that_has_temperatures_is_never_estimated(tmp_path: Path) -> None:
    path = tmp_path / "radiometric.jpg"
    path.write_bytes(FlirPicture().jpeg())

    _, (told,), _ = view(path, *ENDS)

    assert (told["radiometric"], told["estimate"]) == (True, False)
    assert told["max_c"] == pytest.approx(90, abs=0.1)


def test_an_estimate_is_not_corrected_for_an_emissivity(tmp_path: Path) -> None:
    code, (told,), _ = view(picture(tmp_path), *ENDS, "--emissivity", 0.8)

    assert code == 1
    assert told["error"].startswith("painted.jpg: cannot be corrected")


@pytest.mark.parametrize("wrong", ["20", "60,10", "a,b", "10,60,80", "nan,60", "10,inf"])
def test_ends_that_cannot_be_are_refused(tmp_path: Path, wrong: str) -> None:
    assert view(picture(tmp_path), "--palette-scale", wrong)[0] == 2


@pytest.mark.parametrize("wrong", [["--palette", "iron"], [*ENDS, "--palette", "purple"]])
def test_a_palette_that_means_nothing_is_refused(tmp_path: Path, wrong: list[str]) -> None:
    assert view(picture(tmp_path), *wrong)[0] == 2


def test_a_folder_of_pictures_is_looked_through(tmp_path: Path) -> None:
    path = picture(tmp_path)
    grey = cv2.imread(str(path))
    assert grey is not None
    assert cv2.imwrite(str(tmp_path / "again.png"), grey)

    code, told, _ = view(tmp_path, *ENDS)

    assert code == 0
    assert [Path(it["file"]).name for it in told] == ["again.png", "painted.jpg"]
    assert all(it["estimate"] for it in told)
