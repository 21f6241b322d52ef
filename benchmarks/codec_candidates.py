"""What else the frame codec could have been: each candidate as a pair of functions, imported when its turn comes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy import codec

# The codec's own steps, so that a row differs from the chosen one in what its name says and in nothing else.
from canairy.codec import _accumulated, _differences, _joined, _planes

Counts = npt.NDArray[np.uint16]
Shape = tuple[int, ...]
Encode = Callable[[Counts], bytes]
Decode = Callable[[bytes, Shape], Counts]
Coder = tuple[Encode, Decode | None]
Compress = Callable[[memoryview], bytes]


def _chosen() -> Coder:
    return codec.pack, lambda packed, shape: codec.unpack(packed, *shape)


def _split(compress: Compress, decompress: Callable[[bytes], bytes], *, flat: bool = False) -> Coder:
    """The chosen way with another last step; `flat` predicts a pixel from the one to its left."""

    def encode(counts: Counts) -> bytes:
        return compress(_planes(_differences(counts.reshape(-1, 1) if flat else counts)).data)

    def decode(packed: bytes, shape: Shape) -> Counts:
        planes = np.frombuffer(decompress(packed), np.uint8).reshape(2, *((-1, 1) if flat else shape))
        return _accumulated(_joined(planes)).reshape(shape)

    return encode, decode


def _zstd(level: int, module: str = "backports.zstd", *, flat: bool = False) -> Coder:
    zstd = import_module(module)
    return _split(partial(zstd.compress, level=level), zstd.decompress, flat=flat)


def _zstd_raw() -> Coder:
    zstd = import_module("backports.zstd")
    return lambda counts: zstd.compress(counts.data, 1), lambda packed, shape: _words(zstd.decompress(packed), shape)


def _words(content: bytes, shape: Shape) -> Counts:
    return np.frombuffer(content, np.uint16).reshape(shape)


def _zstd_med() -> Coder:
    # Undoing MED, each pixel waits for the one before it: no numpy way back, so its ratio alone is measured.
    zstd = import_module("backports.zstd")
    return lambda counts: zstd.compress(_planes(_med(counts)).data, 1), None


def _med(counts: Counts) -> Counts:
    """Residuals of the median edge detector of LOCO-I (Weinberger, Seroussi, Sapiro 2000)."""
    padded = np.pad(counts.astype(np.int32), ((1, 0), (1, 0)))
    corner, above, left = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1]
    low, high = np.minimum(above, left), np.maximum(above, left)
    predicted = np.where(corner >= high, low, np.where(corner <= low, high, above + left - corner))
    return (counts - predicted + 128).astype(np.uint16)


def _zlib() -> Coder:
    def compress(content: memoryview) -> bytes:
        stream = zlib.compressobj(1, strategy=zlib.Z_RLE)
        return stream.compress(content) + stream.flush()

    return _split(compress, zlib.decompress)


def _png() -> Coder:
    cv2 = import_module("cv2")
    cv2.setNumThreads(1)
    encode, decode = partial(cv2.imencode, ".png"), partial(cv2.imdecode, flags=cv2.IMREAD_UNCHANGED)
    return lambda counts: encode(counts)[1].tobytes(), lambda packed, _: decode(np.frombuffer(packed, np.uint8))


def _blosc2(filters: Iterable[str], coder: str, level: int, *, difference: bool = False) -> Coder:
    blosc2 = import_module("blosc2")
    steps = [blosc2.Filter[name] for name in filters]
    how = {"codec": blosc2.Codec[coder], "clevel": level, "filters": steps, "filters_meta": [0] * len(steps)}
    encode = partial(blosc2.compress2, **how, typesize=2, nthreads=1)

    def decode(packed: bytes, shape: Shape) -> Counts:
        return _words(blosc2.decompress2(packed, nthreads=1), shape)

    if difference:
        return lambda c: encode(_differences(c)), lambda packed, shape: _accumulated(decode(packed, shape).copy())
    return encode, decode


def _pcodec(level: int) -> Coder:
    pcodec, standalone = import_module("pcodec"), import_module("pcodec.standalone")
    config = pcodec.ChunkConfig(level, pcodec.ModeSpec.classic(), pcodec.DeltaSpec.try_consecutive(1))
    return (
        lambda counts: standalone.simple_compress(counts.ravel(), config),
        lambda packed, shape: standalone.simple_decompress(packed).reshape(shape),
    )


def _imagecodecs(name: str, **options: object) -> Coder:
    codecs = import_module("imagecodecs")
    decode = getattr(codecs, f"{name}_decode")
    return partial(getattr(codecs, f"{name}_encode"), **options), lambda packed, _: decode(packed)


# Name, package, and how to build it: a package is imported only when its turn comes.
CANDIDATES: Final[tuple[tuple[str, str, Callable[[], Coder]], ...]] = (
    ("**canairy.codec**: vertical, planes, zstd 1", "backports.zstd", _chosen),
    ("no prediction, zstd 1", "backports.zstd", _zstd_raw),
    ("vertical, planes, zstd 3", "backports.zstd", partial(_zstd, 3)),
    ("vertical, planes, zstd 9", "backports.zstd", partial(_zstd, 9)),
    ("horizontal, planes, zstd 1", "backports.zstd", partial(_zstd, 1, flat=True)),
    ("MED, planes, zstd 1", "backports.zstd", _zstd_med),
    ("vertical, planes, zstd 1", "zstandard", partial(_zstd, 1, "zstandard")),
    ("vertical, planes, deflate RLE", "python", _zlib),
    ("PNG", "opencv-python-headless", _png),
    ("bitshuffle, lz4 5", "blosc2", partial(_blosc2, ["BITSHUFFLE"], "LZ4", 5)),
    ("bitshuffle, zstd 1", "blosc2", partial(_blosc2, ["BITSHUFFLE"], "ZSTD", 1)),
    ("delta, bitshuffle, zstd 1", "blosc2", partial(_blosc2, ["DELTA", "BITSHUFFLE"], "ZSTD", 1)),
    ("vertical, bitshuffle, lz4 5", "blosc2", partial(_blosc2, ["BITSHUFFLE"], "LZ4", 5, difference=True)),
    ("vertical, shuffle, zstd 1", "blosc2", partial(_blosc2, ["SHUFFLE"], "ZSTD", 1, difference=True)),
    ("first difference, level 4", "pcodec", partial(_pcodec, 4)),
    ("first difference, level 8", "pcodec", partial(_pcodec, 8)),
    ("JPEG-LS", "imagecodecs", partial(_imagecodecs, "jpegls")),
    ("JPEG XL, effort 1", "imagecodecs", partial(_imagecodecs, "jpegxl", lossless=True, effort=1, numthreads=1)),
    ("HTJ2K", "imagecodecs", partial(_imagecodecs, "htj2k")),
    ("LERC", "imagecodecs", partial(_imagecodecs, "lerc", level=0)),
)
