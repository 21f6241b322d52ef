"""How well hot spots are found on real frames, and how long it takes: `python -m benchmarks.hotspots`.

Frames of `$CANAIRY_TEST_DATA/substation-radiometric`, only those named `sub_*`. An unlabelled frame is taken as one
without a hot spot, which is an assumption. Two figures: the AUC of the strongest score, labelled against unlabelled
frames, and the share of labelled boxes whose centre lies in one of a frame's three strongest finds.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from services.detection.hotspots import DEFAULT_RULES, HotSpot, HotSpotRules, find_hotspots

RESULTS = Path(__file__).with_suffix(".md")
STRONGEST = 3
MARGIN_PX = 8  # of 384: a label is a hand-drawn box round a part, a find ends where the heat does
GRID = [
    HotSpotRules(reach=reach, common_percentile=percentile, edge_weight=edge)
    for reach, percentile, edge in product((1 / 6, 1 / 5, 1 / 4), (85.0, 90.0, 95.0), (0.4, 0.5, 0.6))
]
RESAMPLES = 2000
ROUNDS = 200

Celsius = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frame:
    """A thermogram, degC, and the centres (x, y) of its labelled boxes in pixels."""

    name: str
    celsius: Celsius
    centres: tuple[tuple[float, float], ...]

    @property
    def half(self) -> int:
        """0 or 1, by the hash of the name: which half of the frames it belongs to."""
        return hashlib.sha256(self.name.encode()).digest()[0] % 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of each frame: strongest score, Tmax - P95, boxes found and boxes there."""

    score: Numbers
    baseline: Numbers
    found: Numbers
    boxes: Numbers


def frames(folder: Path) -> Iterator[Frame]:
    """The `sub_*` frames of the data set; T(degC) = px / 10 - 100."""
    for row in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        name = str(row["name"])
        if name.startswith("sub_"):
            raw = np.asarray(cv2.imread(str(folder / "radiometric" / f"{name}.png"), cv2.IMREAD_UNCHANGED))
            yield Frame(name, (raw / 10 - 100).astype(np.float32), _centres(folder, name, raw.shape[1], raw.shape[0]))


def _centres(folder: Path, name: str, width: int, height: int) -> tuple[tuple[float, float], ...]:
    path = folder / "labels" / f"{name}.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [[float(number) for number in line.split()] for line in lines]
    return tuple((row[1] * width, row[2] * height) for row in rows)


def holds(spot: HotSpot, centre: tuple[float, float]) -> bool:
    """Whether a centre lies in the find's box, widened by the margin."""
    inside_x = spot.x - MARGIN_PX <= centre[0] <= spot.x + spot.width + MARGIN_PX
    return inside_x and spot.y - MARGIN_PX <= centre[1] <= spot.y + spot.height + MARGIN_PX


def outcome(data: list[Frame], rules: HotSpotRules) -> Outcome:
    """Every frame searched by the same rules."""
    spots = [find_hotspots(frame.celsius, rules=rules) for frame in data]
    found = [
        sum(any(holds(spot, centre) for spot in found[:STRONGEST]) for centre in frame.centres)
        for frame, found in zip(data, spots, strict=True)
    ]
    return Outcome(
        score=np.array([found[0].score if found else 0.0 for found in spots]),
        baseline=np.array([frame.celsius.max() - np.percentile(frame.celsius, 95) for frame in data]),
        found=np.array(found, np.float64),
        boxes=np.array([len(frame.centres) for frame in data], np.float64),
    )


def auc(score: Numbers, labelled: Flags) -> float:
    """Share of (labelled, unlabelled) pairs in the right order, ties half (Mann-Whitney)."""
    higher = score[labelled][:, None] - score[~labelled][None, :]
    return float((np.sign(higher) / 2 + 0.5).mean())


def halves_auc(score: Numbers, labelled: Flags, half: Numbers) -> float:
    """AUC of pairs within a half only: scores of two settings are not compared with each other."""
    parts = [half == side for side in np.unique(half)]
    pairs = [float(labelled[part].sum()) * float((~labelled[part]).sum()) for part in parts]
    return sum(n * auc(score[part], labelled[part]) for n, part in zip(pairs, parts, strict=True)) / sum(pairs)


def crossed(data: list[Frame], half: Numbers) -> tuple[Outcome, list[HotSpotRules]]:
    """Each half scored by the rules of the grid that did best (AUC plus recall) on the other half."""
    tried = [outcome(data, rules) for rules in GRID]
    picks = [max(range(len(GRID)), key=lambda i: _merit(tried[i], half == 1 - side)) for side in (0, 1)]
    first, second = (tried[pick] for pick in picks)
    columns = (np.where(half == 0, getattr(first, name), getattr(second, name)) for name in Outcome.__slots__)
    return Outcome(*columns), [GRID[pick] for pick in picks]


def _merit(result: Outcome, part: Flags) -> float:
    recall = float(result.found[part].sum() / result.boxes[part].sum())
    return auc(result.score[part], result.boxes[part] > 0) + recall


def interval(result: Outcome, half: Numbers, values: str) -> tuple[float, float, float]:
    """A figure and its 95 % bootstrap interval; frames are drawn, labelled and unlabelled apart."""
    generator = np.random.default_rng(0)
    groups = [np.flatnonzero(result.boxes > 0), np.flatnonzero(result.boxes == 0)]
    draws = [np.concatenate([generator.choice(group, len(group)) for group in groups]) for _ in range(RESAMPLES)]
    everything = np.arange(len(half))
    figures = [_figure(result, half, values, draw) for draw in [everything, *draws]]
    low, high = np.percentile(figures[1:], (2.5, 97.5))
    return figures[0], float(low), float(high)


def _figure(result: Outcome, half: Numbers, values: str, draw: npt.NDArray[np.int64]) -> float:
    if values == "recall":
        return float(result.found[draw].sum() / result.boxes[draw].sum())
    return halves_auc(getattr(result, values)[draw], result.boxes[draw] > 0, half[draw])


@cache
def simulated(joints: int) -> Celsius:
    """A fixed camera's frame, (512, 640) float32: 20 degC, 50 mK noise, six warm shapes and some hot joints."""
    generator, (y, x) = np.random.default_rng(7), np.mgrid[:512, :640]
    celsius: Numbers = 20 + y / 400
    for left, top in generator.integers((40, 40), (520, 400), (6, 2)):
        shape = (x >= left) & (x < left + 80) & (y >= top) & (y < top + 100)
        celsius = np.where(shape, 20 + generator.uniform(2, 6), celsius)
    for cx, cy in generator.integers((20, 20), (620, 492), (joints, 2)):
        celsius = celsius + generator.uniform(10, 60) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 50)
    return np.asarray(celsius + generator.normal(0, 0.05, celsius.shape), np.float32)


def cpu_ms(celsius: Celsius) -> float:
    """Median processor time of one search on one thread, ms."""
    cv2.setNumThreads(1)
    took = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        find_hotspots(celsius)
        took.append(time.process_time_ns() - start)
    return float(np.median(took)) / 1e6


def report(data: list[Frame]) -> str:
    """The whole page, Markdown."""
    half = np.array([frame.half for frame in data], np.float64)
    crossing, picked = crossed(data, half)
    shipped, whole = outcome(data, DEFAULT_RULES), np.zeros(len(data))
    rows = [
        ("AUC, rules picked on the other half", interval(crossing, half, "score")),
        ("centre recall, rules picked on the other half", interval(crossing, half, "recall")),
        ("AUC, shipped rules, all frames", interval(shipped, whole, "score")),
        ("AUC, Tmax - P95, all frames", interval(shipped, whole, "baseline")),
        ("centre recall, shipped rules, all frames", interval(shipped, whole, "recall")),
    ]
    table = [f"| {name} | {value:.3f} | {low:.3f} to {high:.3f} |" for name, (value, low, high) in rows]
    return "\n".join([*_heading(data, shipped), *table, "", *_picked(picked), "", *_times(data), ""])


def _heading(data: list[Frame], result: Outcome) -> list[str]:
    labelled, boxes = int((result.boxes > 0).sum()), int(result.boxes.sum())
    return [
        "# Hot spots",
        "",
        f"`python -m benchmarks.hotspots` on {len(data)} `sub_*` frames of `substation-radiometric`: {labelled} with",
        f"{boxes} labelled boxes; the others are taken as normal because nobody labelled them, an assumption.",
        f"Recall: centre of a labelled box in one of the {STRONGEST} strongest finds or within {MARGIN_PX} px of it.",
        "Rules picked (AUC plus recall) on one half of the frames by hash of the name and scored on the other, halves",
        "swapped, pooled. Method and shipped rules were made with all frames in view: unseen frames may",
        "score lower. Intervals: bootstrap over frames, 95 %.",
        "",
        "| figure | value | interval |",
        "|---|---|---|",
    ]


def _picked(rules: list[HotSpotRules]) -> list[str]:
    names = ("reach", "common_percentile", "edge_weight")
    shown = [", ".join(f"{name} {getattr(one, name):.3g}" for name in names) for one in (*rules, DEFAULT_RULES)]
    return [f"Picked for the first half: {shown[0]}; for the second: {shown[1]}. Shipped: {shown[2]}."]


def _times(data: list[Frame]) -> list[str]:
    most = max(data, key=lambda frame: len(find_hotspots(frame.celsius)))
    busy = np.asarray(cv2.resize(most.celsius, (640, 512)), np.float32)
    cases = [("simulated, no joint", simulated(0)), ("simulated, 6 joints", simulated(6)), ("real, fullest", busy)]
    rows = [f"| {name} | {len(find_hotspots(frame))} | {cpu_ms(frame):.2f} |" for name, frame in cases]
    machine = f"{platform.machine()}, numpy {np.__version__}, OpenCV {cv2.__version__}, one thread"
    return [f"| 512x640 frame ({machine}) | finds | CPU-ms |", "|---|---|---|", *rows]


def main() -> None:
    """Measure, print, and write the page; say so and stop where the data is not there."""
    root = os.environ.get("CANAIRY_TEST_DATA", "")
    folder = Path(root) / "substation-radiometric"
    if not root or not (folder / "index.json").exists():
        print("benchmarks.hotspots: skipped: CANAIRY_TEST_DATA names no folder with substation-radiometric in it")
        return
    page = report(list(frames(folder)))
    print(page)
    RESULTS.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
