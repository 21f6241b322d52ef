"""How well PatchCore tells faulty modules, and how long it takes: `python -m benchmarks.patchcore_pv`.

The protocol of benchmarks.patchcore_data, through `canairy train patchcore` and the model that it writes. Labels are
used for the figures only. The sizes stand side by side; the one that does best here was not known beforehand, so its
figure is a little too good. Writes patchcore_pv.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.hotspots import auc
from benchmarks.machine import describe
from benchmarks.patchcore_data import FIT, archive, unpack
from training.patchcore.crops import crop_files, read_crop
from training.patchcore.served import Request, Served

RESULTS: Final = Path(__file__).with_suffix(".md")
SIZES: Final = (224, 160, 128, 96)
RESAMPLES: Final = 1000
TIMED: Final = 40
# What anomalib 2.7.0 reached with the same protocol, backbone, taps, picks and neighbours, on two cores.
PEER_AUROC, PEER_FEATURES_S, PEER_CORESET_S = 0.830, 18.0, 689.0

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Result:
    """One model: scores of the test crops, seconds of the whole command, milliseconds a crop."""

    size_px: int
    told: Mapping[str, Any]
    normal: Numbers
    faulty: Numbers
    seconds: float
    one_ms: float
    eight_ms: float

    @property
    def auroc(self) -> float:
        """Share of (faulty, normal) pairs in the right order."""
        labels = np.repeat([True, False], [len(self.faulty), len(self.normal)])
        return auc(np.concatenate([self.faulty, self.normal]), labels)

    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of the AUROC, normal and faulty crops drawn apart."""
        draw = np.random.default_rng(0).choice
        labels = np.repeat([True, False], [len(self.faulty), len(self.normal)])
        drawn = [
            auc(np.concatenate([draw(self.faulty, len(self.faulty)), draw(self.normal, len(self.normal))]), labels)
            for _ in range(RESAMPLES)
        ]
        low, high = np.percentile(drawn, (2.5, 97.5))
        return float(low), float(high)


def measure(folders: Mapping[str, Path], model: Path, size_px: int) -> Result:
    """Train as a user does, then score the test crops by the model."""
    command = [sys.executable, "-m", "cli.main", "train", "patchcore", "--normal", str(folders["fit"])]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--out", str(model), "--size", str(size_px), "--json"], check=True, stdout=subprocess.PIPE
    )
    seconds = time.monotonic() - started
    served = Served(model)
    normal, faulty = (_requests(folders[part], size_px) for part in ("normal", "faulty"))
    scores = [np.array([served.score([request])[0].score for request in part]) for part in (normal, faulty)]
    timed = [_milliseconds(served, normal, batch) for batch in (1, 8)]
    return Result(size_px, json.loads(done.stdout), scores[0], scores[1], seconds, *timed)


def _requests(folder: Path, size_px: int) -> list[Request]:
    crops = [read_crop(file, 1.0, 0.0) for file in crop_files(folder)]
    return [Request(crop.square(size_px), crop.scale, 0) for crop in crops]


def _milliseconds(served: Served, requests: Sequence[Request], batch: int) -> float:
    took = []
    for _ in range(TIMED // batch):
        start = time.perf_counter()
        served.score(requests[:batch])
        took.append((time.perf_counter() - start) / batch * 1e3)
    return float(np.median(took))


def page(results: Sequence[Result]) -> str:
    """The whole page, Markdown."""
    machine, normal, faulty = describe(), len(results[0].normal), len(results[0].faulty)
    peer = f"| anomalib 2.7.0 at 224 px | 3136 | {PEER_AUROC:.3f} | | {PEER_FEATURES_S + PEER_CORESET_S:.0f} | | | | |"
    heading = f"""# PatchCore on recorded crops

`python -m benchmarks.patchcore_pv` on `pv-modules.zip` (24x40 px, 8-bit): {FIT} normal crops to fit, {normal} normal
and {faulty} faulty ones to test, no labels in the fit. `canairy train patchcore` makes each model (its seconds are all
of it: process, features, threshold, coreset, graph), and the model it wrote scores in ONNX Runtime. Window 0 to 255,
fixed; 9 neighbours; coreset 1 %. {machine["cores"]} cores, {machine["cpu"]}.

| model | rows | AUROC | 95 % interval | train, s | ms a crop, batch 1 | batch 8 | false alarms | faults found |
|---|---|---|---|---|---|---|---|---|"""
    ending = """
The last two columns are by the threshold that the fit found without any fault: shares of the test crops above it. The
row of anomalib was measured on another day, on two cores of the same kind that did nothing else; it is one run, and
sets no threshold. A crop of 24x40 px holds no more detail at 224 px than at 96; which size does best was seen on the
test crops, so take its figure as the upper end.
"""
    return "\n".join([heading, *(_row(result) for result in results), peer, ending])


def _row(result: Result) -> str:
    low, high = result.interval()
    above = [f"{float((part > result.told['threshold']).mean()):.3f}" for part in (result.normal, result.faulty)]
    return (
        f"| canAIry at {result.size_px} px | {result.told['rows']} | {result.auroc:.3f} | {low:.3f} to {high:.3f} "
        f"| {result.seconds:.1f} | {result.one_ms:.1f} | {result.eight_ms:.1f} | {above[0]} | {above[1]} |"
    )


def main() -> None:
    """Measure, print, and write the page; say so and stop where the data is not there."""
    found = archive()
    if found is None:
        print("benchmarks.patchcore_pv: skipped: CANAIRY_TEST_DATA names no folder with pv-modules.zip in it")
        return
    with tempfile.TemporaryDirectory() as place:
        folders = unpack(found, Path(place))
        results = [measure(folders, Path(place) / f"pv{size}", size) for size in SIZES]
    text = page(results)
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
