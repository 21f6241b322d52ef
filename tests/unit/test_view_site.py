"""`canairy view --site`: a camera's parameters and masks, and the temperatures of its assets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError
from canairy.messages.uncertainty import NOT_CORRECTED
from cli.view_picture import UNKNOWN
from tests.helpers.thermal_files import FlirPicture
from tests.helpers.view_command import spoken, view
from tests.unit.test_view_estimate import BAR, picture

SITE = """\
site: {{id: ss, timezone: Asia/Seoul}}
cameras:
  - id: cam-01
    source: "push:"
    scale: {{scale_k: 0.1, offset_c: -100}}
    {camera}
    views:
      - id: bay
        assets:
          - {{id: ds-a, equipment: "0201", phase: A, region: [[2, 2], [10, 2], [10, 10], [2, 10]]}}
          - {{id: ds-b, equipment: "0202", phase: B, emissivity: 0.6, region: [[20, 2], [28, 2], [28, 10], [20, 10]]}}
"""


def site(folder: Path, camera: str = "radiometry: {emissivity: 0.95, distance_m: 1}") -> Path:
    path = folder / "site.yaml"
    path.write_text(SITE.format(camera=camera), encoding="utf-8")
    return path


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    """20 degC, in each asset one pixel of 50, at (5, 5) and (25, 5)."""
    counts = np.full((24, 32), 1200, np.uint16)
    counts[5, 5] = counts[5, 25] = 1500
    path = tmp_path / "frame.png"
    assert cv2.imwrite(str(path), counts)
    return path


def test_assets_are_told_with_their_hottest_their_mean_and_how_sure_they_are(tmp_path: Path, frame: Path) -> None:
    code, (told,), _ = view(frame, "--site", site(tmp_path))

    assert code == 0
    first, second = told["assets"]
    assert (first["asset"], first["equipment"]) == ("ds-a", "0201 disconnector")
    assert (first["max_c"], first["x"], first["y"], first["pixels"]) == (pytest.approx(50, abs=1e-3), 5, 5, 81)
    assert first["mean_c"] == pytest.approx(20 + 30 / 81, abs=1e-2)
    assert first["uncertainty_k"] > 2
    # Its own emissivity: what reflects more was hotter.
    assert second["max_c"] > 60
    assert second["flags"] == []


def test_where_nobody_said_what_a_frame_was_made_with_an_asset_is_not_corrected(tmp_path: Path, frame: Path) -> None:
    _, (told,), _ = view(frame, "--site", site(tmp_path, "rate_hz: 1"))

    first, second = told["assets"]
    assert (second["max_c"], second["flags"]) == (pytest.approx(50, abs=1e-3), [NOT_CORRECTED])
    assert (first["uncertainty_k"], first["flags"]) == (None, [])


def test_a_file_with_its_own_parameters_is_corrected_for_what_the_site_file_states(tmp_path: Path) -> None:
    path = tmp_path / "radiometric.jpg"
    path.write_bytes(FlirPicture().jpeg())

    _, (plain,), _ = view(path)
    _, (told,), _ = view(path, "--site", site(tmp_path, "radiometry: {emissivity: 0.8}"))

    assert told["parameters"]["emissivity"] == 0.8
    assert told["max_c"] > plain["max_c"] + 5


def test_what_is_said_beside_the_file_is_known_better_than_the_site_file(tmp_path: Path, frame: Path) -> None:
    _, (told,), _ = view(frame, "--site", site(tmp_path, "rate_hz: 1"), "--scale", 0.2, "--offset", -200)

    assert told["min_c"] == pytest.approx(40, abs=1e-3)


def test_what_a_mask_covers_has_no_temperature_and_no_colour(tmp_path: Path, frame: Path) -> None:
    masks = "privacy: {masks: [[[0, 14], [31, 14], [31, 23], [0, 23]]]}"

    _, (told,), _ = view(
        frame, "--site", site(tmp_path, masks), "--npy", tmp_path / "a.npy", "--png", tmp_path / "a.png"
    )

    assert told["without_temperature"] == pytest.approx(10 / 24, abs=1e-3)
    array = np.load(tmp_path / "a.npy")
    assert np.isnan(array[14:]).all()
    assert np.isfinite(array[:14]).all()
    drawn = cv2.imread(str(tmp_path / "a.png"))
    assert drawn is not None
    assert drawn[40 + 15 * 20, 16 + 15 * 16].tolist() == list(UNKNOWN)


def test_masks_that_leave_nothing_are_told(tmp_path: Path, frame: Path) -> None:
    text = site(tmp_path, "privacy: {masks: [[[0, 0], [31, 0], [31, 23], [0, 23]]]}").read_text(encoding="utf-8")
    path = tmp_path / "site.yaml"
    path.write_text(text[: text.index("        assets")], encoding="utf-8")

    code, (told,), _ = view(frame, "--site", path)

    assert (code, told["error"]) == (1, "the privacy masks of cam-01 leave no temperature of it")


def test_a_frame_of_another_size_than_the_site_file_s_is_refused(tmp_path: Path, frame: Path) -> None:
    code, (told,), _ = view(frame, "--site", site(tmp_path, "size: [640, 512]"))

    assert (code, told["error"]) == (1, "32x24 pixels: by the site file cam-01 has 640x512")


def test_an_asset_outside_of_the_frame_is_told_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    assert cv2.imwrite(str(path), np.full((12, 15), 1200, np.uint16))

    _, (told,), _ = view(path, "--site", site(tmp_path))

    assert told["assets"][0]["max_c"] == pytest.approx(20, abs=1e-3)
    assert (told["assets"][1]["max_c"], told["assets"][1]["reason"]) == (
        None,
        "no pixel with a temperature lies in its outline",
    )
    assert "ds-b: no pixel with a temperature" in spoken(path, "--site", site(tmp_path))


def test_a_picture_is_estimated_where_the_site_file_states_that_it_may_be(tmp_path: Path) -> None:
    x, y, width, height = BAR
    stated = f"estimate: {{min_c: 10, max_c: 60, bar: [{x}, {y}, {width}, {height}], locked: true, linear: true}}"

    _, (told,), _ = view(picture(tmp_path), "--site", site(tmp_path, stated))

    assert (told["estimate"], told["radiometric"]) == (True, False)
    assert told["palette"] == "colour bar at 290,30 14x180"
    assert told["max_c"] == pytest.approx(52.5, abs=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--camera", "cam-9"], r"site\.yaml: camera: there is none called 'cam-9': it has cam-01"),
        (["--view", "yard"], r"site\.yaml: cam-01: view: there is none called 'yard': it has bay"),
    ],
)
def test_a_name_that_the_site_file_does_not_have_is_told(
    tmp_path: Path, frame: Path, options: list[str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        view(frame, "--site", site(tmp_path), *options)


def test_one_of_several_views_must_be_named(tmp_path: Path, frame: Path) -> None:
    path = site(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + "      - id: yard\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="which one must be said: it has bay, yard"):
        view(frame, "--site", path)
    _, (told,), _ = view(frame, "--site", path, "--view", "yard")
    assert told["assets"] == []


def test_a_camera_without_a_site_file_means_nothing(frame: Path) -> None:
    assert view(frame, "--camera", "cam-01")[0] == 2
