"""The served graph: whatever it is given, fixed shapes, the frame's own pixels, and one box a piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("onnx", reason="onnx is not installed: it is in the workshop extra")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: it is in the workshop extra")

from canairy.errors import ConfigurationError, InvalidMessage  # noqa: E402
from canairy.simulator.yard.pieces import LABELS  # noqa: E402
from canairy.simulator.yard.scenes import simulate  # noqa: E402
from training.detector.boxes import LOWEST_SCORE, MOST_BOXES, add_boxes  # noqa: E402
from training.detector.graph import build_graph, build_network  # noqa: E402
from training.detector.grid import cells  # noqa: E402
from training.detector.picture import Size, to_picture  # noqa: E402
from training.detector.served import OUTPUTS, Session, inputs_of  # noqa: E402
from training.detector.weights import Floats, first_weights  # noqa: E402
from training.graph_builder import GraphBuilder, model_of, tensor  # noqa: E402

SIZE = Size(160, 128)
GRID = cells(SIZE.width, SIZE.height)
Arrays = dict[str, npt.NDArray[Any]]


def _weights(seed: int = 0) -> dict[str, Floats]:
    """Untrained, but sure enough of itself to show boxes."""
    weights = first_weights(len(LABELS), seed)
    for name in weights:
        if name.endswith(("_objectness.bias", "_labels.bias")):
            weights[name] += np.float32(4.5)
        if name.endswith(("_objectness.kernel", "_labels.kernel", "_box.kernel")):
            weights[name] *= np.float32(30)
    return weights


@pytest.fixture(scope="module")
def graph() -> bytes:
    return bytes(build_graph(_weights(), LABELS, SIZE).SerializeToString())


def _run(graph: bytes, inputs: Arrays) -> Arrays:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), inputs), strict=True))


def _frames(*numbers: int) -> Arrays:
    frames = [simulate(3, number) for number in numbers]
    return inputs_of([(frame.counts, frame.scale_k, frame.offset_k) for frame in frames])


def _end() -> bytes:
    """Only the graph's end, from raw predictions."""
    builder = GraphBuilder()
    for name, value in (("zero", 0), ("one", 1)):
        builder.constant(name, np.float32(value))
    add_boxes(builder, "raw", "known", GRID, (4.0, 4.0))
    model = model_of(
        builder,
        "end",
        [tensor("raw", np.float32, ["B", len(GRID), 5 + len(LABELS)]), tensor("known", np.bool_, ["B", 1])],
        [
            tensor("boxes", np.float32, ["B", MOST_BOXES, 4]),
            tensor("score", np.float32, ["B", MOST_BOXES]),
            tensor("label", np.int32, ["B", MOST_BOXES]),
        ],
    )
    return bytes(model.SerializeToString())


def _decoded(*cells_: tuple[int, int, float, float]) -> Arrays:
    """What the end makes of (cell, label, objectness and label before the sigmoid, log of the sides) each."""
    raw = np.full((1, len(GRID), 5 + len(LABELS)), -20, np.float32)
    for cell, label, sure, log_side in cells_:
        raw[0, cell, :4] = (0.5, 0.5, log_side, log_side)
        raw[0, cell, 4] = raw[0, cell, 5 + label] = sure
    return _run(_end(), {"raw": raw, "known": np.ones((1, 1), np.bool_)})


def _openvino(folder: Path, graph: bytes, inputs: Arrays) -> Arrays:
    openvino = pytest.importorskip("openvino", reason="openvino is not installed: only this comparison needs it")
    (folder / "model.onnx").write_bytes(graph)
    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = openvino.Core().compile_model(folder / "model.onnx", "CPU", hints)
    answer = compiled(inputs)
    return {name: answer[output] for output in compiled.outputs for name in output.names}


def test_outputs_have_fixed_shapes_and_lie_in_the_frame(graph: bytes) -> None:
    found = _run(graph, _frames(0, 1, 2))

    boxes, score, label = (found[name] for name in OUTPUTS)
    assert (boxes.shape, score.shape, label.shape) == ((3, MOST_BOXES, 4), (3, MOST_BOXES), (3, MOST_BOXES))
    assert [str(found[name].dtype) for name in OUTPUTS] == ["float32", "float32", "int32"]
    assert (label >= 0).any()
    assert (boxes >= 0).all()
    assert (boxes[..., 0] + boxes[..., 2] <= 640.01).all()
    assert (boxes[..., 1] + boxes[..., 3] <= 512.01).all()
    assert (np.diff(score, axis=1) <= 0).all()
    assert (score[label >= 0] > LOWEST_SCORE).all()
    assert not score[label < 0].any()
    assert not boxes[label < 0].any()


def test_a_batch_is_its_frames_one_by_one(graph: bytes) -> None:
    together = _run(graph, _frames(0, 1, 2, 3))
    alone = [_run(graph, _frames(number)) for number in range(4)]

    for name in OUTPUTS:
        assert together[name] == pytest.approx(np.concatenate([each[name] for each in alone]), abs=1e-3)


def test_openvino_agrees_on_what_the_network_sees(tmp_path: Path) -> None:
    network = build_network(_weights(), len(LABELS), SIZE).SerializeToString()
    frame = simulate(3, 0)
    picture = to_picture(frame.counts, frame.scale_k, frame.offset_k, SIZE)[None, None]
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])

    theirs = _openvino(tmp_path, network, {"picture": picture})["raw"]
    (ours,) = session.run(["raw"], {"picture": picture})

    assert theirs == pytest.approx(ours, abs=1e-3)


def test_openvino_agrees_on_which_boxes_stay(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    raw = generator.normal(0, 2, (3, len(GRID), 5 + len(LABELS))).astype(np.float32)
    raw[2, :, 4] = -20  # a frame in which nothing is
    inputs: Arrays = {"raw": raw, "known": np.array([[True], [True], [True]])}

    theirs, ours = _openvino(tmp_path, _end(), inputs), _run(_end(), inputs)

    assert (ours["label"][:2] >= 0).sum() > 50
    assert (ours["label"][2] == -1).all()
    assert np.array_equal(theirs["label"], ours["label"])
    assert theirs["score"] == pytest.approx(ours["score"], abs=1e-5)
    assert theirs["boxes"] == pytest.approx(ours["boxes"], abs=1e-2)


def test_openvino_agrees_from_frame_to_score(graph: bytes, tmp_path: Path) -> None:
    inputs = _frames(0, 1, 2)
    inputs["scale_k"][1] = np.nan

    theirs, ours = _openvino(tmp_path, graph, inputs), _run(graph, inputs)

    # Of an untrained network many scores are nearly the same, so that which box stays is chance; the best is not.
    assert theirs["score"][:, 0] == pytest.approx(ours["score"][:, 0], abs=1e-4, nan_ok=True)
    assert np.array_equal(np.isnan(theirs["boxes"]), np.isnan(ours["boxes"]))


def test_openvino_takes_frames_in_which_nothing_is(tmp_path: Path) -> None:
    empty = build_graph(first_weights(len(LABELS), 0), LABELS, SIZE).SerializeToString()

    found = _openvino(tmp_path, empty, _frames(0, 1))

    assert (found["label"] == -1).all()
    assert not found["score"].any()


@pytest.mark.parametrize("scale", [np.nan, 0.0, -0.01, np.inf, 1e9])
def test_a_scale_that_is_none_is_not_an_empty_frame(graph: bytes, scale: float) -> None:
    inputs = _frames(0, 1)
    sound = _run(graph, inputs)
    inputs["scale_k"][0] = scale

    found = _run(graph, inputs)

    assert np.isnan(found["score"][0]).all()
    assert np.isnan(found["boxes"][0]).all()
    assert (found["label"][0] == -1).all()
    assert found["score"][1] == pytest.approx(sound["score"][1], abs=1e-4)


def test_scale_and_offset_are_all_that_counts_mean(graph: bytes) -> None:
    counts = np.random.default_rng(0).integers(2_000, 3_000, (512, 640)).astype(np.uint16)

    fine = _run(graph, inputs_of([(counts * np.uint16(4), 0.01, 200.0)]))
    coarse = _run(graph, inputs_of([(counts, 0.04, 200.0)]))

    assert fine["score"] == pytest.approx(coarse["score"], abs=1e-3)


@pytest.mark.parametrize("count", [0, 65535])
def test_frames_all_of_one_count_are_looked_at(graph: bytes, count: int) -> None:
    found = _run(graph, inputs_of([(np.full((512, 640), count, np.uint16), 0.01, 0.0)]))

    assert np.isfinite(found["score"]).all()


def test_the_graph_sees_the_picture_that_training_sees() -> None:
    frame = simulate(3, 0)
    network = build_network(_weights(), len(LABELS), SIZE).SerializeToString()
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    picture = to_picture(frame.counts, frame.scale_k, frame.offset_k, SIZE)[None, None]

    (raw,) = session.run(["raw"], {"picture": picture})
    found = Session(build_graph(_weights(), LABELS, SIZE).SerializeToString()).find(frame.counts, frame.scale_k, 0.0)
    shares = 1 / (1 + np.exp(-raw[0]))

    assert found.scores[0] == pytest.approx((shares[:, 4] * shares[:, 5:].max(axis=1)).max(), abs=1e-3)


def test_a_cell_says_centre_and_sides_in_strides() -> None:
    cell = 20 * 3 + 5  # row 3, column 5 of the finest grid: 20 columns of 8 pixels, each 4 pixels of the frame

    found = _decoded((cell, 4, 5.0, np.log(2.0)))

    # Centre at (5.5, 3.5) strides, sides of two strides; a stride is 8 x 4 pixels of the frame.
    assert found["boxes"][0, 0] == pytest.approx([4.5 * 32, 2.5 * 32, 64, 64], abs=0.01)
    assert found["label"][0, :2].tolist() == [4, -1]
    assert found["score"][0, 0] == pytest.approx((1 / (1 + np.exp(-5))) ** 2, abs=1e-5)


def test_states_of_one_piece_are_rivals_and_kinds_are_not() -> None:
    here, beside = 20 * 3 + 5, 20 * 3 + 6
    normal, danger, other_kind = 2, 3, 4

    rivals = _decoded((here, normal, 4.0, 1.5), (beside, danger, 5.0, 1.5))
    kinds = _decoded((here, normal, 4.0, 1.5), (beside, other_kind, 5.0, 1.5))

    assert rivals["label"][0, :2].tolist() == [danger, -1]
    assert kinds["label"][0, :3].tolist() == [other_kind, normal, -1]


def test_boxes_beyond_all_bounds_are_held_in_the_frame() -> None:
    found = _decoded((0, 0, 5.0, 1e6))

    assert found["boxes"][0, 0] == pytest.approx([0, 0, 640, 512])


def test_more_than_a_hundred_are_a_hundred() -> None:
    found = _decoded(*((cell, 0, 5.0, -2.0) for cell in range(200)))

    assert (found["label"] == 0).all()


def test_weights_that_are_not_finite_make_no_graph() -> None:
    weights = _weights()
    weights["head16_box.bias"][0] = np.nan

    with pytest.raises(ConfigurationError, match=r"head16_box\.bias holds numbers that are not finite"):
        build_graph(weights, LABELS, SIZE)


def test_a_session_names_what_it_cannot_take(graph: bytes) -> None:
    session = Session(graph)

    with pytest.raises(InvalidMessage, match="64x32 pixels: the detector takes 640x512"):
        session.find(np.zeros((32, 64), np.uint16), 0.01, 0.0)
    with pytest.raises(InvalidMessage, match="they make no temperatures"):
        session.find(np.zeros((512, 640), np.uint16), 0.0, 0.0)
    with pytest.raises(ConfigurationError, match="ONNX Runtime does not take it"):
        Session(b"no graph")
