"""The colour bar in a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from canairy.thermal.colour_bar import NoColourBar, find_colour_bar, read_colour_bar
from canairy.thermal.palette import Palette, Picture
from tests.unit.test_palette import as_jpeg, inferno

SIZE = (240, 320)


def picture(palette: Palette) -> Picture:
    """A simulated scene: smooth blobs and a box, painted by a palette."""
    noise = np.random.default_rng(3).normal(0, 1, SIZE).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 14)
    place = (smooth - smooth.min()) / np.ptp(smooth) * 0.8 + 0.1
    place[120:180, 60:110] = 0.85
    return np.asarray(palette.colours[(place * 255).astype(int)], np.uint8)


def upright(scene: Picture, palette: Palette, x: int, y: int, width: int, height: int) -> Picture:
    scene[y : y + height, x : x + width] = palette.colours[np.linspace(255, 0, height).astype(int)][:, None]
    return scene


def test_an_upright_bar_is_found_with_hot_at_its_top() -> None:
    drawn = as_jpeg(upright(picture(inferno()), inferno(), 290, 30, 14, 180))
    bar = find_colour_bar(drawn)
    assert np.abs(np.array([bar.x - 290, bar.y - 30, bar.width - 14, bar.height - 180])).max() <= 4
    assert bar.palette.lab[-1, 0] > 85
    assert bar.palette.lab[0, 0] < 15


def test_a_lying_bar_is_found_with_hot_at_its_right() -> None:
    drawn = picture(inferno())
    drawn[215:229, 50:270] = inferno().colours[np.linspace(0, 255, 220).astype(int)][None]
    bar = find_colour_bar(as_jpeg(drawn))
    assert np.abs(np.array([bar.x - 50, bar.y - 215, bar.width - 220, bar.height - 14])).max() <= 4
    assert bar.palette.lab[-1, 0] > 85


@pytest.mark.parametrize("colours", [cv2.COLORMAP_JET, cv2.COLORMAP_HOT, cv2.COLORMAP_TURBO, cv2.COLORMAP_BONE])
def test_bars_of_other_palettes_are_found(colours: int) -> None:
    levels = np.arange(256, dtype=np.uint8)[:, None]
    palette = Palette(np.asarray(cv2.applyColorMap(levels, colours)[:, 0], np.uint8))
    bar = find_colour_bar(as_jpeg(upright(picture(palette), palette, 290, 30, 14, 180)))
    assert abs(bar.x - 290) <= 3
    assert abs(bar.height - 180) <= 6


def test_a_crosshair_on_the_bar_does_not_matter() -> None:
    drawn = upright(picture(inferno()), inferno(), 290, 30, 14, 180)
    drawn[119:122, 280:312] = drawn[105:136, 296:298] = (255, 255, 255)
    bar = find_colour_bar(drawn)
    plain = read_colour_bar(upright(picture(inferno()), inferno(), 290, 30, 14, 180), 290, 30, 14, 180)
    assert abs(bar.height - 180) <= 4
    assert np.linalg.norm(bar.palette.lab[::20][:8] - plain.palette.lab[::20][:8], axis=1).max() < 12


def test_the_share_that_is_painted_by_the_bar_tells_a_bar_of_other_colours() -> None:
    levels = np.arange(256, dtype=np.uint8)[:, None]
    ocean = Palette(np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_OCEAN)[:, 0], np.uint8))
    own = find_colour_bar(upright(picture(inferno()), inferno(), 290, 30, 14, 180))
    other = find_colour_bar(upright(picture(inferno()), ocean, 290, 30, 14, 180))
    assert own.painted > 0.95
    assert other.painted < 0.5


@pytest.mark.parametrize("kind", ["scene", "one colour", "noise"])
def test_a_picture_without_a_bar_is_refused(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    pictures = {"scene": picture(inferno()), "one colour": np.full((*SIZE, 3), 90, np.uint8), "noise": noise}
    with pytest.raises(NoColourBar, match="no colour bar"):
        find_colour_bar(pictures[kind])


@pytest.mark.parametrize("place", [(310, 30, 14, 180), (-2, 30, 14, 180), (290, 30, 0, 180), (290, 30, 4, 9)])
def test_a_place_that_holds_no_bar_is_refused(place: tuple[int, int, int, int]) -> None:
    with pytest.raises(NoColourBar, match="in a picture of 320x240"):
        read_colour_bar(picture(inferno()), *place)
