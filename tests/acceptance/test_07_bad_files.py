"""Bad thermal files, malady by malady, each shown on every reader that can have it, and what an operator is told.

A file is refused with a reason that names it, quickly and without the memory that its header asks for, and its
neighbours are read. What fuzzing adds to that: tests/acceptance/test_07_files.py.
"""

from __future__ import annotations

import resource
import struct
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from canairy.errors import UnreadableFile
from canairy.thermal.colour_bar import NoColourBar, find_colour_bar
from canairy.thermal.eight_bit import read_eight_bit
from canairy.thermal.estimate import OtherPalette, Scale, estimate_temperatures
from canairy.thermal.formats import ReadOptions, read_thermal
from canairy.thermal.frame import LinearScale
from canairy.thermal.known_palettes import known_palette
from canairy.thermal.linear_png import IncompleteFile
from tests.acceptance.helpers.command import canairy, json_lines
from tests.helpers.thermal_files import (
    PLANCK,
    FlirPicture,
    csv_514,
    jpeg,
    packed_tiff,
    png,
    png_header,
    tiff,
    warm_celsius,
)

Bad = tuple[str, bytes, str]

COUNTS = np.full((24, 32), 29_315, np.uint16)
WARM = np.full((24, 32), 20.0, np.float32)
SIDE = 10_000
# Of 100 megapixels, floats alone would be 400 MB.
MOST_GROWN_KB = 150_000
SLOW_S = 2.0


def with_pixel(value: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    celsius = WARM.copy()
    celsius[3, 4] = value
    return celsius


def csv_with(value: str) -> bytes:
    """A file of data set 514 in which the first value is another one."""
    head, first, rest = csv_514().partition(b"20.00;")
    assert first
    return head + value.encode() + b";" + rest


def flir_with(old: float, new: float) -> bytes:
    """A FLIR file in which a constant is another one."""
    content = FlirPicture().jpeg()
    assert content.count(struct.pack("<f", old)) == 1
    return content.replace(struct.pack("<f", old), struct.pack("<f", new))


def sized_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header tells another size than its picture has."""
    content = bytearray(jpeg([]))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def bomb_tiff() -> bytes:
    """32x24 pixels that inflate to 256 MB."""
    packed = np.frombuffer(zlib.compress(bytes(1 << 28)).ljust(300_000, b"\0"), np.uint16)[None]
    return tiff(packed, "<", 0, t256=32, t257=24, t259=8, t278=24)


# --- headers of a hundred megapixels, bombs ---------------------------------------------------------------------------


def huge_headers() -> Sequence[Bad]:
    sides = "10000x10000 pixels: sides must be 1 to 4096"
    flir = FlirPicture()
    return (
        ("flir-plain.jpg", flir.with_(size=(SIDE, SIDE)).jpeg(), sides),
        ("flir-png.jpg", flir.with_(size=(SIDE, SIDE), png=True).jpeg(), sides),
        ("counts.png", png_header(SIDE, SIDE), sides),
        ("counts.tiff", tiff(COUNTS, t256=SIDE, t257=SIDE), sides),
        ("floats.tiff", tiff(WARM, t256=SIDE, t257=SIDE), sides),
        ("frame.csv", csv_514().replace(b"\n20.00;", b"\n" + b"20.00;" * SIDE), "values"),
    )


def bombs() -> Sequence[Bad]:
    large = png_header(8, 8, bytes(1 << 26))
    inside = FlirPicture(counts=np.zeros((8, 8), np.uint16), png=True)
    real = png(inside.counts)
    return (
        ("counts.png", large, "inflates to more than"),
        ("flir-png.jpg", inside.jpeg().replace(real, large), ""),
        ("counts.tiff", bomb_tiff(), ""),
        ("frame.csv", csv_514() + b"20.00;" * 4_000_000, ""),
    )


NAMES = [f"{kind}-{it[0]}" for kind, all_of in (("header", huge_headers()), ("bomb", bombs())) for it in all_of]


@pytest.mark.parametrize(("name", "content", "said"), [*huge_headers(), *bombs()], ids=NAMES)
def test_a_header_of_100_megapixels_and_a_bomb_are_refused_at_once_and_without_their_memory(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(UnreadableFile, match=f"^{name}: .*{said}"):
        read_thermal(tmp_path / name)

    assert time.process_time() - began < SLOW_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWN_KB


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (png_header(SIDE, SIDE, depth=8), "10000x10000 pixels"),
        (sized_jpeg(SIDE, SIDE), "10000x10000 pixels"),
        (png_header(8, 8, bytes(1 << 26), depth=8), "inflates to more than"),
    ],
    ids=["png", "jpeg", "bomb"],
)
def test_a_picture_of_100_megapixels_and_a_bomb_are_refused_too(content: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read_eight_bit(content)


def test_a_picture_of_the_largest_size_and_of_every_colour_is_answered_within_seconds() -> None:
    """Degrees by colours: 16 million pixels that no palette painted."""
    noise = np.random.default_rng(0).integers(0, 256, (4096, 4096, 3), dtype=np.uint8)
    began = time.process_time()

    with pytest.raises(NoColourBar):
        find_colour_bar(noise)
    with pytest.raises(OtherPalette):
        estimate_temperatures(noise, known_palette("iron"), Scale(0, 100))

    # The picture is 48 MB; a table of its colours, each compared with the palette, would take half a minute.
    assert time.process_time() - began < 15


# --- the wrong byte order ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_png", [False, True], ids=["plain", "png"])
def test_flir_counts_whose_bytes_are_the_wrong_way_round_are_the_same_temperatures(
    tmp_path: Path, *, as_png: bool
) -> None:
    right = FlirPicture(png=as_png)
    wrong = right.with_(counts=right.counts.byteswap()) if not as_png else right.with_(swapped=False)
    for name, picture in (("right.jpg", right), ("wrong.jpg", wrong)):
        (tmp_path / name).write_bytes(picture.jpeg())

    expected, found = (read_thermal(tmp_path / name).celsius for name in ("right.jpg", "wrong.jpg"))

    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("counts.tiff", b"MM" + tiff(COUNTS)[2:]),
        ("counts.tiff", b"II" + tiff(COUNTS, ">")[2:]),
        ("floats.tiff", b"MM" + tiff(WARM)[2:]),
        # The header is right, and the floats are not: 20 degC the wrong way round is 5.9e-41.
        ("floats.tiff", tiff(np.full((24, 32), 415.5, np.float32).byteswap().view(np.float32))),
        # 29315 the wrong way round is 33650: by this scale, 3,265 degC.
        ("counts.png", png(COUNTS.byteswap())),
        ("counts.tiff", tiff(COUNTS.byteswap())),
    ],
)
def test_the_wrong_byte_order_is_refused_where_no_temperature_follows(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    options = ReadOptions(LinearScale(0.1, -100.0)) if COUNTS.max() < 30_000 else ReadOptions()

    with pytest.raises(UnreadableFile, match=f"^{name}: "):
        read_thermal(tmp_path / name, options)


# --- what is no temperature -------------------------------------------------------------------------------------------


def no_temperatures() -> Sequence[Bad]:
    found: list[Bad] = []
    for name, value in (("nan", np.nan), ("plus-infinity", np.inf), ("minus-infinity", -np.inf)):
        found.append((f"{name}.tiff", tiff(with_pixel(value)), ""))
        found.append((f"{name}-packed.tiff", packed_tiff(with_pixel(value), 8), ""))
        found.append((f"{name}.csv", csv_with(str(value)), ""))
        found.append((f"{name}-constant.jpg", flir_with(PLANCK.b, value), ""))
    for name, value in (("too-cold", -100.5), ("too-hot", 2000.5), ("far-too-hot", 1e30)):
        found.append((f"{name}.tiff", tiff(with_pixel(value)), "2000|-100"))
        found.append((f"{name}.csv", csv_with(f"{value:.1f}"), ""))
    # 65535 by 0.1 K a count is 6,280 degC; a count of 0 is 0 K.
    hot, cold = COUNTS.copy(), COUNTS.copy()
    hot[3, 4], cold[3, 4] = 65_535, 0
    found += [("too-hot.png", png(hot), ""), ("too-hot-counts.tiff", tiff(hot), "")]
    found += [("too-cold.png", png(cold), ""), ("too-cold-counts.tiff", tiff(cold), "")]
    # Another constant R1, and the same counts are another 2,000 K.
    found.append(("too-hot.jpg", flir_with(PLANCK.r1, 250.0), ""))
    return found


@pytest.mark.parametrize(("name", "content", "said"), no_temperatures(), ids=[it[0] for it in no_temperatures()])
def test_nan_infinities_and_temperatures_beyond_all_equipment_are_refused_and_never_clipped(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    options = ReadOptions(LinearScale(0.1, -273.15) if "hot" in name else LinearScale(0.01, -273.15))

    with pytest.raises(UnreadableFile, match=f"^{name}: .*({said})"):
        read_thermal(tmp_path / name, options)


@pytest.mark.parametrize("celsius", [-100.0, -67.6, 0.0, 415.0, 2000.0])
def test_the_coldest_and_the_hottest_that_can_be_are_read(tmp_path: Path, celsius: float) -> None:
    (tmp_path / "frame.tiff").write_bytes(tiff(with_pixel(celsius)))
    whole = warm_celsius()
    whole[3, 4] = celsius
    (tmp_path / "frame.csv").write_bytes(csv_514(whole))

    for name in ("frame.tiff", "frame.csv"):
        assert read_thermal(tmp_path / name).celsius[3, 4] == pytest.approx(celsius, abs=1e-3)


# --- files that end too early -----------------------------------------------------------------------------------------


def whole_files() -> Sequence[tuple[str, bytes]]:
    plain = FlirPicture()
    return (
        # What comes after FLIR's segments is the picture, of which nothing is read.
        ("plain.jpg", plain.jpeg()[: 4 + sum(4 + len(it) for it in plain.segment_list()) - 2]),
        ("counts.png", png(COUNTS)),
        ("counts.tiff", tiff(COUNTS)),
        ("packed.tiff", packed_tiff(COUNTS, 5)),
        ("floats.tiff", tiff(WARM, ">")),
        ("frame.csv", csv_514()),
    )


@pytest.mark.parametrize(("name", "content"), whole_files(), ids=[it[0] for it in whole_files()])
def test_a_file_that_is_cut_off_anywhere_is_refused_and_never_filled_up(
    tmp_path: Path, name: str, content: bytes
) -> None:
    place = tmp_path / name
    lengths = [int(share * len(content)) for share in np.linspace(0, 1, 41)[:-1]]

    for length in lengths:
        place.write_bytes(content[:length])
        with pytest.raises(UnreadableFile, match=f"^{name}: "):
            read_thermal(place)


@pytest.mark.parametrize("kind", [".png", ".jpg"])
def test_a_picture_that_is_cut_off_anywhere_may_still_be_written(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    content = cv2.imencode(kind, noise)[1].tobytes()

    for share in np.linspace(0.01, 1, 40)[:-1]:
        with pytest.raises(IncompleteFile):
            read_eight_bit(content[: int(share * len(content))])


# --- what an operator is told -----------------------------------------------------------------------------------------


def test_a_folder_of_bad_files_tells_each_with_its_reason_and_shows_the_good_one(tmp_path: Path) -> None:
    bad = [*huge_headers(), *bombs()[:3], *no_temperatures()[:4]]
    for number, (name, content, _) in enumerate(bad):
        (tmp_path / f"{number:02}-{name}").write_bytes(content)
    (tmp_path / "whole.tiff").write_bytes(tiff(WARM))

    done = canairy("view", str(tmp_path), "--json")

    told = {Path(it["file"]).name: it for it in json_lines(done.stdout)}
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(told) == len(bad) + 1
    assert told.pop("whole.tiff")["max_c"] == 20.0
    assert all(it["error"].startswith(f"{name}: ") for name, it in told.items())
    assert len(done.stderr.splitlines()) == len(bad)
