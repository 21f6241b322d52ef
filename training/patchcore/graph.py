"""One ONNX graph from 16-bit crops to score and map: window, backbone, features, nearest rows, weight, map.

    counts uint16 (B, S, S)   scale_k, offset_k float32 (B, 1)   bank int32 (B, 1)
    score float32 (B, 1)      map float32 (B, S/4, S/4)          share_outside float32 (B, 1)

All banks stand in it as one tensor K x N x D, so crops of different assets share a batch. Where banks differ in size
the shorter ones are filled up with rows that can never be a neighbour: their squared norm is 1e30. A bank that is not
there, or a scale that is no scale, makes every output NaN: nothing is scored in silence.

Numerics: |q - r|^2 = |q|^2 - 2 qr + |r|^2 loses what small distances are made of, so it only ranks; the candidates'
distances are then computed by subtraction. Measured: docs/decisions/0009-patchcore.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx

from training.graph_builder import GraphBuilder, constants_of, model_of, tensor
from training.patchcore.bank import NEIGHBOURS, Bank, nearest_rows, same_kind
from training.patchcore.features import PATCH_PX, WIDTH
from training.patchcore.linear import aggregation, map_side, map_smoothing
from training.patchcore.window import EDGE, Window

CANDIDATES: Final = 4
NEVER_NEAR: Final = np.float32(1e30)
_HIGHEST_SCALE: Final = np.float32(1e3)
_HIGHEST_OFFSET: Final = np.float32(1e5)


@dataclass(frozen=True, slots=True)
class _Shape:
    size: int
    grid: int
    banks: int
    rows: int


def build_graph(backbone: onnx.ModelProto, banks: Sequence[Bank]) -> onnx.ModelProto:
    """The served model with these banks, numbered in their order.

    Raises:
        ConfigurationError: banks of another crop size or width than the first, or one identifier twice.
    """
    same_kind(banks)
    size = banks[0].size_px
    shape = _Shape(size, size // PATCH_PX, len(banks), max(len(bank.rows) for bank in banks))
    graph = GraphBuilder()
    _add_banks(graph, banks, shape)
    which, known = _bank(graph, shape)
    picture, outside = _picture(graph, which)
    queries = _features(graph, _backbone(graph, backbone, picture), shape)
    candidates, squared = _nearest(graph, which, queries, shape)
    nearest = graph.node("ReduceMin", squared, axes=[2], keepdims=0)
    score = _score(graph, queries, candidates, squared, nearest)
    _answer(graph, known, "score", score)
    _answer(graph, known, "map", _map(graph, nearest, shape), axes=2)
    _answer(graph, known, "share_outside", outside)
    return model_of(graph, "patchcore", _inputs(size), _outputs(map_side(size)))


def banks_of(model: onnx.ModelProto, identifiers: Sequence[str], row_counts: Sequence[int], size: int) -> list[Bank]:
    """The banks in a model, without what fills them up."""
    held = constants_of(model)
    return [
        Bank(
            identifier,
            held["banks"][index, :rows],
            Window(float(held["window"][index, 0]), float(held["window"][index, 1])),
            size,
        )
        for index, (identifier, rows) in enumerate(zip(identifiers, row_counts, strict=True))
    ]


def _inputs(size: int) -> list[onnx.ValueInfoProto]:
    return [
        tensor("counts", np.uint16, ["B", size, size]),
        tensor("scale_k", np.float32, ["B", 1]),
        tensor("offset_k", np.float32, ["B", 1]),
        tensor("bank", np.int32, ["B", 1]),
    ]


def _outputs(side: int) -> list[onnx.ValueInfoProto]:
    return [
        tensor("score", np.float32, ["B", 1]),
        tensor("map", np.float32, ["B", side, side]),
        tensor("share_outside", np.float32, ["B", 1]),
    ]


def _add_banks(graph: GraphBuilder, banks: Sequence[Bank], shape: _Shape) -> None:
    rows = np.zeros((shape.banks, shape.rows, WIDTH), np.float32)
    norms = np.full((shape.banks, shape.rows, 1), NEVER_NEAR, np.float32)
    neighbours = np.zeros((shape.banks, shape.rows, NEIGHBOURS), np.int32)
    for index, bank in enumerate(banks):
        count = len(bank.rows)
        rows[index, :count] = bank.rows
        norms[index, :count, 0] = np.square(bank.rows.astype(np.float64)).sum(axis=1)
        neighbours[index, :count] = nearest_rows(bank.rows) + index * shape.rows
    graph.constant("banks", rows)
    graph.constant("norms", norms)
    graph.constant("neighbours", neighbours.reshape(-1, NEIGHBOURS))
    graph.constant("window", np.array([(bank.window.low, bank.window.high) for bank in banks], np.float32))
    flat = graph.constant("flat", np.array([-1, WIDTH], np.int64))
    graph.node("Reshape", "banks", flat, name="all_rows")


def _bank(graph: GraphBuilder, shape: _Shape) -> tuple[str, str]:
    """Which bank, int32 (B,), 0 where there is no such one; and whether the crop's numbers can be used, (B, 1)."""
    checks = [
        graph.node("GreaterOrEqual", "bank", graph.constant("first_bank", np.int32(0))),
        graph.node("Less", "bank", graph.constant("bank_count", np.int32(shape.banks))),
        graph.node("Greater", "scale_k", graph.constant("no_scale", np.float32(0))),
        graph.node("Less", "scale_k", graph.constant("highest_scale", _HIGHEST_SCALE)),
        graph.node("Less", graph.node("Abs", "offset_k"), graph.constant("highest_offset", _HIGHEST_OFFSET)),
    ]
    known = checks[0]
    for check in checks[1:]:
        known = graph.node("And", known, check)
    safe = graph.node("Where", known, "bank", "first_bank")
    return graph.node("Squeeze", safe, graph.constant("last_axis", np.array([1], np.int64))), known


def _picture(graph: GraphBuilder, which: str) -> tuple[str, str]:
    """Counts to 0 (black) .. 1 (white) of the bank's window, (B, 1, S, S), and the share outside of it, (B, 1)."""
    pixels = graph.constant("pixel_axis", np.array([2], np.int64))
    window = graph.node("Gather", "window", which, axis=0)
    low, high = graph.split("Split", window, names=["low", "high"], axis=1)
    span = graph.node("Sub", high, low)
    kelvin = graph.node(
        "Add",
        graph.node("Mul", graph.node("Cast", "counts", to=onnx.TensorProto.FLOAT), _each(graph, "scale_k", pixels)),
        _each(graph, "offset_k", pixels),
    )
    place = graph.node("Div", graph.node("Sub", kelvin, _each(graph, low, pixels)), _each(graph, span, pixels))
    outside = graph.node(
        "Or",
        graph.node("Less", place, graph.constant("edge_low", np.float32(-EDGE))),
        graph.node("Greater", place, graph.constant("edge_high", np.float32(1 + EDGE))),
    )
    share = graph.node("ReduceMean", graph.node("Cast", outside, to=onnx.TensorProto.FLOAT), axes=[2], keepdims=0)
    share = graph.node("ReduceMean", share, axes=[1], keepdims=1)
    grey = graph.node("Clip", place, graph.constant("black", np.float32(0)), graph.constant("white", np.float32(1)))
    return graph.node("Unsqueeze", grey, graph.constant("channel_axis", np.array([1], np.int64))), share


def _each(graph: GraphBuilder, value: str, axis: str) -> str:
    """(B, 1) to (B, 1, 1): one value a crop."""
    return graph.node("Unsqueeze", value, axis)


def _backbone(graph: GraphBuilder, backbone: onnx.ModelProto, picture: str) -> Sequence[str]:
    renamed = onnx.ModelProto()
    renamed.CopyFrom(backbone)
    renamed = onnx.compose.add_prefix(renamed, "backbone/")
    graph.node("Identity", picture, name=renamed.graph.input[0].name)
    graph.include(renamed.graph)
    return [output.name for output in renamed.graph.output]


def _features(graph: GraphBuilder, taps: Sequence[str], shape: _Shape) -> str:
    """Patch features (B, P, D): each tap M X M', as X M' transposed, times M' again, which leaves columns first."""
    aligned = []
    for tap, stride in zip(taps, (PATCH_PX, 2 * PATCH_PX), strict=True):
        matrix = aggregation(shape.size // stride, shape.grid).T.astype(np.float32)
        name = graph.constant(f"aggregation{stride}", matrix)
        rows = graph.node("Transpose", graph.node("MatMul", tap, name), perm=[0, 1, 3, 2])
        aligned.append(graph.node("MatMul", rows, name))
    joined = graph.node("Transpose", graph.node("Concat", *aligned, axis=1), perm=[0, 3, 2, 1])
    patches = graph.constant("patches", np.array([0, shape.grid**2, WIDTH], np.int64))
    return graph.node("Reshape", joined, patches)


def _nearest(graph: GraphBuilder, which: str, queries: str, shape: _Shape) -> tuple[str, str]:
    """The candidates of each patch as rows of all banks, (B, P, k), and their squared distances by subtraction."""
    ranking = _ranking(graph, which, queries)
    count = graph.constant("candidates", np.array([CANDIDATES], np.int64))
    _, found = graph.split("TopK", ranking, count, names=["ranked", "found"], axis=2, largest=0, sorted=0)
    first = graph.node("Mul", which, graph.constant("rows_a_bank", np.int32(shape.rows)))
    first = graph.node("Cast", first, to=onnx.TensorProto.INT64)
    first = graph.node("Unsqueeze", first, graph.constant("two_axes", np.array([1, 2], np.int64)))
    candidates = graph.node("Add", found, first)
    near = graph.node("Gather", "all_rows", candidates, axis=0)
    query = graph.node("Unsqueeze", queries, graph.constant("candidate_axis", np.array([2], np.int64)))
    apart = graph.node("Sub", near, query)
    return candidates, graph.node("ReduceSumSquare", apart, axes=[3], keepdims=0)


def _ranking(graph: GraphBuilder, which: str, queries: str) -> str:
    """|r|^2 - 2 qr of every patch and row, (B, P, N): one product, with |r|^2 as one more column of the bank."""
    bank = graph.node("Concat", *(graph.node("Gather", name, which, axis=0) for name in ("banks", "norms")), axis=2)
    doubled = graph.node("Mul", queries, graph.constant("minus_two", np.float32(-2)))
    column = graph.constant("norm_column", np.array([0, 0, 0, 0, 0, 1], np.int64))
    query = graph.node("Pad", doubled, column, graph.constant("one", np.float32(1)))
    return graph.node("MatMul", query, graph.node("Transpose", bank, perm=[0, 2, 1]))


def _score(graph: GraphBuilder, queries: str, candidates: str, squared: str, nearest: str) -> str:
    """Distance of the farthest patch to its nearest row, times the weight of equation 7, (B, 1)."""
    farthest = graph.node("ArgMax", nearest, axis=1, keepdims=1, select_last_index=0)
    query = graph.node("GatherND", queries, farthest, batch_dims=1)
    distance = graph.node("Sqrt", graph.node("ReduceMax", nearest, axes=[1], keepdims=1))
    best = graph.node("ArgMin", graph.node("GatherND", squared, farthest, batch_dims=1), axis=1, keepdims=1)
    row = graph.node("GatherND", graph.node("GatherND", candidates, farthest, batch_dims=1), best, batch_dims=1)
    around = graph.node("Gather", "neighbours", row, axis=0)
    rows = graph.node("Gather", "all_rows", around, axis=0)
    apart = graph.node("Sub", rows, graph.node("Unsqueeze", query, "last_axis"))
    distances = graph.node("Sqrt", graph.node("ReduceSumSquare", apart, axes=[2], keepdims=0))
    shares = graph.node("Softmax", distances, axis=1)
    own = graph.node("Gather", shares, graph.constant("own", np.array([0], np.int64)), axis=1)
    return graph.node("Mul", distance, graph.node("Sub", graph.constant("one", np.float32(1)), own))


def _map(graph: GraphBuilder, nearest: str, shape: _Shape) -> str:
    """Distances as a picture (B, S/4, S/4): interpolated to the crop's size, smoothed there, averaged."""
    grid = graph.constant("grid", np.array([0, shape.grid, shape.grid], np.int64))
    distances = graph.node("Reshape", graph.node("Sqrt", nearest), grid)
    smoothing = map_smoothing(shape.grid, shape.size).T.astype(np.float32)
    name = graph.constant("smoothing", smoothing)
    rows = graph.node("Transpose", graph.node("MatMul", distances, name), perm=[0, 2, 1])
    return graph.node("Transpose", graph.node("MatMul", rows, name), perm=[0, 2, 1])


def _answer(graph: GraphBuilder, known: str, name: str, value: str, axes: int = 1) -> None:
    """An output: the value where the crop's numbers could be used, NaN elsewhere."""
    if axes == 2:
        known = graph.node("Unsqueeze", known, "pixel_axis")
    graph.node("Where", known, value, graph.constant("not_a_number", np.float32(np.nan)), name=name)
