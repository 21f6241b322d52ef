"""Colours on a palette, and temperatures estimated from them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from canairy.errors import ConfigurationError
from canairy.thermal.estimate import OtherPalette, Scale, estimate_temperatures
from canairy.thermal.palette import Palette, Picture

SCALE = Scale(10.0, 60.0)


def inferno() -> Palette:
    levels = np.arange(256, dtype=np.uint8)[:, None]
    return Palette(np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[:, 0], np.uint8))


def scene() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Degrees of a simulated scene, (96, 128): warm on the right, one hot spot."""
    y, x = np.mgrid[:96, :128]
    return np.asarray(15 + x * 0.25 + 10 * np.exp(-((x - 40) ** 2 + (y - 50) ** 2) / 80), np.float64)


def painted(celsius: np.ndarray[tuple[int, ...], np.dtype[np.float64]], palette: Palette) -> Picture:
    place = (celsius - SCALE.low_c) / (SCALE.high_c - SCALE.low_c)
    return np.asarray(palette.colours[(place * 255).round().clip(0, 255).astype(int)], np.uint8)


def as_jpeg(picture: Picture) -> Picture:
    _, written = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])
    return np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR), np.uint8)


def test_every_colour_of_a_palette_is_placed_where_it_stands() -> None:
    palette = inferno()
    placed = palette.place(palette.colours[None])
    assert np.abs(placed.position[0] - np.linspace(0, 1, 256)).max() < 2 / 255
    assert placed.on_palette.all()


def test_a_colour_between_two_levels_is_placed_between_them() -> None:
    palette = Palette(np.array([[0, 0, 0], [120, 120, 120], [240, 240, 240]], np.uint8))
    place = float(palette.place(np.array([[[60, 60, 60]]], np.uint8)).position[0, 0])
    assert 0.1 < place < 0.4


def test_temperatures_come_back_from_a_jpeg_within_two_percent_of_the_span() -> None:
    celsius = scene()
    picture = as_jpeg(painted(celsius, inferno()))
    estimate = estimate_temperatures(picture, inferno(), SCALE)
    error = np.abs(estimate.celsius - celsius)[estimate.on_palette]
    assert np.median(error) <= 0.02 * (SCALE.high_c - SCALE.low_c)


def test_a_step_is_the_span_over_the_steps_of_the_palette() -> None:
    palette = Palette(np.array([[10, 10, 10], [90, 90, 90], [90, 90, 90], [200, 200, 200]], np.uint8))
    estimate = estimate_temperatures(palette.colours[None], palette, SCALE)
    assert estimate.step_c == pytest.approx(25.0)


def test_an_overlay_has_no_temperature() -> None:
    picture = painted(scene(), inferno())
    picture[20:40, 20:60] = (60, 220, 60)
    estimate = estimate_temperatures(picture, inferno(), SCALE)
    assert not estimate.on_palette[20:40, 20:60].any()
    assert estimate.on_palette.sum() == picture.shape[0] * picture.shape[1] - 20 * 40


def test_what_is_known_to_be_no_scene_has_no_temperature() -> None:
    picture, ignored = painted(scene(), inferno()), np.zeros((96, 128), bool)
    ignored[:, 100:] = True
    estimate = estimate_temperatures(picture, inferno(), SCALE, ignored)
    assert np.array_equal(estimate.on_palette, ~ignored)


def test_a_pixel_at_the_end_of_the_scale_is_a_bound() -> None:
    celsius = scene()
    celsius[:10, :10], celsius[80:, 100:] = -30.0, 300.0
    estimate = estimate_temperatures(painted(celsius, inferno()), inferno(), SCALE)
    assert estimate.above[80:, 100:].all()
    assert estimate.below[:10, :10].all()
    assert estimate.above.sum() == 16 * 28


def test_a_picture_painted_by_another_palette_is_refused() -> None:
    levels = np.arange(256, dtype=np.uint8)[:, None]
    ocean = Palette(np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_OCEAN)[:, 0], np.uint8))
    with pytest.raises(OtherPalette, match="painted by another one"):
        estimate_temperatures(painted(scene(), inferno()), ocean, SCALE)


@pytest.mark.parametrize(
    ("low", "high"),
    [(50.0, 50.0), (60.0, 10.0), (float("nan"), 5.0), (0.0, float("inf")), (-1e30, -50.0), (0.0, 2001.0)],
)
def test_a_scale_that_cannot_be_is_refused(low: float, high: float) -> None:
    with pytest.raises(ConfigurationError, match="palette scale"):
        Scale(low, high)


@pytest.mark.parametrize(
    "colours", [np.zeros((1, 3), np.uint8), np.zeros((9, 4), np.uint8), np.zeros((9, 3), np.int32)]
)
def test_what_is_no_list_of_colours_is_no_palette(colours: Picture) -> None:
    with pytest.raises(ValueError, match="a palette is uint8"):
        Palette(colours)


def test_of_more_colours_than_any_camera_paints_neighbours_are_placed_as_one() -> None:
    random = np.random.default_rng(1).integers(0, 256, (1, 300_000, 3), dtype=np.uint8)
    lone = inferno().place(random[:, :20_000])
    crowded = inferno().place(random)

    assert len(np.unique(random.reshape(-1, 3), axis=0)) > 1 << 18
    # Two bits a channel are less than JPEG moves a colour.
    near = lone.distance[0] < 20
    assert np.abs(crowded.distance[0, :20_000] - lone.distance[0]).max() < 4
    assert np.quantile(np.abs(crowded.position[0, :20_000] - lone.position[0])[near], 0.95) < 0.02


def test_what_has_the_colour_of_a_palette_s_last_levels_stands_at_its_end() -> None:
    """As the outermost lines of a colour bar in a JPEG do: without it, the hottest would be no bound."""
    colours = inferno().colours.copy()
    colours[:4], colours[-3:] = colours[4], colours[-4]

    placed = Palette(colours).place(inferno().colours[None])

    assert placed.position[0, :5].tolist() == [0] * 5
    assert placed.position[0, -4:].tolist() == [1] * 4
    assert 0 < placed.position[0, 5] < placed.position[0, -5] < 1


def test_a_palette_of_one_colour_has_everything_at_its_cold_end() -> None:
    placed = Palette(np.zeros((5, 3), np.uint8)).place(np.zeros((1, 2, 3), np.uint8))

    assert placed.position.tolist() == [[0, 0]]
