"""How fast thermal files become temperatures, beside others: flyr for FLIR's, OpenCV for TIFF, pandas for CSV.

    CANAIRY_TEST_DATA=... python -m benchmarks.rjpeg      prints a table; --out FILE writes it as JSON

CPU time of one thread, the best of seven rounds, ours and theirs by turns. Ours is measured `cold`, the table of
temperatures made anew for each file, and `warm`, as a camera that keeps its parameters has it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from benchmarks import rjpeg_peer
from benchmarks.codec import simulated_frame
from canairy.errors import UnreadableFile
from canairy.thermal.csv_514 import PARAMETERS
from canairy.thermal.formats import ReadOptions, read_thermal
from canairy.thermal.frame import LinearScale
from canairy.thermal.planck import Planck
from canairy.thermal.radiometry import ObjectParameters, Radiometry, celsius_table

ROUNDS: Final = 7
# A FLIR AX8's.
TYPICAL: Final = Radiometry(Planck(16951.8, 1435.1, 1.0, -7142, 0.014295))


def best_ms(call: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """CPU milliseconds of one call, the best of the rounds; `before` is not counted."""
    found = []
    for _ in range(ROUNDS):
        before()
        begun = time.process_time()
        call()
        found.append(1000 * (time.process_time() - begun))
    return min(found)


def decodable(folder: Path) -> list[Path]:
    """The radiometric files of the test data."""
    found = []
    for path in sorted(folder.glob("*.jpg")):
        try:
            read_thermal(path)
        except UnreadableFile:
            continue
        found.append(path)
    return found


def rjpegs(folder: Path) -> dict[str, Any]:
    """Milliseconds of each file, ours and flyr's, and how many times ours is faster."""
    paths = decodable(folder)
    theirs = rjpeg_peer.ask("time", paths)
    cold = {path.name: best_ms(partial(read_thermal, path), celsius_table.cache_clear) for path in paths}
    warm = {path.name: best_ms(partial(read_thermal, path)) for path in paths}
    # Theirs a second time, so that a machine that was busy in one half does not decide; the better counts.
    again = rjpeg_peer.ask("time", paths)
    theirs = {name: min(theirs[name], again[name]) for name in theirs}
    faster = {name: theirs[name] / ms for name, ms in cold.items()}
    return {
        "files": len(paths),
        "ours_cold_ms": round(sum(cold.values()), 2),
        "ours_warm_ms": round(sum(warm.values()), 2),
        "flyr_ms": round(sum(theirs.values()), 2),
        "times_faster": round(sum(theirs.values()) / sum(cold.values()), 2),
        "times_faster_median": round(statistics.median(faster.values()), 2),
        "times_faster_worst": round(min(faster.values()), 2),
        "worst_file": min(faster, key=lambda name: faster[name]),
        "files_ms": {name: [round(cold[name], 2), round(theirs[name], 2)] for name in cold},
    }


def lookup() -> dict[str, float]:
    """A frame of 640x512 counts to temperatures, with its table at hand, and the table itself."""
    counts = (simulated_frame() // 3 + 5000).astype(np.uint16)
    parameters = ObjectParameters()
    return {
        "frame_ms": round(best_ms(lambda: TYPICAL.celsius(counts, parameters)), 3),
        "table_ms": round(best_ms(lambda: celsius_table(TYPICAL, parameters), celsius_table.cache_clear), 3),
    }


def others(folder: Path) -> dict[str, list[float]]:
    """Simulated 640x512 frames as TIFF, PNG and CSV: milliseconds of ours, and of OpenCV or pandas."""
    counts = simulated_frame()
    options = ReadOptions(LinearScale(0.01, -273.15))
    found = {}
    for name in ("counts.tif", "counts.png"):
        path = folder / name
        cv2.imwrite(str(path), counts, [cv2.IMWRITE_TIFF_COMPRESSION, 8] if name.endswith("tif") else [])
        bare = best_ms(partial(cv2.imread, str(path), cv2.IMREAD_UNCHANGED))
        found[name] = [round(best_ms(partial(read_thermal, path, options)), 2), round(bare, 2)]
    path = folder / "frame.csv"
    path.write_bytes(_csv(counts.astype(np.float64) / 100 - 273.15))
    found[path.name] = [
        round(best_ms(lambda: read_thermal(path)), 2),
        round(rjpeg_peer.ask("csv", [path])[path.name], 2),
    ]
    return found


def _csv(celsius: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bytes:
    head = "".join(f"{name};{value}\n" for name, value in zip(PARAMETERS, (0.95, 20.0, 5.0, 20.0, 50.0), strict=True))
    return (head + "".join(";".join(f"{it:.2f}" for it in row) + ";\n" for row in celsius)).encode()


def measure() -> dict[str, Any]:
    """All of them; raises PeerMissing and KeyError where there is nothing to compare with."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            "rjpeg": rjpegs(Path(os.environ["CANAIRY_TEST_DATA"]) / "flir-rjpeg"),
            "lookup_640x512": lookup(),
            "others_640x512": others(Path(folder)),
        }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    found = measure()
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for name, (ours, theirs) in found["rjpeg"].pop("files_ms").items():
        print(f"{name:24} {ours:8.2f} ms {theirs:8.2f} ms  {theirs / ours:5.1f} times faster")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
