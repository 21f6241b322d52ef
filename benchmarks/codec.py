"""How small and how fast the frame codec is, beside what else could have been chosen.

    python -m benchmarks.codec      prints the table and rewrites benchmarks/codec.md

Times are CPU time, of one thread, so a busy machine disturbs them little. Real frames join in when
CANAIRY_TEST_DATA names the folder that holds them.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
import zlib
from collections.abc import Callable, Iterable
from functools import cache, partial
from importlib import import_module, metadata
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy import codec

# The codec's own steps, so that a row differs from the chosen one in what its name says and in nothing else.
from canairy.codec import _accumulated, _differences, _joined, _planes

Counts = npt.NDArray[np.uint16]
Kelvin = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Encode = Callable[[Counts], bytes]
Decode = Callable[[bytes, Shape], Counts]
Coder = tuple[Encode, Decode | None]
Compress = Callable[[memoryview], bytes]

HEIGHT: Final = 512
WIDTH: Final = 640
SCALE_K: Final = 0.01
NOISE_K: Final = 0.05
ROUNDS: Final = 31
REAL_FRAMES: Final = "substation-radiometric/radiometric"
REAL_STEP: Final = 10
REPORT: Final = Path(__file__).with_suffix(".md")


def simulated_frame(noise_k: float = NOISE_K, seed: int = 0) -> Counts:
    """A simulated bay: uint16 (512, 640), 0.01 K a step from 0 K, gaussian noise of `noise_k` kelvin."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    kelvin = 284.0 + 8.0 * y / HEIGHT + 3.0 * x / WIDTH
    for _ in range(8):
        _add_equipment(kelvin, y, x, rng)
    for _ in range(3):
        _add_hot_spot(kelvin, y, x, rng)
    kelvin += rng.normal(0.0, noise_k, kelvin.shape)
    counts: Counts = np.rint(kelvin / SCALE_K).astype(np.uint16)
    return counts


def _add_equipment(kelvin: Kelvin, y: Kelvin, x: Kelvin, rng: np.random.Generator) -> None:
    """A tank or a bushing: a sharp outline, 3 to 12 K warmer, rounded across its width."""
    centre_y, centre_x = rng.uniform(0.1, 0.9, 2) * (HEIGHT, WIDTH)
    half_height, half_width = rng.uniform(0.05, 0.25, 2) * (HEIGHT, WIDTH)
    across = (x - centre_x) / half_width
    inside = (np.abs(y - centre_y) < half_height) & (np.abs(across) < 1)
    kelvin[inside] += rng.uniform(3, 12) + 2 * np.sqrt(1 - across[inside] ** 2)


def _add_hot_spot(kelvin: Kelvin, y: Kelvin, x: Kelvin, rng: np.random.Generator) -> None:
    centre_y, centre_x = rng.uniform(0.2, 0.8, 2) * (HEIGHT, WIDTH)
    spread = 2 * rng.uniform(4, 12) ** 2
    kelvin += rng.uniform(15, 60) * np.exp(-((y - centre_y) ** 2 + (x - centre_x) ** 2) / spread)


def _real_frames() -> list[Counts]:
    folder = os.environ.get("CANAIRY_TEST_DATA")
    paths = sorted((Path(folder) / REAL_FRAMES).glob("*.png"))[::REAL_STEP] if folder else []
    cv2 = import_module("cv2")
    return [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths]


@cache
def _contents() -> dict[str, list[Counts]]:
    return {
        "simulated": [simulated_frame()],
        "noise-free": [simulated_frame(noise_k=0.0)],
        "random": [np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)],
        "constant": [np.full((HEIGHT, WIDTH), 29315, np.uint16)],
        "real": _real_frames(),
    }


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


def _ratio(coder: Coder, counts: Counts) -> float:
    """Packed size over raw size; raises RuntimeError when the frame does not come back as it was."""
    encode, decode = coder
    packed = encode(counts)
    if decode and not np.array_equal(decode(packed, counts.shape), counts):
        raise RuntimeError("not lossless")
    return len(packed) / counts.nbytes


def _cpu_ms(call: Callable[[], object]) -> tuple[float, float]:
    """CPU milliseconds of one call: the best of the rounds, and their median."""
    ticks = [time.process_time_ns()]
    for _ in range(ROUNDS):
        call()
        ticks.append(time.process_time_ns())
    rounds = [(end - start) / 1e6 for start, end in pairwise(ticks)]
    return min(rounds), statistics.median(rounds)


def measure() -> dict[str, object]:
    """Ratio and CPU milliseconds (the median) of canairy.codec on the simulated frame."""
    counts = simulated_frame()
    packed = codec.pack(counts)
    return {
        "frame": f"simulated, {HEIGHT}x{WIDTH}, {NOISE_K * 1000:.0f} mK noise at {SCALE_K} K a step",
        "ratio": round(len(packed) / counts.nbytes, 4),
        "pack_cpu_ms": round(_cpu_ms(lambda: codec.pack(counts))[1], 2),
        "unpack_cpu_ms": round(_cpu_ms(lambda: codec.unpack(packed, HEIGHT, WIDTH))[1], 2),
    }


def _row(name: str, package: str, build: Callable[[], Coder]) -> str:
    try:
        encode, decode = coder = build()
    except ImportError:
        return f"| {name} | {package} | not installed: skipped |||||||"
    counts = simulated_frame()
    packed = encode(counts)
    ratios = [_ratio_cell(coder, frames) for frames in _contents().values()]
    encoding = _cpu_cell(lambda: encode(counts))
    decoding = _cpu_cell(lambda: decode(packed, counts.shape)) if decode else "not vectorised"
    return f"| {name} | {package} | {' | '.join(ratios)} | {encoding} | {decoding} |"


def _ratio_cell(coder: Coder, frames: list[Counts]) -> str:
    try:
        return f"{statistics.mean(_ratio(coder, frame) for frame in frames):.4f}" if frames else "not run"
    except RuntimeError as error:  # JPEG-LS cannot hold what does not shrink
        return f"failed: {type(error).__name__}"


def _cpu_cell(call: Callable[[], object]) -> str:
    best, median = _cpu_ms(call)
    return f"{best:.2f} / {median:.2f}"


def _about(package: str) -> str:
    try:
        about = metadata.metadata(package).json
    except metadata.PackageNotFoundError:
        return f"{package} (not installed)"
    megabytes = sum(file.size or 0 for file in metadata.files(package) or ()) / 1e6
    licence = about.get("license_expression") or about.get("license")
    return f"{package} {about['version']} ({licence}, {megabytes:.1f} MB)"


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text(encoding="utf-8")) if info.exists() else None
    return found[1] if found else platform.processor()


def report() -> str:
    """The page benchmarks/codec.md: how it was measured, and a row for each candidate."""
    packages = sorted({package for _, package, _ in CANDIDATES} - {"python"} | {"numpy"})
    real = len(_contents()["real"])
    return PAGE.format(
        **measure(),
        rounds=ROUNDS,
        machine=f"{_cpu_model()}, Python {platform.python_version()}",
        packages="; ".join(map(_about, packages)),
        real=f"mean of {real} frames, 288x384 at 0.1 K a step" if real else "not run: CANAIRY_TEST_DATA is not set",
        rows="\n".join(_row(*candidate) for candidate in CANDIDATES),
    )


PAGE: Final = """# The frame codec, measured

Written by `python -m benchmarks.codec`; edit that, not this. Ratios are packed size over raw size (uint16); every
row but MED was unpacked again and compared with what went in. Times are CPU milliseconds for the simulated frame, one
thread, best / median of {rounds}.

**canairy.codec**, {frame}: ratio {ratio}, {pack_cpu_ms} ms to pack, {unpack_cpu_ms} ms to unpack
(medians; header and checksum included). The noise alone (gaussian, sigma 5 counts) has 4.37 bits a pixel: no lossless
codec can go below 0.273.

- Machine: {machine}
- Packages (licence, installed size without dependencies): {packages}
- simulated: smooth gradient, eight pieces of equipment, three hot spots, 50 mK noise at 0.01 K a step;
  noise-free: the same without noise; random: all of 0 to 65535; constant: one count
- real: {real}

| way | package | simulated | noise-free | random | constant | real | encode ms | decode ms |
|---|---|---|---|---|---|---|---|---|
{rows}
"""


if __name__ == "__main__":
    REPORT.write_text(report(), encoding="utf-8")
    print(REPORT.read_text(encoding="utf-8"))
