"""Crops from files: what counts mean, and what is said about a file that is no crop."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError, UnreadableFile
from canairy.models.square import BadCrop, squared
from tests.helpers.patchcore import bushing, write_crop, write_normals
from tests.helpers.thermal_files import png_header
from training.patchcore.crops import crop_files, read_crop, read_normals


def test_16_bit_means_temperatures_and_8_bit_means_grey(tmp_path: Path) -> None:
    counts = bushing(day=1)
    warm = write_crop(tmp_path / "warm.png", counts)
    grey = write_crop(tmp_path / "grey.png", np.full((40, 24), 127, np.uint8))

    temperatures, picture = read_crop(warm, 0.01, -273.15), read_crop(grey, 0.01, -273.15)

    assert temperatures.scale.radiometric
    assert (temperatures.scale.scale, temperatures.scale.offset) == (0.01, 0.0)
    assert np.array_equal(temperatures.counts, counts)
    assert (picture.scale.scale, picture.scale.offset, picture.scale.radiometric) == (1.0, 0.0, False)
    assert set(picture.counts.ravel()) == {127}


def test_a_crop_of_any_shape_becomes_a_square_of_its_own_counts() -> None:
    counts = np.full((260, 100), 40_000, np.uint16)
    counts[:, 50:] = 50_000

    square = squared(counts, 64)

    assert square.shape == (64, 64)
    assert square.dtype == np.uint16
    assert (square[:, :30] == 40_000).all()
    assert (square[:, 34:] == 50_000).all()


@pytest.mark.parametrize("shape", [(0, 40), (40, 0), (0, 0), (2, 40), (40, 1)])
def test_a_crop_of_no_area_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(BadCrop, match=f"{shape[1]}x{shape[0]} pixels shows nothing"):
        squared(np.zeros(shape, np.uint16), 64)


def test_a_crop_that_is_not_uint16_pixels_is_refused() -> None:
    with pytest.raises(BadCrop, match=r"uint16 \(height, width\), not uint8 \(40, 24\)"):
        squared(np.zeros((40, 24), np.uint8), 64)
    with pytest.raises(BadCrop, match=r"not uint16 \(3, 40, 24\)"):
        squared(np.zeros((3, 40, 24), np.uint16), 64)


def a_picture() -> bytes:
    return cv2.imencode(".jpg", np.full((40, 24), 127, np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"not a picture", "not an 8-bit picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "damaged"),
        (png_header(60_000, 60_000, depth=8), "60000x60000 pixels: sides must be 1 to 4096"),
        (a_picture()[:-9], "truncated"),
    ],
)
def test_a_file_that_is_no_picture_is_told_by_name(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(content)

    with pytest.raises(UnreadableFile, match=f"odd.png: .*{told}"):
        read_crop(path, 1.0, 0.0)


def test_a_picture_too_small_to_show_anything_is_told_by_name(tmp_path: Path) -> None:
    path = write_crop(tmp_path / "dot.png", np.zeros((2, 2), np.uint16))

    with pytest.raises(UnreadableFile, match=r"dot\.png: a crop of 2x2 pixels shows nothing"):
        read_crop(path, 0.01, -273.15)


def test_a_folder_is_walked_in_order_of_names_and_other_files_are_left_alone(tmp_path: Path) -> None:
    paths = [write_crop(tmp_path / name, np.zeros((9, 9), np.uint8)) for name in ("b.png", "a.JPG", "inner/c.jpeg")]
    (tmp_path / "notes.txt").write_text("not a crop")

    assert crop_files(tmp_path) == sorted(paths)


def test_an_empty_folder_one_crop_and_two_kinds_are_refused_with_the_reason(tmp_path: Path) -> None:
    empty, alone, mixed = tmp_path / "empty", write_normals(tmp_path / "alone", 1), write_normals(tmp_path / "mixed", 3)
    empty.mkdir()
    write_crop(mixed / "zz.png", np.zeros((40, 24), np.uint8))

    with pytest.raises(ConfigurationError, match="empty: no picture in it"):
        read_normals(empty, 0.01, -273.15)
    with pytest.raises(ConfigurationError, match="alone: one crop alone"):
        read_normals(alone, 0.01, -273.15)
    with pytest.raises(ConfigurationError, match=r"16-bit and 8-bit pictures together \(00\.png, zz\.png\)"):
        read_normals(mixed, 0.01, -273.15)


def test_one_damaged_normal_stops_the_training_by_its_name(tmp_path: Path) -> None:
    folder = write_normals(tmp_path / "normal", 3)
    (folder / "01.png").write_bytes((folder / "01.png").read_bytes()[:-20])

    with pytest.raises(UnreadableFile, match=r"01\.png: truncated"):
        read_normals(folder, 0.01, -273.15)
