"""TIFF of counts or of degrees: both byte orders, packed or not, and what is refused."""

from __future__ import annotations

import struct
import zlib
from typing import Literal

import numpy as np
import pytest

from canairy.errors import UnreadableFile
from canairy.thermal.frame import LinearScale
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.radiometry import ObjectParameters
from canairy.thermal.tiff import read_tiff
from tests.helpers.thermal_files import packed_tiff, tiff

SCALE = LinearScale(0.01, -273.15)
COUNTS = np.arange(29_000, 29_000 + 24 * 32, dtype=np.uint16).reshape(24, 32)
CELSIUS = (COUNTS / 100 - 273.15).astype(np.float32)
NONE, LZW, DEFLATE, OLD_DEFLATE, PACK_BITS = 1, 5, 8, 32946, 32773


@pytest.mark.parametrize("order", ["<", ">"])
def test_counts_are_degrees_by_the_scale_that_is_told(order: Literal["<", ">"]) -> None:
    frame = read_tiff(tiff(COUNTS, order), LinearScale(0.04, -273.15))

    assert frame.kind == "tiff-16"
    assert frame.counts is not None
    assert (frame.counts == COUNTS).all()
    np.testing.assert_allclose(frame.celsius, COUNTS * 0.04 - 273.15, atol=1e-3)


@pytest.mark.parametrize("order", ["<", ">"])
def test_floating_point_is_degrees_already(order: Literal["<", ">"]) -> None:
    frame = read_tiff(tiff(CELSIUS, order), LinearScale(9.0, 99.0))

    assert frame.kind == "tiff-float"
    assert frame.celsius.dtype == np.float32
    assert (frame.celsius == CELSIUS).all()


@pytest.mark.parametrize("compression", [NONE, LZW, DEFLATE, OLD_DEFLATE, PACK_BITS])
@pytest.mark.parametrize("pixels", [COUNTS, CELSIUS], ids=["counts", "degrees"])
def test_packed_pixels_are_the_same(
    pixels: np.ndarray[tuple[int, int], np.dtype[np.generic]], compression: int
) -> None:
    frame = read_tiff(packed_tiff(pixels, compression), SCALE)

    np.testing.assert_allclose(frame.celsius, CELSIUS, atol=1e-4)


@pytest.mark.parametrize("compression", [NONE, LZW, DEFLATE, PACK_BITS])
def test_every_truncation_is_told(compression: int) -> None:
    content = packed_tiff(COUNTS, compression)

    for length in range(len(content) - 1):
        with pytest.raises(UnreadableFile):
            read_tiff(content[:length], SCALE)
    with pytest.raises(IncompleteFile):
        read_tiff(content[:-1], SCALE)


def test_a_directory_in_front_of_pixels_that_are_cut_off_is_incomplete() -> None:
    content = tiff(COUNTS, t273=5000)

    with pytest.raises(IncompleteFile, match="its pixels end at byte 6536"):
        read_tiff(content, SCALE)


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"t256": 10_000, "t257": 10_000}, "10000x10000 pixels: sides must be 1 to 4096"),
        ({"t256": 0}, "0x24 pixels"),
        ({"t277": 3}, "3 values a pixel: a picture with colours has no temperatures"),
        ({"t258": 8}, "8-bit unsigned: temperatures are 16-bit unsigned counts or 32-bit floating point"),
        ({"t339": 2}, "16-bit signed"),
        ({"t258": 64, "t339": 3}, "64-bit floating point"),
        ({"t259": 7}, "compression 7: save it plain"),
        ({"t262": 0}, "zero is not dark"),
        ({"t274": 3}, "stored turned or mirrored"),
        ({"t279": 100}, "100 bytes of pixels, 32x24 need 1536"),
        ({"t278": 6}, "1 places and 1 lengths of pixels, 4 are needed"),
        ({"t257": 4096, "t278": 1}, "1 places and 1 lengths of pixels, 4096 are needed"),
        ({"t322": 0, "t323": 16, "t324": 8, "t325": 1536}, "damaged: tiles of 0x16 pixels"),
        ({"t259": 8}, "its pixels cannot be unpacked"),
    ],
)
def test_what_has_no_temperatures_or_lies_about_itself_is_told(tags: dict[str, int], told: str) -> None:
    with pytest.raises(UnreadableFile, match=told):
        read_tiff(tiff(COUNTS, "<", 0, **tags), SCALE)


def test_a_bomb_is_unpacked_to_the_size_that_it_says_and_no_further() -> None:
    bomb = zlib.compress(COUNTS.tobytes() + bytes(1 << 28))
    assert len(bomb) > 200_000

    frame = read_tiff(packed(bomb, COUNTS.shape), SCALE)

    assert frame.counts is not None
    assert (frame.counts == COUNTS).all()


def test_pixels_that_are_missing_are_not_made_up() -> None:
    with pytest.raises(UnreadableFile, match="its pixels cannot be unpacked"):
        read_tiff(packed(zlib.compress(COUNTS.tobytes()[:-64]), COUNTS.shape), SCALE)


def packed(body: bytes, shape: tuple[int, ...]) -> bytes:
    """A TIFF of 16-bit counts whose one strip is `body`, said to be Deflate."""
    height, width = shape
    pixels = np.frombuffer(body.ljust(-(-len(body) // 2) * 2, b"\0"), np.uint16)[None]
    return tiff(pixels, "<", 0, t256=width, t257=height, t259=DEFLATE, t278=height)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not a TIFF file"),
        (b"\x89PNG\r\n\x1a\n", "not a TIFF file: it begins with 89 50"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
        (b"II*\0", "inside of its header"),
        (b"II*\0\x02\0\0\0", "its directory is at byte 2"),
        (b"II*\0\xff\xff\xff\xff", "its directory is at byte 4294967295"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "its directory has 0 entries"),
        (b"II*\0\x08\0\0\0\xff\xff" + bytes(99), "its directory has 65535 entries"),
        (b"II*\0\x08\0\0\0\x40\0" + bytes(99), "inside of its directory"),
        (b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 256, 4, 1 << 30, 8) + bytes(9), "has 1073741824 values"),
        (b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 256, 4, 2, 0) + bytes(9), "tag 257 has 0 values"),
    ],
)
def test_a_directory_that_cannot_be_is_told(content: bytes, told: str) -> None:
    with pytest.raises(UnreadableFile, match=told):
        read_tiff(content, SCALE)


def test_more_than_one_picture_is_told() -> None:
    with pytest.raises(UnreadableFile, match="more than one picture"):
        read_tiff(tiff(COUNTS, next_at=8), SCALE)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 3000.0])
def test_what_is_no_temperature_is_told(strange: float) -> None:
    celsius = CELSIUS.copy()
    celsius[5, 6] = strange

    with pytest.raises(UnreadableFile, match=r"1 of 768 pixels .*row 5, column 6"):
        read_tiff(tiff(celsius), SCALE)


def test_a_scale_that_makes_no_temperatures_of_the_counts_is_told() -> None:
    with pytest.raises(UnreadableFile, match="the scale is wrong"):
        read_tiff(tiff(COUNTS), LinearScale(0.001, -273.15))


def test_another_emissivity_is_refused_where_its_own_is_not_known() -> None:
    with pytest.raises(UnreadableFile, match="cannot be corrected: the file does not say"):
        read_tiff(tiff(CELSIUS), SCALE).corrected(ObjectParameters())


def test_lengths_of_pixels_that_are_missing_are_told() -> None:
    """Found by fuzz."""
    content = tiff(COUNTS)
    entry = struct.pack("<HHI", 279, 4, 1)
    assert content.count(entry) == 1

    with pytest.raises(UnreadableFile, match="1 places and 0 lengths of pixels, 1 are needed"):
        read_tiff(content.replace(entry, struct.pack("<HHI", 280, 4, 1)), SCALE)


@pytest.mark.parametrize("celsius", [20.0, 415.5, -67.5])
def test_floats_in_another_byte_order_than_the_header_says_are_told(celsius: float) -> None:
    wrong = np.full((24, 32), celsius, np.float32).byteswap()

    with pytest.raises(UnreadableFile, match=r"768 of 768 pixels are such as .*another byte order"):
        read_tiff(tiff(wrong), SCALE)


def test_a_frame_of_zeros_is_one_of_zero_degrees() -> None:
    assert (read_tiff(tiff(np.zeros((24, 32), np.float32)), SCALE).celsius == 0).all()
