"""Temperatures read off colours: only where the site file states it, marked, with their step, and never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from canairy.errors import ConfigurationError
from canairy.messages.camera import CameraState
from canairy.messages.detections import RegionKind
from canairy.messages.frame import Frame
from canairy.messages.header import ESTIMATE, NO_TEMPERATURES, OVER_RANGE, Place
from canairy.messages.reading import Reading, Temperatures
from canairy.messages.thermogram import KELVIN
from canairy.site.load import load_site
from canairy.site.model import Camera
from services.anomaly.estimate import at_its_end
from services.ingest.source import RawPicture
from tests.helpers.frames import header
from tests.helpers.ingest import after, camera, dead_letters, frames, handler_of, site_of, statuses

BAR = (600, 40, 20, 400)
STATED: dict[str, Any] = {"min_c": -10.0, "max_c": 50.0, "bar": BAR, "locked": True, "linear": True}
SITE = site_of(
    camera("cam-01", estimate=STATED),
    camera("cam-02"),
)
TRUTH = np.clip(np.linspace(0, 35, 640)[None] + np.zeros((480, 1)), -10, 50).astype(np.float32)


def painted(celsius: npt.NDArray[np.float32] = TRUTH, palette: int = cv2.COLORMAP_INFERNO) -> npt.NDArray[np.uint8]:
    """As a camera paints it between -10 and 50 degC, with its bar, and text in white."""
    picture = np.asarray(cv2.applyColorMap(levels(celsius), palette), np.uint8)
    x, y, width, height = BAR
    bar = np.tile(np.linspace(255, 0, height).round().astype(np.uint8)[:, None], (1, width))
    picture[y : y + height, x : x + width] = cv2.applyColorMap(bar, palette)
    picture[10:20, 10:60] = (0, 255, 0)
    return picture


def levels(celsius: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return np.rint((celsius + 10) / 60 * 255).astype(np.uint8)


def raw(pixels: npt.NDArray[np.uint8], name: str = "cam-01", second: float = 0.0) -> RawPicture:
    return RawPicture(name, "bay-1", pixels, taken_at=after(second))


def taken(pixels: npt.NDArray[np.uint8], name: str = "cam-01") -> Frame:
    (frame,) = frames(handler_of(SITE).handle(raw(pixels, name), after(0.5)))
    return frame


def test_a_stated_scale_makes_temperatures_that_say_to_be_an_estimate_and_in_which_steps() -> None:
    frame = taken(painted())

    celsius = frame.thermogram.celsius()
    error = np.abs(celsius - TRUTH)[40:440, 100:580]
    assert np.nanmedian(error) < 0.5
    assert frame.header.flags == (ESTIMATE,)
    assert frame.header.radiometric
    assert frame.header.estimate_step_k == pytest.approx(60 / 255, rel=0.3)
    assert frame.header.estimate_most_c == pytest.approx(50, abs=0.5)


def test_the_bar_and_what_is_printed_over_the_scene_have_no_temperature() -> None:
    celsius = taken(painted()).thermogram.celsius()

    assert np.isnan(celsius[40:440, 600:620]).all()
    assert np.isnan(celsius[12:18, 12:58]).all()
    assert np.isfinite(celsius[100:400, 100:580]).mean() > 0.99


def test_without_the_statement_no_degrees_are_invented() -> None:
    frame = taken(painted(), "cam-02")

    assert frame.header.flags == (NO_TEMPERATURES,)
    assert frame.header.estimate_step_k is None
    assert frame.picture is not None


def test_a_grey_camera_with_a_grey_bar_is_read_too() -> None:
    grey = levels(TRUTH)
    x, y, width, height = BAR
    grey[y : y + height, x : x + width] = np.linspace(255, 0, height).round().astype(np.uint8)[:, None]

    celsius = taken(grey).thermogram.celsius()

    assert np.nanmedian(np.abs(celsius - TRUTH)[:, 50:580]) < 0.5


def test_another_palette_is_learnt_from_the_bar_of_the_picture_itself() -> None:
    celsius = taken(painted(palette=cv2.COLORMAP_JET)).thermogram.celsius()

    assert np.nanmedian(np.abs(celsius - TRUTH)[100:400, 100:580]) < 0.7


def test_a_picture_that_its_bar_did_not_paint_is_refused_by_name_and_the_camera_is_not_well() -> None:
    picture = painted(palette=cv2.COLORMAP_JET)
    x, y, width, height = BAR
    picture[y : y + height, x : x + width] = painted()[y : y + height, x : x + width]

    parcels = handler_of(SITE).handle(raw(picture), after(0.5))

    (letter,) = dead_letters(parcels)
    assert frames(parcels) == []
    assert letter.headers["dlq-reason"].startswith(b"cam-01: no temperatures can be estimated: ")
    assert statuses(parcels)[0].state is CameraState.FAILED


def test_a_picture_too_small_for_its_bar_is_refused_and_the_next_is_taken() -> None:
    handler = handler_of(SITE)

    (letter,) = dead_letters(handler.handle(raw(painted()[:200, :300]), after(0.5)))
    after_it = frames(handler.handle(raw(painted(), second=1), after(1.5)))

    assert b"no colour bar of 20x400 pixels at (600, 40)" in letter.headers["dlq-reason"]
    assert len(after_it) == 1


# --- the hot end ----------------------------------------------------------------------------------------------------


def reading(max_c: float, **more: Any) -> Reading:  # noqa: ANN401 - of the header
    measured = Temperatures(max_c, max_c, max_c, 20.0, 4, 4, 8, 8, 100)
    known: dict[str, Any] = {"flags": (ESTIMATE,), "estimate_step_k": 0.25, "estimate_most_c": 49.9}
    told = header(**(known | more))
    return Reading(told, Place("thermal.frames", 0, 1), "joint-a", RegionKind.REGISTERED, measured)


def test_what_has_the_colour_of_the_hot_end_is_that_hot_or_hotter() -> None:
    at_end, under = at_its_end(reading(50.0)), at_its_end(reading(49.0))

    assert (at_end.header.flags, at_end.lower_bound) == ((ESTIMATE, OVER_RANGE), True)
    assert (under.header.flags, under.lower_bound) == ((ESTIMATE,), False)
    assert not at_its_end(reading(500.0, flags=(), estimate_most_c=None)).lower_bound


# --- the site file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"locked": False}, "locked"),
        ({"linear": False}, "linear"),
        ({"max_c": -10.0}, "max_c .-10.0. must be above min_c"),
        ({"min_c": float("nan")}, "min_c"),
        ({"bar": (600, 40, 0, 400)}, "bar"),
        ({"range": "auto"}, "range"),
    ],
)
def test_what_would_invent_degrees_is_a_mistake_in_the_site_file(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Camera.model_validate(camera("cam-01", estimate=STATED | change))


@pytest.mark.parametrize("missing", ["locked", "linear", "bar", "min_c", "max_c"])
def test_whatever_is_not_stated_is_not_assumed(missing: str) -> None:
    stated = {key: value for key, value in STATED.items() if key != missing}

    with pytest.raises(ValueError, match=missing):
        Camera.model_validate(camera("cam-01", estimate=stated))


def test_a_site_file_states_it_and_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    text = """site: {id: ss}
cameras:
  - id: cam-01
    source: "rtsp://cam"
    estimate: {min_c: -10, max_c: 50, bar: [600, 40, 20, 400], locked: LOCKED, linear: true}
    views: [{id: bay-1}]
"""
    path = tmp_path / "site.yaml"
    path.write_text(text.replace("LOCKED", "true"), encoding="utf-8")
    stated = load_site(path).cameras[0].estimate
    path.write_text(text.replace("LOCKED", "false"), encoding="utf-8")

    assert stated is not None
    assert (stated.min_c, stated.max_c, stated.bar) == (-10, 50, BAR)
    with pytest.raises(ConfigurationError, match=r"site\.yaml:5: .*locked"):
        load_site(path)


def test_the_temperatures_travel_at_a_hundredth_of_a_kelvin_from_zero() -> None:
    thermogram = taken(painted()).thermogram

    assert (thermogram.scale_k, thermogram.offset_k, thermogram.missing) == (0.01, 0.0, 0)
    counts = thermogram.counts()
    assert counts[counts > 0].min() * 0.01 - KELVIN >= -10.01
