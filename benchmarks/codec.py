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
from collections.abc import Callable
from functools import cache
from importlib import import_module, metadata
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.codec_candidates import CANDIDATES, Coder, Counts
from canairy import codec

Kelvin = npt.NDArray[np.float64]

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
