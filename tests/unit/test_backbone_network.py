"""The checked-in backbone: the file its card describes, held to a plain evaluation."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
import pytest

from canairy.models.card import sha256_of
from training.backbone.network import BLOCKS, build
from training.backbone.plain import run_plain
from training.backbone.runner import GRAPH, Backbone
from training.graph_builder import IR_VERSION, OPSET


@pytest.fixture(scope="module")
def graph() -> onnx.ModelProto:
    return onnx.load_model(GRAPH)


def test_it_is_the_file_that_its_card_describes() -> None:
    card = json.loads(GRAPH.with_name("card.json").read_text())

    assert card["sha256"] == sha256_of(GRAPH)
    assert card["bytes"] == GRAPH.stat().st_size
    assert card["largest_difference_from_torch_in_deviations"] <= 1e-4
    assert "Apache License" in GRAPH.with_name("NOTICE").read_text()


def test_it_is_one_that_older_runtimes_take(graph: onnx.ModelProto) -> None:
    assert graph.ir_version == IR_VERSION
    assert [opset.version for opset in graph.opset_import] == [OPSET]


def test_its_taps_have_the_sizes_that_patchcore_expects() -> None:
    taps = Backbone()(np.zeros((2, 1, 224, 224), np.float32))

    assert [tap.shape for tap in taps] == [(2, 40, 28, 28), (2, 112, 14, 14)]


@pytest.mark.parametrize("size", [32, 96])
def test_a_runtime_gives_what_plain_arithmetic_gives(graph: onnx.ModelProto, size: int) -> None:
    picture = np.random.default_rng(size).random((2, 1, size, size)).astype(np.float32)

    taps, plain = Backbone()(picture), list(run_plain(graph, picture).values())

    for one, other in zip(taps, plain, strict=True):
        assert np.abs(one - other).max() <= 1e-4 * other.std()


def test_three_equal_channels_are_one_grey_channel() -> None:
    weights = _weights(np.random.default_rng(1))
    picture = np.random.default_rng(2).random((1, 1, 32, 32))

    stem = weights["_conv_stem.weight"]
    once = run_plain(build(weights), picture)["block4"]
    weights["_conv_stem.weight"] = (np.repeat(stem.sum(axis=1, keepdims=True), 3, axis=1) / 3).astype(np.float32)
    again = run_plain(build(weights), picture)["block4"]

    assert once.std() > 0
    assert np.allclose(once, again, atol=1e-5 * once.std())


def _weights(generator: np.random.Generator) -> dict[str, np.typing.NDArray[np.float32]]:
    """A network of the right names and shapes, a few channels wide."""
    weights: dict[str, np.typing.NDArray[Any]] = {"_conv_stem.weight": generator.normal(size=(4, 3, 3, 3))}
    weights |= _norm("_bn0", 4)
    for index, block in enumerate(BLOCKS):
        name = f"_blocks.{index}."
        weights[f"{name}_depthwise_conv.weight"] = generator.normal(size=(4, 1, block.kernel, block.kernel))
        weights[f"{name}_project_conv.weight"] = generator.normal(size=(4, 4, 1, 1))
        weights |= _norm(f"{name}_bn1", 4) | _norm(f"{name}_bn2", 4)
    return {name: value.astype(np.float32) for name, value in weights.items()}


def _norm(name: str, width: int) -> dict[str, np.typing.NDArray[Any]]:
    parts = {"running_mean": np.zeros(width), "running_var": np.ones(width)}
    return {
        f"{name}.{part}": value for part, value in {**parts, "weight": np.ones(width), "bias": np.ones(width)}.items()
    }
