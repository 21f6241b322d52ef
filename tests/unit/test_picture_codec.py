"""A picture without temperatures comes back as it was, or not at all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from canairy import codec
from canairy.errors import InvalidMessage
from canairy.picture_codec import COLOUR, GREY, pack_picture, unpack_picture

Pixels = npt.NDArray[np.uint8]

SIDES = st.tuples(st.integers(1, 20), st.integers(1, 20))
ANY_LEVEL = st.integers(0, 255)
EXTREMES = st.sampled_from([0, 1, 127, 128, 254, 255])


@st.composite
def pictures(draw: st.DrawFn) -> Pixels:
    """Grey and colour of any shape: noise, and extremes side by side."""
    shape = (*draw(SIDES), *draw(st.sampled_from([(), (COLOUR,)])))
    picture: Pixels = draw(hnp.arrays(np.uint8, shape, elements=draw(st.sampled_from([ANY_LEVEL, EXTREMES]))))
    return picture


def colour() -> Pixels:
    return np.random.default_rng(7).integers(0, 256, (9, 7, 3), dtype=np.uint8)


def channels(picture: Pixels) -> int:
    return GREY if picture.ndim == 2 else COLOUR


@given(picture=pictures())
def test_every_picture_comes_back_as_it_was(picture: Pixels) -> None:
    before = picture.copy()

    height, width = picture.shape[:2]

    unpacked = unpack_picture(pack_picture(picture), height, width, channels(picture))

    assert unpacked.dtype == np.uint8
    assert unpacked.flags.c_contiguous
    assert unpacked.flags.writeable
    np.testing.assert_array_equal(unpacked, before)
    np.testing.assert_array_equal(picture, before)


@given(picture=pictures(), row_step=st.sampled_from([-2, -1, 1, 3]), column_step=st.sampled_from([-3, -1, 1, 2]))
def test_a_view_packs_like_its_copy(picture: Pixels, row_step: int, column_step: int) -> None:
    view = picture[::row_step, ::column_step]

    assert pack_picture(view) == pack_picture(np.ascontiguousarray(view))


def test_noise_that_cannot_shrink_grows_by_less_than_a_thousandth() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 640, 3), dtype=np.uint8)

    assert len(pack_picture(noise)) < noise.nbytes * 1.001


def test_a_smooth_scene_with_a_camera_s_noise_takes_less_than_half() -> None:
    slope = np.linspace(40, 200, 512)[:, np.newaxis]
    scene = np.rint(slope + np.random.default_rng(0).normal(0, 1.5, (512, 640))).astype(np.uint8)

    assert len(pack_picture(scene)) < 0.45 * scene.nbytes


def test_what_was_written_first_is_still_read() -> None:
    grey = bytes.fromhex("0202000000020000005cdb1d7e28b52ffd20042100000780fa7f")

    assert unpack_picture(grey, 2, 2, GREY).tolist() == [[7, 128], [1, 255]]


def test_any_byte_changed_is_invalid() -> None:
    packed = pack_picture(colour())

    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 0x10
        with pytest.raises(InvalidMessage):
            unpack_picture(bytes(changed), 9, 7, COLOUR)


def test_a_picture_cut_at_any_place_is_invalid() -> None:
    packed = pack_picture(colour())

    for kept in range(len(packed)):
        with pytest.raises(InvalidMessage):
            unpack_picture(packed[:kept], 9, 7, COLOUR)


def test_temperatures_are_not_taken_for_a_picture_nor_a_picture_for_temperatures() -> None:
    counts = np.full((9, 7), 29_315, np.uint16)

    with pytest.raises(InvalidMessage, match="codec version 1, this build reads 2"):
        unpack_picture(codec.pack(counts), 9, 7, GREY)
    with pytest.raises(InvalidMessage, match="codec version 2, this build reads 1"):
        codec.unpack(pack_picture(colour()), 9, 7)


def test_grey_is_not_taken_for_colour() -> None:
    with pytest.raises(InvalidMessage, match="unpacks to 189 bytes, expected 63"):
        unpack_picture(pack_picture(colour()), 9, 7, GREY)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 4), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((4, 4), np.uint16),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4, 2, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_not_packed(pixels: npt.NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match="a picture"):
        pack_picture(pixels)  # type: ignore[arg-type]


def test_two_channels_are_no_picture() -> None:
    with pytest.raises(ValueError, match="2 channels"):
        unpack_picture(pack_picture(colour()), 9, 7, 2)
