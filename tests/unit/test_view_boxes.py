"""`canairy view --labels` and `--beside`: boxes with normal and danger, and frames side by side on one scale."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError
from cli.view_overlay import STATES
from tests.helpers.thermal_files import tiff
from tests.helpers.view_command import spoken, view


def frame(folder: Path, name: str = "frame.tiff", low: float = 20.0, high: float = 60.0) -> Path:
    """60x48 pixels, the hottest at (30, 24)."""
    celsius = np.full((48, 60), low, np.float32)
    celsius[24, 30] = high
    path = folder / name
    path.write_bytes(tiff(celsius))
    return path


def labels(folder: Path, text: str, classes: str = "0201 normal\n0201 danger\n") -> Path:
    place = folder / "labels"
    place.mkdir(exist_ok=True)
    (place / "frame.txt").write_text(text, encoding="utf-8")
    (place / "classes.txt").write_text(classes, encoding="utf-8")
    return place


def test_labels_are_boxes_in_pixels_with_their_state_and_their_hottest(tmp_path: Path) -> None:
    place = labels(tmp_path, "1 0.5 0.5 0.2 0.25\n\n0 0.05 0.05 0.1 0.1 0.875\n7 0.9 0.9 0.2 0.2\n")

    code, (told,), _ = view(frame(tmp_path), "--labels", place)

    assert code == 0
    assert told["boxes"] == [
        {"x": 24.0, "y": 18.0, "width": 12.0, "height": 12.0, "label": "0201 danger", "state": "danger",
         "score": None, "max_c": 60.0},
        {"x": 0.0, "y": 0.0, "width": 6.0, "height": 4.8, "label": "0201 normal", "state": "normal",
         "score": 0.875, "max_c": 20.0},
        {"x": 48.0, "y": 38.4, "width": 12.0, "height": 9.6, "label": "class 7", "state": None,
         "score": None, "max_c": 20.0},
    ]  # fmt: skip


def test_danger_and_normal_have_colours_of_their_own(tmp_path: Path) -> None:
    place = labels(tmp_path, "1 0.5 0.5 0.2 0.25\n0 0.2 0.2 0.2 0.2\n")

    view(frame(tmp_path), "--labels", place, "--png", tmp_path / "out.png")

    drawn = cv2.imread(str(tmp_path / "out.png"))
    assert drawn is not None
    # Eight times as large, below a line of text: the middle of each box's left side.
    assert drawn[40 + 8 * 24 + 4, 16 + 8 * 24].tolist() == list(STATES["danger"])
    assert drawn[40 + 8 * 12, 16 + 8 * 6].tolist() == list(STATES["normal"])


def test_a_file_without_labels_has_no_box(tmp_path: Path) -> None:
    place = labels(tmp_path, "0 0.5 0.5 0.2 0.25")
    other = frame(tmp_path, "other.tiff")

    assert view(other, "--labels", place)[1][0]["boxes"] == []
    assert "no box" in spoken(other, "--labels", place)


@pytest.mark.parametrize(
    "line",
    [
        "0 0.5 0.5 0.2",
        "0 0.5 0.5 0.2 1.5",
        "0 nan 0.5 0.2 0.2",
        "-1 0.5 0.5 0.2 0.2",
        "0.5 0 0 0 0",
        "a b c d e",
        "nan 0 0 0 0",
        "inf 0 0 0 0",
        "9" * 400 + " 0 0 0 0",
    ],
)
def test_a_line_that_is_no_label_is_told_by_its_number(tmp_path: Path, line: str) -> None:
    code, (told,), _ = view(frame(tmp_path), "--labels", labels(tmp_path, f"0 0.5 0.5 0.2 0.2\n{line}\n"))

    assert code == 1
    assert told["error"].startswith("frame.txt:2: ")


def test_labels_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there are no labels"):
        view(frame(tmp_path), "--labels", tmp_path / "none")


def test_a_detector_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no model 'none'"):
        view(frame(tmp_path), "--detect", "none")


def test_boxes_are_a_detector_s_or_those_of_labels(tmp_path: Path) -> None:
    assert view(frame(tmp_path), "--detect", "detector", "--labels", tmp_path)[0] == 2


class TestBeside:
    def test_what_is_as_warm_has_the_same_colour_in_each_frame(self, tmp_path: Path) -> None:
        # 40 degC is the hottest of the one and far from that of the other.
        files = [frame(tmp_path, "a.tiff", 40.0, 41.0), frame(tmp_path, "b.tiff", 40.0, 120.0)]

        code, told, _ = view(*files, "--beside", "--png", tmp_path / "out.png", "--hottest", 1)

        assert (code, len(told)) == (0, 2)
        drawn = cv2.imread(str(tmp_path / "out.png"))
        assert drawn is not None
        # Panels of 420x336 pixels, two lines of text above each.
        first, second = (drawn[40 + 48 + 10, 16 + left + 10] for left in (0, 420 + 16))
        assert first.tolist() == second.tolist()
        assert first.astype(int).sum() < 200

    def test_frames_of_different_sizes_and_a_file_without_temperatures_stand_beside_each_other(
        self, tmp_path: Path
    ) -> None:
        large = tmp_path / "large.tiff"
        large.write_bytes(tiff(np.linspace(0, 90, 1000 * 1400, dtype=np.float32).reshape(1000, 1400)))
        (tmp_path / "none.tiff").write_bytes(b"II*\0")

        code, told, _ = view(large, frame(tmp_path), tmp_path / "none.tiff", "--beside", "--png", tmp_path / "out.png")

        assert (code, ["error" in it for it in told]) == (1, [False, False, True])
        drawn = cv2.imread(str(tmp_path / "out.png"))
        assert drawn is not None
        assert drawn.shape[1] < 2000

    def test_nothing_is_written_where_no_file_has_temperatures(self, tmp_path: Path) -> None:
        (tmp_path / "none.tiff").write_bytes(b"II*\0")

        code, _, _ = view(tmp_path / "none.tiff", "--beside", "--png", tmp_path / "out.png")

        assert code == 1
        assert not (tmp_path / "out.png").exists()

    def test_it_needs_a_place_for_the_picture(self, tmp_path: Path) -> None:
        assert view(frame(tmp_path), "--beside")[0] == 2

    def test_too_many_files_are_refused_before_any_is_read(self, tmp_path: Path) -> None:
        files = [tmp_path / f"{number}.tiff" for number in range(37)]

        with pytest.raises(ConfigurationError, match="37 files side by side"):
            view(*files, "--beside", "--png", tmp_path / "out.png")

    def test_a_place_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="cannot be written there"):
            view(frame(tmp_path), "--beside", "--png", tmp_path / "none" / "out.png")
