"""Pictures without temperatures: whole ones are read, others are told apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy.errors import UnreadableFile
from canairy.thermal.eight_bit import Pixels, read_eight_bit
from canairy.thermal.linear_png import IncompleteFile
from tests.helpers.thermal_files import exif, jpeg, png, png_header

GREY = np.random.default_rng(1).integers(0, 255, (24, 32)).astype(np.uint8)
COLOUR = np.random.default_rng(2).integers(0, 255, (24, 32, 3)).astype(np.uint8)


def encoded(kind: str, pixels: Pixels) -> bytes:
    return cv2.imencode(kind, pixels)[1].tobytes()


@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_png_is_read_to_its_pixels_and_jpeg_to_its_size(
    pixels: Pixels,
) -> None:
    assert np.array_equal(read_eight_bit(encoded(".png", pixels)), pixels)
    assert read_eight_bit(encoded(".jpg", pixels)).shape == pixels.shape


def test_transparency_is_left_out() -> None:
    with_alpha = np.dstack([COLOUR, GREY])

    assert np.array_equal(read_eight_bit(encoded(".png", with_alpha)), COLOUR)


@pytest.mark.parametrize("kind", [".png", ".jpg"])
@given(share=st.floats(0, 0.99))
def test_a_part_of_a_file_may_still_be_written(kind: str, share: float) -> None:
    whole = encoded(kind, COLOUR)
    part = whole[: int(share * len(whole))]

    with pytest.raises(UnreadableFile) as caught:
        read_eight_bit(part)

    # The first bytes alone do not tell what it will be.
    assert isinstance(caught.value, IncompleteFile) or len(part) < 8


def test_the_end_of_a_small_picture_inside_is_not_the_end() -> None:
    whole = jpeg([b"thumbnail" + encoded(".jpg", GREY)])
    cut = whole[: whole.rindex(b"\xff\xd9")]

    assert read_eight_bit(whole).shape == (8, 8, 3)
    with pytest.raises(IncompleteFile, match="before its end marker"):
        read_eight_bit(cut)


def test_a_decoder_does_not_turn_a_picture_by_its_exif() -> None:
    assert read_eight_bit(jpeg([], exif(b"DJI", b"H20T"))).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"GIF89a..", "not an 8-bit picture"),
        (png(np.zeros((4, 4), np.uint16)), "16-bit: a picture without temperatures has 8 bits"),
        (png_header(5000, 1), "5000x1 pixels: sides must be 1 to 4096"),
        (encoded(".png", GREY)[:-20] + b"\0" * 8 + encoded(".png", GREY)[-12:], "damaged"),
        (b"\xff\xd8\xff\xfe\x00\x04hi\xff\xd9..", "without a header"),
    ],
)
def test_what_is_no_such_picture_is_refused_with_the_reason(content: bytes, told: str) -> None:
    with pytest.raises(UnreadableFile, match=told):
        read_eight_bit(content)


@pytest.mark.parametrize(
    ("width", "height", "body", "told"),
    [
        (100_000, 100_000, b"", "100000x100000 pixels: sides must be 1 to 4096"),
        (4, 4, bytes(1 << 24), "inflates to more than 20 bytes"),
        (4, 4, bytes(19), "inflates to 19 bytes, 20 are needed"),
    ],
)
def test_a_bomb_is_refused_by_its_header_and_by_what_it_inflates_to(
    width: int, height: int, body: bytes, told: str
) -> None:
    with pytest.raises(UnreadableFile, match=told):
        read_eight_bit(png_header(width, height, body, depth=8))
