"""From pseudo-colour back to the order from cold to hot."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from canairy.thermal.known_palettes import PALETTES, UNKNOWN, grey_of, palette_of

Colours = npt.NDArray[np.uint8]


def ramp() -> npt.NDArray[np.uint8]:
    """Each step from 0 to 255 in a column of its own, (64, 256)."""
    return np.tile(np.arange(256, dtype=np.uint8), (64, 1))


def coloured(grey: npt.NDArray[np.uint8], palette: str) -> Colours:
    """The picture as a camera with this palette paints it, blue first."""
    points = np.array(PALETTES[palette], np.float64)[:, ::-1]
    place = grey / 255 * (len(points) - 1)
    channels = [np.interp(place, np.arange(len(points)), points[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def by_jpeg(picture: Colours) -> Colours:
    good, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert good
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("palette", PALETTES)
def test_a_picture_comes_back_as_it_was_before_it_was_coloured(palette: str) -> None:
    grey, found = grey_of(coloured(ramp(), palette))

    assert found == palette
    assert np.abs(grey.astype(int) - ramp()).max() <= 3


@pytest.mark.parametrize("palette", PALETTES)
def test_jpeg_blurs_colours_and_the_order_stays(palette: str) -> None:
    grey, found = grey_of(by_jpeg(coloured(ramp(), palette)))

    assert found == palette
    across = grey.astype(float).mean(axis=0)
    assert np.corrcoef(across, np.arange(256))[0, 1] > 0.99


def test_a_grey_picture_is_itself_with_one_channel_or_with_three() -> None:
    grey = ramp()

    for picture in (grey, np.repeat(grey[..., None], 3, axis=2)):
        found, palette = grey_of(picture)

        assert palette == "white-hot"
        assert np.array_equal(found, grey)


def test_opencvs_own_inferno_and_jet_are_known() -> None:
    for number, palette in ((cv2.COLORMAP_INFERNO, "inferno"), (cv2.COLORMAP_JET, "jet")):
        grey, found = grey_of(np.asarray(cv2.applyColorMap(ramp(), number), np.uint8))

        assert found == palette
        assert np.abs(grey.astype(int) - ramp()).max() <= 12


def test_what_a_camera_draws_over_a_picture_does_not_hide_its_palette() -> None:
    picture = coloured(ramp(), "iron")
    picture[:12, :60] = (255, 160, 0)

    assert palette_of(picture) == "iron"


def test_a_picture_in_colours_of_no_palette_is_taken_by_its_luminance_and_that_is_said() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, :32] = (0, 90, 0)
    picture[:, 32:] = (0, 255, 0)

    grey, found = grey_of(picture)

    assert found == UNKNOWN
    # Rec. 601: green is 0.587 of the luminance.
    assert (grey[0, 0], grey[0, 63]) == (53, 150)


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 700, 3), (1100, 40, 3)])
def test_any_size_has_a_palette(shape: tuple[int, ...]) -> None:
    grey, found = grey_of(np.full(shape, 77, np.uint8))

    assert found == "white-hot"
    assert grey.shape == shape[:2]
    assert set(np.unique(grey)) == {77}


def test_pictures_whose_cameras_say_that_they_coloured_them_in_iron_are_seen_to_be(test_data: Path) -> None:
    folder = test_data / "flir-rjpeg"
    names = ["detect_Flir_E40", "detect_T640", "fie_flir_example", "wikimedia_02", "wikimedia_03", "wikimedia_04"]

    found = [palette_of(np.asarray(cv2.imread(str(folder / f"{name}.jpg")), np.uint8)) for name in names]

    assert found == ["iron"] * len(names)
