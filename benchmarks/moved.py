"""Frames against the reference of their view: `python -m benchmarks.moved`.

Pictures of `$CANAIRY_TEST_DATA/wall-bushing-views`. Each is taken as a reference once and all others are held against
it. A view is a place and a zoom; which pictures show which was sorted by eye, once, and stands in VIEWS: the names of
the files tell the place only. Corners were marked by eye on pictures enlarged nine times: moved_corners.csv.
"""

from __future__ import annotations

import csv
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from canairy.thermal.palette import to_lab
from canairy.thermal.registration import LEAST_AGREEMENT, Reference, Registration
from canairy.thermal.registration_edges import Edges, edges_of

RESULTS: Final = Path(__file__).with_suffix(".md")
CORNERS: Final = Path(__file__).with_name("moved_corners.csv")
FOLDER: Final = "wall-bushing-views"
# What the camera prints into its pictures: x, y, width, height.
OVERLAYS: Final = ((0, 0, 84, 56), (0, 476, 282, 26), (586, 22, 54, 490))
VIEWS: Final = {
    "00z": "00_0__1 00_0__4 00_0__5 02_0__1",
    "01z": "01_0__1 01_0__10 01_0__12 01_0__13 01_0__9",
    "01w": "01_0__2 01_0__3 01_0__4 01_0__8 01_1__1 01_1__2",
    "02w": "02_0__2 02_0__3 02_0__4 02_0__5 02_0__8 02_1__1 02_1__2",
    "04z": "04_0__12 04_0__13 04_1__2",
    "04w": "04_1__1 04_1__3 04_1__4 04_1__5 04_1__6 04_1__7 04_1__8",
    "05w": "05_0__1 05_0__10 05_0__2 05_0__8 05_0__9 05_1__1 05_1__2",
    "05z": "05_0__3 05_0__4 05_0__5 05_0__6 05_0__7",
    "06z": "06_0__1 06_0__10 06_0__2 06_0__8",
    "06w": "06_0__3 06_0__4 06_0__5 06_0__6 06_0__7 06_1__1 06_1__2",
    "07z": "07_0__1 07_0__5 07_0__6 07_0__7 07_0__8",
    "07w": "07_0__2 07_0__3 07_0__4 07_1__1 07_1__2 07_1__3 07_1__4",
    "08w": "08_0__1 08_0__2 08_0__3 08_0__4 08_1__1 08_1__2 08_1__3",
    "09z": "09_0__1 09_0__2 09_0__3 09_0__5 09_1",
    "10z": "10_0__1 10_0__6 10_0__7 10_0__8 10_0__9 10_1__1",
    "10w": "10_0__2 10_0__3 10_0__4 10_0__5 10_1__2 10_1__3 10_1__4",
    "11z": "11_0__1 11_0__6 11_0__7",
    "11w": "11_0__2 11_1__1 11_1__2 11_1__3 11_1__5 11_1__6",
}
VIEW_OF: Final = {f"local_{name}.jpg": view for view, names in VIEWS.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture held against another one as its reference."""

    reference: str
    frame: str
    found: Registration

    @property
    def same(self) -> bool:
        """Whether both show one view."""
        return VIEW_OF[self.reference] == VIEW_OF[self.frame]


@dataclass(frozen=True, slots=True)
class Corner:
    """How far a corner of the reference, moved along, lies from where it was marked; None when not matched."""

    file: str
    still_px: float
    off_px: float | None


def folder() -> Path | None:
    """The pictures, or None."""
    place = Path(os.environ.get("CANAIRY_TEST_DATA", ""), FOLDER)
    return place if place.is_absolute() and place.is_dir() else None


def edges_in(path: Path) -> Edges:
    """Edges of a pseudo-colour picture, what the camera printed into it left out."""
    picture = np.asarray(cv2.imread(str(path)), np.uint8)
    seen = np.ones(picture.shape[:2], bool)
    for x, y, width, height in OVERLAYS:
        seen[y : y + height, x : x + width] = False
    return edges_of(to_lab(picture)[..., 0], seen)


def pairs(edges: dict[str, Edges]) -> list[Pair]:
    """Every picture against every other one as a reference."""
    found = []
    for name, own in edges.items():
        reference = Reference(own)
        found += [Pair(name, other, reference.register(edges[other])) for other in edges if other != name]
    return found


def corners(edges: dict[str, Edges]) -> list[Corner]:
    """The marked corners of each view, carried from its first picture to the others."""
    with CORNERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    views: dict[str, list[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]]] = {}
    for row in rows:
        views.setdefault(row["view"], []).append((row["file"], np.array([[float(row["x"]), float(row["y"])]])))
    found = []
    for (first, start), *others in views.values():
        reference = Reference(edges[first])
        for name, marked in others:
            move = reference.register(edges[name]).move
            off = None if move is None else float(np.linalg.norm(move.moved(start) - marked))
            found.append(Corner(name, float(np.linalg.norm(start - marked)), off))
    return found


@dataclass(frozen=True, slots=True)
class Measured:
    """All pairs, all marked corners, and milliseconds of CPU for one frame against one reference."""

    tried: list[Pair]
    marked: list[Corner]
    pair_ms: float

    def figures(self) -> dict[str, Any]:
        """For benchmarks/results.json; `corners_px` is how far each marked corner was off, moved along, null if not."""
        same, other = ([pair for pair in self.tried if pair.same is wanted] for wanted in (True, False))
        off = [corner.off_px for corner in self.marked]
        return {
            "moved_corner_px": None if None in off else round(max(it for it in off if it is not None), 2),
            "moved": {
                "pairs_of_different_views": len(other),
                "taken_for_the_same": sum(pair.found.move is not None for pair in other),
                "pairs_of_one_view": len(same),
                "matched": sum(pair.found.move is not None for pair in same),
                "frame_ms": round(self.pair_ms, 1),
                "corners_px": [None if px is None else round(px, 2) for px in off],
            },
        }


def report(found: Measured) -> str:
    """The page, Markdown."""
    tried, marked, pair_ms = found.tried, found.marked, found.pair_ms
    same, other = ([pair for pair in tried if pair.same is wanted] for wanted in (True, False))
    matched = [pair for pair in same if pair.found.move is not None]
    wrong = [pair for pair in other if pair.found.move is not None]
    off = [corner.off_px for corner in marked if corner.off_px is not None]
    moves = [pair.found.move.farthest_px for pair in matched if pair.found.move is not None]
    measured = [pair.found.agreement for pair in other if pair.found.agreement > 0]
    rows = [
        ("pairs of different views, taken for the same", f"{len(wrong)} of {len(other)}"),
        (
            f"of them, that passed the search and were stopped by agreement (limit {LEAST_AGREEMENT}); highest",
            f"{len(measured)}; {max(measured, default=0):.2f}",
        ),
        ("pairs of one view, matched", f"{len(matched)} of {len(same)}"),
        ("farthest corner of a matched frame from its reference, median and largest, px", _two(moves)),
        ("marked corners, not matched", f"{len(marked) - len(off)} of {len(marked)}"),
        ("marked corners, left where they were: off by median and largest, px", _two([c.still_px for c in marked])),
        ("marked corners, moved along: off by median and largest, px", _two(off)),
        ("marked corners, moved along: within 3 px", f"{sum(px <= 3 for px in off)} of {len(marked)}"),
        ("one frame against one reference, edges made, one thread, ms", f"{pair_ms:.0f}"),
    ]
    missed = sorted({f"{VIEW_OF[p.reference]}: {_short(p)}" for p in same if p.found.move is None})
    heading = [
        "# Views that moved",
        "",
        f"`python -m benchmarks.moved`: {len(VIEW_OF)} pictures of `{FOLDER}`, {len(VIEWS)} views, each picture held",
        "against each other one, both ways. Limits were chosen with all in view, and corners were marked only on",
        "pictures that match: other scenes may do worse.",
        "",
        "| figure | value |",
        "|---|---|",
    ]
    return "\n".join(
        [*heading, *(f"| {name} | {value} |" for name, value in rows), "", "Not matched:", "", *missed, ""]
    )


def _two(values: list[float]) -> str:
    return f"{np.median(values):.1f}, {max(values):.1f}" if values else "none"


def _short(pair: Pair) -> str:
    names = (name.removeprefix("local_").removesuffix(".jpg") for name in (pair.reference, pair.frame))
    return "{} <- {}".format(*names)


def measure() -> dict[str, Any]:
    """The figures, and the page written; none, with a word why, where the recorded pictures are not there."""
    place = folder()
    if place is None:
        print(f"benchmarks.moved: skipped: CANAIRY_TEST_DATA names no folder with {FOLDER} in it")
        return {}
    cv2.setNumThreads(1)
    edges = {name: edges_in(place / name) for name in VIEW_OF}
    started = time.process_time()
    tried = pairs(edges)
    pair_ms = (time.process_time() - started) * 1000 / len(tried)
    found = Measured(tried, corners(edges), pair_ms)
    RESULTS.write_text(report(found), encoding="utf-8")
    return found.figures()


if __name__ == "__main__":
    if measure():
        print(RESULTS.read_text(encoding="utf-8"))
