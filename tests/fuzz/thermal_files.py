"""Fuzz targets of the readers of thermal files: each is understood, or refused as unreadable, and nothing else."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from random import Random
from typing import Final

import cv2
import numpy as np

from canairy.errors import UnreadableFile
from canairy.site.model import Camera
from canairy.thermal.eight_bit import read_eight_bit
from canairy.thermal.flir_beside import read_place, read_visible
from canairy.thermal.formats import ReadOptions, read_thermal_bytes
from canairy.thermal.frame import LinearScale
from services.ingest.beside import MOST_PX, beside
from tests.fuzz.mutation import bytes_mutated, lines_mutated, some
from tests.fuzz.network import HEADERS, answers
from tests.fuzz.sealed import counts, png_mutated, pngs
from tests.fuzz.targets import Check, Target
from tests.helpers.thermal_files import (
    FlirPicture,
    csv_514,
    exif,
    flir_place,
    flir_visible,
    jpeg,
    packed_tiff,
    png,
    png_header,
    tiff,
)

OPTIONS: Final = ReadOptions(LinearScale(0.01, -273.15))
TOKENS: Final = ("nan", "inf", "-1e999", "9" * 400, "Emissivity;0.5", ";" * 640, "0,95", "\0", "1_0", "0x1p3", "é")


def rjpegs() -> Sequence[bytes]:
    plain = FlirPicture()
    bomb = FlirPicture(counts=np.zeros((4096, 1), np.uint16), png=True)
    ways = [plain, plain.with_(png=True), plain.with_(order=">", index_order="<", png=True), plain.with_(segments=4)]
    return [*(it.jpeg() for it in ways), bomb.jpeg(), jpeg([], exif(b"DJI", b"ZH20T"))]


def besides() -> Sequence[bytes]:
    """Small ones: what is fuzzed is cut off at some length."""
    seen = np.dstack([(counts() & 255).astype(np.uint8)] * 3)
    kinds = [cv2.imencode(kind, it)[1].tobytes() for kind in (".png", ".jpg") for it in (seen, seen[..., 0])]
    long = cv2.imencode(".png", np.zeros((1, 4096), np.uint8))[1].tobytes()
    few = np.full((4, 4), 15_000, np.uint16)
    place = flir_place(37.5, 127.25)
    return [FlirPicture(few, place=place, visible=flir_visible(it)).jpeg() for it in (*kinds, long)]


def tiffs() -> Sequence[bytes]:
    pixels = counts()
    celsius = (pixels / 100 - 273.15).astype(np.float32)
    bomb = np.frombuffer(zlib.compress(bytes(1 << 28)).ljust(300_000, b"\0"), np.uint16)[None]
    plain = [tiff(pixels), tiff(pixels, ">"), tiff(celsius), tiff(celsius, ">")]
    packed = [packed_tiff(it, way) for it in (pixels, celsius) for way in (5, 8, 32773)]
    return [*plain, *packed, tiff(bomb, "<", 0, t256=32, t257=24, t259=8, t278=24)]


def linear_pngs() -> Sequence[bytes]:
    return [*pngs(), png(counts()), png_header(4096, 4096, bytes(1 << 24))]


def small_csvs() -> Sequence[bytes]:
    """Short values keep the file below what fuzzing cuts off."""
    flat = np.full((512, 640), 2.0)
    return [csv_514(flat).replace(b"2.00;", b"2;"), csv_514(flat).replace(b"2.00;", b"9;").replace(b"\n", b"\r\n")]


def checked() -> Check:
    """By its begin, as a user's file is; what is understood are temperatures, and the size of its header."""

    def check(content: bytes) -> None:
        frame = read_thermal_bytes(content, OPTIONS)
        assert frame.celsius.dtype == np.float32
        assert frame.celsius.ndim == 2
        assert -100 <= frame.celsius.min() <= frame.celsius.max() <= 2000
        assert frame.counts is None or frame.counts.shape == frame.celsius.shape

    return check


def pictures() -> Sequence[bytes]:
    grey = (counts() & 255).astype(np.uint8)
    some_kinds = [
        cv2.imencode(kind, it)[1].tobytes() for kind in (".png", ".jpg") for it in (grey, np.dstack([grey] * 3))
    ]
    return [*some_kinds, png_header(4096, 4096, bytes(1 << 24), depth=8), jpeg([b"thumbnail" + some_kinds[2]])]


def picture_checked() -> Check:
    def check(content: bytes) -> None:
        pixels = read_eight_bit(content)
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 2 or pixels.shape[2] == 3
        assert max(pixels.shape[:2]) <= 4096

    return check


def beside_checked() -> Check:
    """A picture and a place on earth, or a reason; what can be read is kept, the picture as a small JPEG."""
    keeping = {"id": "a", "source": "folder:a", "privacy": {"keep_visible_image": True, "keep_location": True}}
    camera = Camera.model_validate(keeping | {"views": [{"id": "b"}]})

    def check(content: bytes) -> None:
        seen, place = read_visible(content), read_place(content)
        kept = beside(content, camera)
        assert (bool(kept.visible), kept.location) == (seen is not None, place)
        assert place is None or place.possible
        assert not kept.visible or max(read_eight_bit(kept.visible).shape[:2]) <= MOST_PX

    return check


def length_set(content: bytes, random: Random) -> bytes:
    """A four- or two-byte number somewhere in the first 2,000 bytes becomes another one, in either order."""
    changed = bytearray(content.ljust(5, b"\0"))
    at = random.randrange(max(1, min(len(changed), 2000) - 4))
    form = random.choice(("<I", ">I", "<H", ">H", "<f", ">f"))
    value = random.choice((0, 1, 2, 100, 4096, 4097, 65535)) if form[1] != "f" else random.choice((0.0, -1.0, 1e30))
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


THERMAL_TARGETS: Final = (
    Target("rjpeg", rjpegs, some(bytes_mutated, length_set, length_set), checked, (UnreadableFile,)),
    Target("flir-beside", besides, some(bytes_mutated, length_set, png_mutated), beside_checked, (UnreadableFile,)),
    Target("tiff", tiffs, some(bytes_mutated, length_set, length_set), checked, (UnreadableFile,)),
    Target("thermal-png", linear_pngs, some(bytes_mutated, png_mutated), checked, (UnreadableFile,)),
    Target("8-bit", pictures, some(bytes_mutated, png_mutated, length_set), picture_checked, (UnreadableFile,)),
    Target("hikvision-saved", answers, some(bytes_mutated, lines_mutated(HEADERS)), checked, (UnreadableFile,)),
    Target("csv-514", small_csvs, some(bytes_mutated, lines_mutated(TOKENS)), checked, (UnreadableFile,)),
)
