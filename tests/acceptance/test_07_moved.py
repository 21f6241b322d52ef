"""Fixed views over many days: corners are followed, and no other view is taken for one's own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks import moved as figures
from canairy.thermal.registration_edges import Edges


@pytest.fixture(scope="module")
def edges(test_data: Path) -> dict[str, Edges]:
    place = test_data / figures.FOLDER
    return {name: figures.edges_in(place / name) for name in figures.VIEW_OF}


def test_marked_corners_hold_within_three_pixels(edges: dict[str, Edges]) -> None:
    with figures.CORNERS.open(encoding="utf-8", newline="") as file:
        assert len({row["file"] for row in csv.DictReader(file)}) >= 30
    corners = figures.corners(edges)
    off = {corner.file: corner.off_px for corner in corners if corner.off_px is None or corner.off_px > 3}
    assert off == {}
    assert max(corner.still_px for corner in corners) > 30


@pytest.mark.timeout(900)  # 10,100 pairs of 5 ms on one thread: minutes on a busy machine
def test_no_other_view_is_taken_for_the_same_every_pair_tried(edges: dict[str, Edges]) -> None:
    tried = figures.pairs(edges)
    wrong = [(pair.reference, pair.frame) for pair in tried if not pair.same and pair.found.move is not None]
    matched = [pair.found.move is not None for pair in tried if pair.same]
    assert len(tried) == len(edges) * (len(edges) - 1) == 10_100
    assert wrong == []
    assert sum(matched) >= 0.9 * len(matched)
