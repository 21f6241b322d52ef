"""Reading 16-bit PNG files with a linear scale, and refusing what they are not."""

from __future__ import annotations

import os
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as arrays

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import to_celsius
from canairy.thermal.capture_time import capture_time
from canairy.thermal.linear_png import IncompleteFile, read_linear_png

SCALE_K, OFFSET_C = 0.1, -100.0
FRAME = (np.arange(48 * 64, dtype=np.uint16) % 700 + 1000).reshape(48, 64)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int = 2, height: int = 2, depth: int = 16, colour: int = 0, data: bytes | None = None, **more: int
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, more.get("interlaced", 0))
    rows = bytes(height * (1 + 2 * width)) if data is None else data
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "bay-3.png"
    path.write_bytes(content)
    return path


def encoded(counts: npt.NDArray[np.generic]) -> bytes:
    return cv2.imencode(".png", np.ascontiguousarray(counts))[1].tobytes()


def reason(folder: Path, content: bytes) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read_linear_png(saved(folder, content), SCALE_K, OFFSET_C)
    assert str(refused.value).startswith("bay-3.png: ")
    return str(refused.value)


def test_counts_come_out_as_they_went_in_with_the_scale_of_the_site(tmp_path: Path) -> None:
    frame = read_linear_png(saved(tmp_path, encoded(FRAME)), SCALE_K, OFFSET_C)

    assert np.array_equal(frame.counts, FRAME)
    assert frame.counts.dtype == np.uint16
    celsius = to_celsius(frame.counts, frame.scale_k, frame.offset_k)
    assert np.allclose(celsius, FRAME / 10 - 100, atol=1e-3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrays.arrays(np.uint16, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_any_16_bit_picture_is_read_without_loss(tmp_path: Path, counts: npt.NDArray[np.uint16]) -> None:
    frame = read_linear_png(saved(tmp_path, encoded(counts)), SCALE_K, OFFSET_C)

    assert np.array_equal(frame.counts, counts)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (encoded(FRAME.astype(np.uint8)), "8-bit grey: temperatures need 16-bit grey"),
        (encoded(np.dstack([FRAME] * 3)), "16-bit colour: temperatures need 16-bit grey"),
        (encoded(np.dstack([FRAME] * 4)), "16-bit colour with transparency: temperatures need 16-bit grey"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "not a PNG file: it begins with ff d8 ff e0"),
        (b"temperature 21.5", "not a PNG file"),
        (png(width=4097), "4097x2 pixels: sides must be 1 to 4096"),
        (png(width=0), "0x2 pixels: sides must be 1 to 4096"),
        (png(width=4096, height=4096, data=b"\0"), "inflates to 1 bytes"),
        (png(data=bytes(50_000_000)), "inflates to more than 10 bytes"),
        (png(interlaced=1), "interlaced: save it without interlacing"),
    ],
    ids=["8-bit", "colour", "alpha", "jpeg", "text", "wide", "no width", "few rows", "bomb", "interlaced"],
)
def test_what_is_no_temperature_picture_is_refused_by_name_and_reason(tmp_path: Path, content: bytes, why: str) -> None:
    assert why in reason(tmp_path, content)


def test_a_changed_byte_is_damage_and_not_another_temperature(tmp_path: Path) -> None:
    content = bytearray(encoded(FRAME))
    content[len(content) // 2] ^= 0x10

    assert "damaged: the checksum of chunk b'IDAT'" in reason(tmp_path, bytes(content))


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 20, 33, 60, 0.5, -12, -1])
def test_a_file_that_ends_too_early_is_incomplete(tmp_path: Path, kept: float) -> None:
    content = encoded(FRAME)
    part = content[: int(kept if abs(kept) >= 1 else len(content) * kept)]

    with pytest.raises(IncompleteFile, match=r"empty|truncated"):
        read_linear_png(saved(tmp_path, part), SCALE_K, OFFSET_C)


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"gone\.png: No such file"):
        read_linear_png(tmp_path / "gone.png", SCALE_K, OFFSET_C)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path, b"")
    os.truncate(path, 100 * 1024 * 1024)

    with pytest.raises(UnreadableFile, match="104857600 bytes, a 16-bit frame takes at most"):
        read_linear_png(path, SCALE_K, OFFSET_C)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-05T14:02:11+09:00", datetime(2024, 3, 5, 5, 2, 11, tzinfo=UTC)),
        ("Tue, 05 Mar 2024 05:02:11 GMT", datetime(2024, 3, 5, 5, 2, 11, tzinfo=UTC)),
        ("2024-03-05T14:02:11", None),
        ("yesterday", None),
    ],
)
def test_the_time_a_picture_was_taken_is_read_where_its_zone_is_told(
    tmp_path: Path, text: str, moment: datetime | None
) -> None:
    content = encoded(FRAME)
    path = saved(tmp_path, content[:33] + chunk(b"tEXt", b"Creation Time\0" + text.encode()) + content[33:])

    assert read_linear_png(path, SCALE_K, OFFSET_C).created_at == moment
    assert capture_time(path) == moment


def test_the_time_of_a_damaged_file_is_not_known(tmp_path: Path) -> None:
    assert capture_time(saved(tmp_path, b"nothing")) is None
