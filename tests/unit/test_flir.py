"""FLIR radiometric JPEG, made by hand: every way a camera writes it, and what is refused."""

from __future__ import annotations

import dataclasses
import itertools
import struct
from datetime import UTC, datetime

import numpy as np
import pytest

from canairy.errors import UnreadableFile
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.planck import Planck
from canairy.thermal.radiometry import ObjectParameters
from canairy.thermal.rjpeg import read_rjpeg
from tests.helpers.thermal_files import (
    CAMERA,
    NEAR,
    PLANCK,
    FlirPicture,
    exif,
    jpeg,
    png,
    png_header,
    warm_counts,
)

PLAIN = FlirPicture()


class TestWaysToWrite:
    @pytest.mark.parametrize(
        ("order", "index_order", "as_png", "swapped"),
        list(itertools.product("<>", "<>", (False, True), (False, True))),
    )
    def test_counts_are_the_same_in_every_byte_order(
        self, order: str, index_order: str, as_png: bool, swapped: bool
    ) -> None:
        picture = PLAIN.with_(order=order, index_order=index_order, png=as_png, swapped=swapped)

        frame = read_rjpeg(picture.jpeg())

        assert frame.counts is not None
        assert (frame.counts == warm_counts()).all()
        assert frame.celsius.dtype == np.float32
        assert frame.celsius.max() == pytest.approx(90.0, abs=0.02)

    def test_segments_are_joined_by_their_numbers(self) -> None:
        parts = PLAIN.with_(segments=5).segment_list()

        frame = read_rjpeg(jpeg([parts[it] for it in (3, 0, 4, 2, 1)]))

        assert frame.celsius.max() == pytest.approx(90.0, abs=0.02)

    def test_parameters_camera_and_time_are_the_file_s(self) -> None:
        known = ObjectParameters(0.8, 12.5, 25.0, 30.0, 0.4, 0.92, 35.0)

        frame = read_rjpeg(PLAIN.with_(parameters=known).jpeg())

        assert frame.parameters is not None
        assert frame.parameters.to_json() == pytest.approx(known.to_json(), abs=1e-3)
        assert (frame.camera, frame.kind) == ("FLIR AX8", "flir-rjpeg")
        assert frame.taken_at == datetime(2023, 11, 14, 22, 13, 20, 250_000, tzinfo=UTC)
        assert frame.radiometry is not None
        assert dataclasses.astuple(frame.radiometry.planck) == pytest.approx(dataclasses.astuple(PLANCK), rel=1e-6)

    def test_humidity_in_percent_is_a_share(self) -> None:
        content = bytearray(PLAIN.jpeg())
        at = content.index(struct.pack("<f", NEAR.humidity), content.index(b"FFF\0"))
        content[at : at + 4] = struct.pack("<f", 45.0)

        frame = read_rjpeg(bytes(content))

        assert frame.parameters is not None
        assert frame.parameters.humidity == pytest.approx(0.45)

    def test_what_the_site_knows_better_stands_in_place_of_the_file_s(self) -> None:
        as_filed = read_rjpeg(PLAIN.jpeg())

        frame = read_rjpeg(PLAIN.jpeg(), {"emissivity": 0.7, "distance_m": 9.0})

        assert as_filed.parameters is not None
        assert frame.parameters == dataclasses.replace(as_filed.parameters, emissivity=0.7, distance_m=9.0)
        assert frame.celsius.max() > as_filed.celsius.max() + 10
        assert (as_filed.corrected(frame.parameters) == frame.celsius).all()

    def test_a_file_whose_own_emissivity_cannot_be_is_read_with_the_site_s(self) -> None:
        content = bytearray(PLAIN.jpeg())
        at = content.index(struct.pack("<f", NEAR.emissivity), content.index(b"FFF\0"))
        content[at : at + 4] = struct.pack("<f", 0.0)

        with pytest.raises(UnreadableFile, match=r"emissivity is 0.0: must be 0.01 to 1"):
            read_rjpeg(bytes(content))
        assert read_rjpeg(bytes(content), {"emissivity": 0.95}).celsius.max() == pytest.approx(90.0, abs=0.02)

    def test_an_even_scene_keeps_its_byte_order(self) -> None:
        counts = np.full((24, 32), 0x41FF, np.uint16)
        counts[::2] += 1

        frame = read_rjpeg(PLAIN.with_(counts=counts, png=True).jpeg())

        assert frame.counts is not None
        assert (frame.counts == counts).all()

    def test_neither_place_nor_visible_picture_is_in_what_is_read(self) -> None:
        frame = read_rjpeg(PLAIN.jpeg())

        assert "GPS" not in repr(frame)
        assert {it.name for it in dataclasses.fields(frame)} == {
            "kind", "celsius", "parameters", "radiometry", "counts", "scale", "taken_at", "camera",
        }  # fmt: skip


class TestNotRadiometric:
    def test_an_ordinary_picture_is_refused_with_its_maker_s_name(self) -> None:
        with pytest.raises(UnreadableFile, match="not radiometric: a JPEG of DJI ZH20T without FLIR's radiometric"):
            read_rjpeg(jpeg([], exif(b"DJI", b"ZH20T")))
        with pytest.raises(UnreadableFile, match="not radiometric: a JPEG without FLIR's"):
            read_rjpeg(jpeg([], b"II*\0damaged"))

    def test_what_is_no_jpeg_is_told(self) -> None:
        with pytest.raises(UnreadableFile, match="not a JPEG file: it begins with 89 50"):
            read_rjpeg(png(warm_counts()))

    def test_a_sign_of_o_that_is_not_known_is_not_guessed(self) -> None:
        with pytest.raises(UnreadableFile, match=r"written by ATAU_RBFO.*would be a guess"):
            read_rjpeg(PLAIN.with_(creator=b"ATAU_RBFO", order="<", index_order="<").jpeg())

    def test_a_camera_that_nobody_confirms_is_refused_by_its_name(self) -> None:
        with pytest.raises(UnreadableFile, match=r"ThermaCAM EX320.*no independent reader.*would be a guess"):
            read_rjpeg(PLAIN.with_(model=b"ThermaCAM EX320").jpeg())

    @pytest.mark.parametrize(("kind", "name"), [(0x01, "raw counts"), (0x20, "constants of the camera")])
    def test_a_file_without_one_of_the_records_is_refused(self, kind: int, name: str) -> None:
        content = PLAIN.jpeg().replace(struct.pack(">HHI", kind, 1, 100), struct.pack(">HHI", 0x99, 1, 100))

        with pytest.raises(UnreadableFile, match=f"not radiometric: its FLIR data has no {name}"):
            read_rjpeg(content)


class TestDamaged:
    def test_every_truncation_is_told(self) -> None:
        content = PLAIN.with_(segments=3).jpeg()
        picture = content.index(b"\xff\xda", content.rindex(b"FLIR\0"))

        for length in range(0, picture, 7):
            with pytest.raises(UnreadableFile):
                read_rjpeg(content[:length])
        with pytest.raises(IncompleteFile, match="truncated"):
            read_rjpeg(content[: picture // 2])

    @pytest.mark.parametrize(
        ("order", "told"),
        [((0, 1), "segment 2 of its FLIR data .* is missing"), ((0, 1, 1, 2), "segment 1 of its FLIR data is there")],
    )
    def test_a_segment_that_is_missing_or_there_twice_is_told(self, order: tuple[int, ...], told: str) -> None:
        parts = PLAIN.with_(segments=3).segment_list()

        with pytest.raises(UnreadableFile, match=told):
            read_rjpeg(jpeg([parts[it] for it in order]))

    def test_segments_of_two_pictures_are_told(self) -> None:
        parts = PLAIN.with_(segments=3).segment_list()

        with pytest.raises(UnreadableFile, match="has 3 segments and 1"):
            read_rjpeg(jpeg([*parts, *PLAIN.segment_list()]))

    @pytest.mark.parametrize("png_", [False, True])
    def test_a_header_of_a_hundred_megapixels_is_refused_before_a_pixel_is_made(self, png_: bool) -> None:
        with pytest.raises(UnreadableFile, match="10000x10000 pixels: sides must be 1 to 4096"):
            read_rjpeg(PLAIN.with_(size=(10_000, 10_000), png=png_).jpeg())

    def test_a_png_that_is_larger_than_its_record_says_is_refused(self) -> None:
        picture = PLAIN.with_(png=True, size=(16, 12))

        with pytest.raises(UnreadableFile, match="its PNG has 32x24 pixels, not 16x12"):
            read_rjpeg(picture.jpeg())

    def test_a_bomb_is_refused_by_what_it_inflates_to(self) -> None:
        bomb = png_header(32, 24, bytes(1 << 24))
        content = PLAIN.with_(png=True).jpeg().replace(png(warm_counts().byteswap()), bomb)

        with pytest.raises(UnreadableFile, match="inflates to more than"):
            read_rjpeg(_with_length(content, len(bomb) + 32))

    def test_too_few_counts_are_told(self) -> None:
        with pytest.raises(UnreadableFile, match="1536 bytes of raw counts, 64x64 pixels need 8192"):
            read_rjpeg(PLAIN.with_(size=(64, 64)).jpeg())

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"planck": Planck(1e-9, 1.0, 1.0, 0, 1.0)}, "no possible temperature"),
            ({"atmosphere": (float("nan"), 0, 0, 0, 1)}, "constant at byte 0x70 is nan"),
            ({"atmosphere": (0.0, 0.0, 0.0, 0.0, 5e9)}, "constant x of the atmosphere"),
            # Found by fuzz: possible one by one, and not together.
            ({"atmosphere": (-2.0, 0.0, 0.0, 0.0, 3.0)}, "a transmission of .* no air has that"),
            ({"planck": Planck(16951.8, 300.0, 4.0, -7142, 0.014)}, "above the end of this camera's curve"),
        ],
    )  # fmt: skip
    def test_constants_that_cannot_be_are_told(self, change: dict[str, object], told: str) -> None:
        with pytest.raises(UnreadableFile, match=told):
            read_rjpeg(PLAIN.with_(**change).jpeg())

    def test_a_sky_colder_than_possible_is_told_not_wrapped(self) -> None:
        counts = warm_counts()
        counts[3, 4] = 100

        with pytest.raises(UnreadableFile, match=r"1 of 768 pixels .* first is nan in row 3, column 4"):
            read_rjpeg(PLAIN.with_(counts=counts).jpeg())

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            (b"FFF\0", b"GGG\0", "FLIR data begins with 47 47 47 00"),
            (struct.pack(">III", 100, 64, 4), struct.pack(">III", 7, 64, 4), "version of its FLIR data is 00 00 00 07"),
            (struct.pack(">III", 100, 64, 4), struct.pack(">III", 100, 64, 1 << 20), "1048576 records of FLIR data"),
            (struct.pack(">III", 100, 64, 4), struct.pack(">III", 100, 1 << 31, 4), "listed at byte 2147483648"),
            (struct.pack("<HHH", 2, 32, 24), struct.pack("<HHH", 9, 32, 24), "which tells no byte order"),
        ],
    )
    def test_an_index_that_leads_nowhere_is_told(self, old: bytes, new: bytes, told: str) -> None:
        content = PLAIN.jpeg()
        assert content.count(old) == 1

        with pytest.raises(UnreadableFile, match=told):
            read_rjpeg(content.replace(old, new))


def test_the_hot_spot_is_where_it_was_put() -> None:
    frame = read_rjpeg(PLAIN.jpeg())

    assert divmod(int(frame.celsius.argmax()), 32) == (10, 22)
    assert CAMERA.planck == PLANCK


def _with_length(content: bytes, length: int) -> bytes:
    """The same file, its raw counts said to be `length` bytes, and the segment's length right."""
    fff = content.index(b"FFF\0")
    changed = bytearray(content)
    begin = struct.unpack_from(">I", changed, fff + 64 + 12)[0]
    grown = length - struct.unpack_from(">I", changed, fff + 64 + 16)[0]
    struct.pack_into(">I", changed, fff + 64 + 16, length)
    # The records that follow have moved.
    for entry in range(fff + 96, fff + 192, 32):
        at = struct.unpack_from(">I", changed, entry + 12)[0]
        struct.pack_into(">I", changed, entry + 12, at + grown)
    assert begin == 64 + 4 * 32
    segment = content.index(b"FLIR\0") - 2
    struct.pack_into(">H", changed, segment, struct.unpack_from(">H", changed, segment)[0] + grown)
    return bytes(changed)
