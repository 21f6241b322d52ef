"""Thermal files made by hand: FLIR's, TIFF and CSV, small and exact, right or wrong on purpose."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from canairy.messages.thermogram import KELVIN
from canairy.thermal.csv_514 import HEIGHT, PARAMETERS, WIDTH
from canairy.thermal.planck import Planck
from canairy.thermal.radiometry import Layer, ObjectParameters, Radiometry

Counts = npt.NDArray[np.uint16]

# A FLIR AX8's.
PLANCK = Planck(16951.8, 1435.1, 1.0, -7142, 0.014295)
CAMERA = Radiometry(PLANCK)
NEAR = ObjectParameters()


def warm_counts(height: int = 24, width: int = 32) -> Counts:
    """A scene of 20 to 60 degC as that camera counts it, with a hot spot of 90 degC at (22, 10)."""
    celsius = 20 + 40 * np.linspace(0, 1, height * width).reshape(height, width)
    if height > 14:
        celsius[10:14, 22:26] = 90
    signals = [CAMERA.signal(float(it), NEAR) for it in celsius.ravel()]
    return np.rint(signals).astype(np.uint16).reshape(height, width)


@dataclass(frozen=True)
class FlirPicture:
    """How a FLIR file is to be made. `order` is that of the records, `index_order` that of the index.

    `png`: the counts as a PNG; `swapped`: its bytes in the camera's order, as FLIR's are. `size` is what the record
    says, (width, height), if not the truth. `segments`: into how many APP1 segments it is cut.
    """

    counts: Counts = field(default_factory=warm_counts)
    planck: Planck = PLANCK
    parameters: ObjectParameters = NEAR
    order: str = "<"
    index_order: str = ">"
    png: bool = False
    swapped: bool = True
    size: tuple[int, int] | None = None
    segments: int = 1
    creator: bytes = b""
    model: bytes = b"FLIR AX8"
    taken: int = 1_700_000_000
    atmosphere: Sequence[float] = (0.006569, 0.01262, -0.002276, -0.00667, 1.9)
    place: bytes = b"GPS: 37.5 N"
    visible: bytes = b"a visible one"

    def with_(self, **changes: object) -> FlirPicture:
        return replace(self, **changes)  # type: ignore[arg-type]

    def jpeg(self) -> bytes:
        """The whole file; its picture is a small black one."""
        return jpeg(self.segment_list())

    def segment_list(self) -> list[bytes]:
        """The bodies of its APP1 segments."""
        whole = self.fff()
        step = -(-len(whole) // self.segments)
        parts = [whole[at : at + step] for at in range(0, len(whole), step)]
        return [b"FLIR\0\x01" + bytes((number, len(parts) - 1)) + part for number, part in enumerate(parts)]

    def fff(self) -> bytes:
        records = [
            (0x01, self.raw_data()),
            (0x20, self.camera_info()),
            (0x2B, self.place),
            (0x0E, self.visible),
        ]
        begin = 64 + 32 * len(records)
        head = b"FFF\0" + self.creator.ljust(16, b"\0") + struct.pack(f"{self.index_order}III", 100, 64, len(records))
        index, bodies = b"", b""
        for kind, body in records:
            entry = struct.pack(f"{self.index_order}HHIIII", kind, 1, 100, 0, begin + len(bodies), len(body))
            index += entry.ljust(32, b"\0")
            bodies += body
        return head.ljust(64, b"\0") + index + bodies

    def raw_data(self) -> bytes:
        height, width = self.counts.shape
        head = struct.pack(f"{self.order}HHH", 2, *(self.size or (width, height))).ljust(32, b"\0")
        if not self.png:
            return head + self.counts.astype(f"{self.order}u2").tobytes()
        return head + png(self.counts.byteswap() if self.swapped else self.counts)

    def camera_info(self) -> bytes:
        body = bytearray(2476)
        known, planck, order = self.parameters, self.planck, self.order
        struct.pack_into(f"{order}H", body, 0, 2)
        places = {
            0x20: known.emissivity, 0x24: known.distance_m, 0x28: known.reflected_c + KELVIN,
            0x2C: known.atmospheric_c + KELVIN, 0x30: known.window_c + KELVIN, 0x34: known.window_transmission,
            0x3C: known.humidity, 0x58: planck.r1, 0x5C: planck.b, 0x60: planck.f, 0x30C: planck.r2,
            **dict(zip((0x70, 0x74, 0x78, 0x7C, 0x80), self.atmosphere, strict=True)),
        }  # fmt: skip
        for at, value in places.items():
            struct.pack_into(f"{order}f", body, at, value)
        struct.pack_into(f"{order}i", body, 0x308, round(planck.o))
        struct.pack_into(f"{order}IIh", body, 0x384, self.taken, 250, -540)
        body[0xD4 : 0xD4 + len(self.model)] = self.model
        return bytes(body)


def flir_place(latitude: float, longitude: float, refs: tuple[bytes, bytes] = (b"N", b"E"), valid: int = 1) -> bytes:
    """The record of where a FLIR picture was taken."""
    return struct.pack("<I4x2s2s4xdd", valid, *refs, latitude, longitude).ljust(184, b"\0")


def flir_visible(content: bytes) -> bytes:
    """The record of a visible picture, PNG or JPEG."""
    return b"\3\0".ljust(32, b"\0") + content


def jpeg(segments: Sequence[bytes], exif: bytes = b"") -> bytes:
    """A small black JPEG with these APP1 segments in front."""
    picture = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    app1 = [*([b"Exif\0\0" + exif] if exif else []), *segments]
    return picture[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(it) + 2) + it for it in app1) + picture[2:]


def png(counts: Counts | npt.NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", counts)[1].tobytes()


def dated(whole: bytes, at: datetime) -> bytes:
    """A PNG with the time that it was taken, as PNG embeds it."""
    body = b"tEXtCreation Time\0" + at.isoformat().encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    header = 8 + 25  # signature and IHDR
    return whole[:header] + chunk + whole[header:]


def png_header(width: int, height: int, body: bytes = b"", depth: int = 16) -> bytes:
    """A grey PNG of any size, with `body` as its image data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def exif(make: bytes, model: bytes) -> bytes:
    """An EXIF block that names who made a picture."""
    entries = [(271, make + b"\0"), (272, model + b"\0")]
    at = 8 + 2 + 12 * len(entries) + 4
    directory, texts = struct.pack("<H", len(entries)), b""
    for tag, text in entries:
        directory += struct.pack("<HHI", tag, 2, len(text))
        # A value of up to four bytes stands in the entry itself.
        directory += text.ljust(4, b"\0") if len(text) <= 4 else struct.pack("<I", at + len(texts))
        texts += text if len(text) > 4 else b""
    return struct.pack("<2sHI", b"II", 42, 8) + directory + struct.pack("<I", 0) + texts


def tiff(pixels: npt.NDArray[np.generic], order: Literal["<", ">"] = "<", next_at: int = 0, **tags: int) -> bytes:
    """A plain TIFF in one strip, in either byte order; `tags` by number, as t258=8, replace what would be right."""
    height, width = pixels.shape
    body = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    kind = 3 if pixels.dtype.kind == "f" else 1
    right = {
        256: width, 257: height, 258: 8 * pixels.dtype.itemsize, 259: 1, 262: 1, 273: 8, 277: 1, 278: height,
        279: len(body), 339: kind,
    }  # fmt: skip
    told = right | {int(name[1:]): value for name, value in tags.items()}
    directory = struct.pack(f"{order}H", len(told))
    for tag, value in sorted(told.items()):
        directory += struct.pack(f"{order}HHII", tag, 4, 1, value)
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(body))
    return head + body + directory + struct.pack(f"{order}I", next_at)


def packed_tiff(pixels: npt.NDArray[np.generic], compression: int) -> bytes:
    return cv2.imencode(".tif", np.asarray(pixels), [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes()


def warm_celsius() -> npt.NDArray[np.float64]:
    """A frame of data set 514, to a hundredth of a degree: 20 to 60 degC, and 415 in one pixel."""
    celsius = 20 + 40 * np.linspace(0, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    celsius[100, 200] = 415.0
    return np.round(celsius, 2)


def csv_514(celsius: npt.NDArray[np.float64] | None = None, end: str = "\n", **parameters: object) -> bytes:
    """A file of data set 514; `parameters` by name replace what would be right."""
    right: dict[str, object] = dict(zip(PARAMETERS, (0.95, 20.0, 5.0, 20.0, 50.0), strict=True))
    lines = [f"{name};{value}" for name, value in (right | parameters).items()]
    rows = warm_celsius() if celsius is None else celsius
    lines += [";".join(f"{it:.2f}" for it in row) + ";" for row in rows]
    return (end.join(lines) + end).encode()


def halved(radiometry: Radiometry, parameters: ObjectParameters) -> tuple[Layer, ...]:
    """The layers as Thermimage and flyr have them: air of half the distance on either side of the window."""
    half = Layer(
        radiometry.transmission(replace(parameters, distance_m=parameters.distance_m / 2)), parameters.atmospheric_c
    )
    window = Layer(parameters.window_transmission, parameters.window_c)
    return half, window, half, Layer(parameters.emissivity, parameters.reflected_c)
