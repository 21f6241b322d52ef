"""The served graph: PatchCore as the NumPy reference has it, and nothing scored in silence that is no score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from canairy.errors import ConfigurationError
from canairy.messages.thermogram import KELVIN
from canairy.models.square import squared
from tests.helpers.patchcore import SCALE, SIZE_PX, bushing, random_bank
from training.backbone.runner import GRAPH, Backbone
from training.patchcore.bank import Bank
from training.patchcore.crops import Crop, Scale
from training.patchcore.features import patch_features
from training.patchcore.fit import pictures
from training.patchcore.graph import build_graph
from training.patchcore.reference import Reference
from training.patchcore.served import OUTPUTS, Request, inputs_of
from training.patchcore.window import Window

FEW, MANY = random_bank("few", rows=20, seed=1), random_bank("many", rows=90, seed=2)
CROPS = [squared(bushing(day, cold_part=day % 2 == 1), SIZE_PX) for day in range(6)]
Outputs = dict[str, npt.NDArray[Any]]


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    model = build_graph(onnx.load_model(GRAPH), [FEW, MANY])
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def asked(session: onnxruntime.InferenceSession, requests: Sequence[Request]) -> Outputs:
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), inputs_of(requests)), strict=True))


def requests(bank: int) -> list[Request]:
    return [Request(crop, SCALE, bank) for crop in CROPS]


@pytest.mark.parametrize(("number", "bank"), [(0, FEW), (1, MANY)], ids=["padded", "whole"])
def test_score_and_map_are_those_of_the_reference_whatever_fills_up_the_shorter_bank(
    session: onnxruntime.InferenceSession, number: int, bank: Bank
) -> None:
    backbone = Backbone()
    reference = Reference(bank, lambda picture: backbone(picture.astype(np.float32)))

    told = asked(session, requests(number))

    for index, crop in enumerate(CROPS):
        expected = reference.score(crop, SCALE)
        assert told["score"][index, 0] == pytest.approx(expected.score, rel=1e-4)
        assert told["map"][index] == pytest.approx(expected.map, rel=1e-4)
        assert told["share_outside"][index, 0] == pytest.approx(expected.share_outside, abs=1e-6)


def test_a_batch_of_several_banks_scores_each_crop_as_alone(session: onnxruntime.InferenceSession) -> None:
    mixed = [Request(crop, SCALE, index % 2) for index, crop in enumerate(CROPS)]

    together = asked(session, mixed)

    for index, request in enumerate(mixed):
        alone = asked(session, [request])
        assert together["score"][index] == pytest.approx(alone["score"][0], rel=1e-5)
        assert together["map"][index] == pytest.approx(alone["map"][0], rel=1e-5)


@pytest.mark.parametrize("number", [-1, 2, 2**31 - 1])
def test_a_bank_that_is_not_there_scores_nothing_and_its_neighbour_in_the_batch_as_ever(
    session: onnxruntime.InferenceSession, number: int
) -> None:
    told = asked(session, [Request(CROPS[0], SCALE, number), Request(CROPS[0], SCALE, 1)])

    assert all(np.isnan(told[name][0]).all() for name in OUTPUTS)
    assert told["score"][1] == pytest.approx(asked(session, [Request(CROPS[0], SCALE, 1)])["score"][0], rel=1e-5)


@pytest.mark.parametrize(
    "scale", [replace(SCALE, scale=float("nan")), replace(SCALE, scale=0.0), replace(SCALE, offset=float("inf"))]
)
def test_a_scale_that_is_none_scores_nothing(session: onnxruntime.InferenceSession, scale: Scale) -> None:
    told = asked(session, [Request(CROPS[0], scale, 0)])

    assert np.isnan(told["score"]).all()


def test_a_crop_of_one_temperature_has_a_score_and_one_outside_of_the_window_says_how_much_of_it(
    session: onnxruntime.InferenceSession,
) -> None:
    even = np.full((SIZE_PX, SIZE_PX), 30_000, np.uint16)
    half = even.copy()
    half[: SIZE_PX // 2] = 65_535

    told = asked(session, [Request(even, SCALE, 0), Request(half, SCALE, 0)])

    assert np.isfinite(told["score"]).all()
    assert told["share_outside"][:, 0] == pytest.approx([0, 0.5])


def test_the_window_is_the_banks_own_and_never_stretched(session: onnxruntime.InferenceSession) -> None:
    warmer = [Request((request.counts + 500).astype(np.uint16), SCALE, 0) for request in requests(0)]

    # Five kelvin more are another picture: what is stretched to its own extremes would look the same.
    before, after = asked(session, requests(0)), asked(session, warmer)

    assert (np.abs(before["score"] - after["score"]) > 1e-3).all()


def test_a_training_patch_is_at_no_distance_although_the_product_of_matrices_would_say_otherwise() -> None:
    backbone = Backbone()
    window = Window(KELVIN, KELVIN + 50)

    patches = patch_features(backbone(pictures([Crop(CROPS[0], SCALE)], window, SIZE_PX)))[0]
    bank = Bank("own", np.ascontiguousarray(patches, np.float32), window, SIZE_PX)
    model = build_graph(onnx.load_model(GRAPH), [bank])
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    told = asked(session, [Request(CROPS[0], SCALE, 0)])

    assert told["score"].item() < 1e-3


@pytest.mark.parametrize("side", [SIZE_PX // 2, SIZE_PX + 32])
def test_a_crop_of_another_size_is_an_error_by_the_inputs_name(
    session: onnxruntime.InferenceSession, side: int
) -> None:
    with pytest.raises(InvalidArgument, match="counts"):
        asked(session, [Request(np.zeros((side, side), np.uint16), SCALE, 0)])


def test_banks_of_another_size_or_twice_the_same_are_refused() -> None:
    build = partial(build_graph, onnx.load_model(GRAPH))

    with pytest.raises(ConfigurationError, match="bank many takes crops of 96 px"):
        build([FEW, Bank("many", MANY.rows, MANY.window, 96)])
    with pytest.raises(ConfigurationError, match="two banks with one identifier: few, few"):
        build([FEW, FEW])


def test_a_feature_that_is_not_a_number_is_refused() -> None:
    rows = FEW.rows.copy()
    rows[3, 5] = np.nan

    with pytest.raises(ConfigurationError, match="bank few: a feature is not a number"):
        replace(FEW, rows=rows)
