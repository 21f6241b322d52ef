"""The end of the served graph: raw predictions to at most a hundred boxes, as ONNX nodes.

Decoding as in YOLOX (arXiv 2107.08430): the centre is the cell's corner plus the first two numbers, the sides are e to
the next two, all in strides; the score is objectness times the likeliest label. Then non-maximum suppression within
each kind of equipment: normal and danger of one piece are rivals, for one piece has one state, while a connection in
front of a transformer leaves both. Kinds are kept apart by moving each kind's boxes to a place of its own.

The suppression's own output has as many rows as it likes; scattered into a mask over the candidates it becomes fixed
shapes, which is what lets Triton make batches.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from canairy.models import detector_card
from training.detector.grid import LARGEST_LOG_SIDE
from training.detector.picture import FRAME_HEIGHT, FRAME_WIDTH
from training.graph_builder import GraphBuilder

MOST_BOXES: Final = detector_card.MOST_BOXES
CANDIDATES: Final = 300  # the best cells that suppression looks at
LOWEST_SCORE: Final = 0.05  # what is less sure is noise; services have their own, higher limit
MOST_OVERLAP: Final = 0.5  # intersection over union above which the weaker of two of a kind goes
STATES: Final = 2  # normal, danger
_APART: Final = 8192.0  # pixels between kinds: more than any box is wide, and float32 still knows a thousandth there


def add_boxes(
    graph: GraphBuilder, raw: str, known: str, grid: npt.NDArray[np.float32], enlarged: tuple[float, float]
) -> None:
    """Add the outputs boxes, score and label.

    `raw` (B, A, 5 + labels) are predictions in cells `grid` (A, 3); `known` bool (B, 1); `enlarged` is how many
    pixels of the frame one of the picture is, across and down.
    """
    score, label = _scores(graph, raw)
    count = graph.constant("candidate_count", np.array([min(CANDIDATES, len(grid))], np.int64))
    score, found = graph.split("TopK", score, count, names=["candidate_score", "candidate"], axis=1, sorted=1)
    label = graph.node("GatherElements", label, found, axis=1)
    corners = _corners(graph, raw, found, grid, enlarged)
    kept = _kept(graph, corners, score, label)
    chosen, place = _best(graph, kept, score)
    _answer(graph, chosen, place, corners, label, known)


def _scores(graph: GraphBuilder, raw: str) -> tuple[str, str]:
    """Score float32 (B, A), and label int64 (B, A)."""
    shares = graph.node("Sigmoid", raw)
    objectness = _columns(graph, shares, 4, 5)
    labels = _columns(graph, shares, 5, 1_000_000)
    score = graph.node("Mul", graph.node("ReduceMax", labels, axes=[2], keepdims=0), _without_last(graph, objectness))
    return score, graph.node("ArgMax", labels, axis=2, keepdims=0, select_last_index=0)


def _corners(
    graph: GraphBuilder, raw: str, found: str, grid: npt.NDArray[np.float32], enlarged: tuple[float, float]
) -> str:
    """Left, top, right, bottom of the candidates in pixels of the frame, within it: (B, K, 4)."""
    stride = grid[:, 2:] * np.array([enlarged], np.float32)
    corner = graph.constant("cell_corner", grid[:, :2] * stride)
    strides = graph.constant("cell_stride", stride)
    box = _rows(graph, raw, found)
    corner, strides = (graph.node("Gather", part, found, axis=0) for part in (corner, strides))
    centre = graph.node("Add", graph.node("Mul", _columns(graph, box, 0, 2), strides), corner)
    largest = graph.constant("largest_log_side", np.float32(LARGEST_LOG_SIDE))
    side = graph.node("Mul", graph.node("Exp", graph.node("Min", _columns(graph, box, 2, 4), largest)), strides)
    half = graph.node("Mul", side, graph.constant("half", np.float32(0.5)))
    corners = graph.node("Concat", graph.node("Sub", centre, half), graph.node("Add", centre, half), axis=2)
    frame = graph.constant("frame", np.array([FRAME_WIDTH, FRAME_HEIGHT] * 2, np.float32))
    return graph.node("Max", graph.node("Min", corners, frame), graph.constant("nothing", np.float32(0)))


def _kept(graph: GraphBuilder, corners: str, score: str, label: str) -> str:
    """1 for candidates that no better one of their kind covers, else 0: float32 (B, K)."""
    kind = graph.node("Cast", label, to=TensorProto.INT32)
    kind = graph.node("Div", kind, graph.constant("states", np.int32(STATES)))
    moved = graph.node(
        "Mul", graph.node("Cast", kind, to=TensorProto.FLOAT), graph.constant("apart", np.float32(_APART))
    )
    apart = graph.node("Add", corners, graph.node("Unsqueeze", moved, _axes(graph, 2)))
    selected = graph.node(
        "NonMaxSuppression",
        apart,
        graph.node("Unsqueeze", score, _axes(graph, 1)),
        graph.constant("most_boxes", np.array([MOST_BOXES], np.int64)),
        graph.constant("most_overlap", np.array([MOST_OVERLAP], np.float32)),
        graph.constant("lowest_score", np.array([LOWEST_SCORE], np.float32)),
    )
    places = graph.node("Gather", selected, graph.constant("frame_and_candidate", np.array([0, 2], np.int64)), axis=1)
    first = _columns(graph, places, 0, 1)
    ones = graph.node("Add", graph.node("Mul", graph.node("Cast", first, to=TensorProto.FLOAT), "nothing"), "one")
    none = graph.node("Mul", score, "nothing")
    return graph.node("ScatterND", none, places, _without_last(graph, ones, axis=1))


def _best(graph: GraphBuilder, kept: str, score: str) -> tuple[str, str]:
    """Scores of the boxes that stay, best first, 0 where there are no more; and which candidates they are."""
    graph.constant("most", np.array([MOST_BOXES], np.int64))
    chosen, place = graph.split(
        "TopK", graph.node("Mul", kept, score), "most", names=["chosen_score", "chosen"], axis=1, sorted=1
    )
    return chosen, place


def _answer(graph: GraphBuilder, chosen: str, place: str, corners: str, label: str, known: str) -> None:
    there = graph.node("Greater", chosen, "nothing")
    corners = _rows(graph, corners, place)
    first = _columns(graph, corners, 0, 2)
    boxes = graph.node("Concat", first, graph.node("Sub", _columns(graph, corners, 2, 4), first), axis=2)
    boxes = graph.node("Where", graph.node("Unsqueeze", there, _axes(graph, 2)), boxes, "nothing")
    nan = graph.constant("not_a_number", np.float32(np.nan))
    graph.node("Where", graph.node("Unsqueeze", known, _axes(graph, 2)), boxes, nan, name="boxes")
    graph.node("Where", known, chosen, nan, name="score")
    label = graph.node("GatherElements", label, place, axis=1)
    label = graph.node("Cast", label, to=TensorProto.INT32)
    there = graph.node("And", there, known)
    graph.node("Where", there, label, graph.constant("no_label", np.int32(-1)), name="label")


def _columns(graph: GraphBuilder, value: str, begin: int, end: int) -> str:
    """Part of the last axis."""
    first, last = (graph.constant(f"at{place}", np.array([place], np.int64)) for place in (begin, end))
    return graph.node("Slice", value, first, last, _axes(graph, -1))


def _rows(graph: GraphBuilder, value: str, which: str) -> str:
    """Rows (B, K, C) of (B, A, C) by their numbers (B, K)."""
    return graph.node("GatherND", value, graph.node("Unsqueeze", which, _axes(graph, 2)), batch_dims=1)


def _without_last(graph: GraphBuilder, value: str, axis: int = 2) -> str:
    return graph.node("Squeeze", value, _axes(graph, axis))


def _axes(graph: GraphBuilder, axis: int) -> str:
    return graph.constant(f"axis{axis}", np.array([axis], np.int64))
