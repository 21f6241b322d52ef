"""Training: torch and the served graph are one network; runs repeat, go on where they stopped, and learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: it is in the training extra")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: it is in the workshop extra")

from canairy.errors import ConfigurationError  # noqa: E402
from canairy.simulator.yard.pieces import LABELS  # noqa: E402
from canairy.simulator.yard.scenes import simulate  # noqa: E402
from training.detector.graph import build_network  # noqa: E402
from training.detector.network import Detector  # noqa: E402
from training.detector.picture import Size  # noqa: E402
from training.detector.pictures import lesson_of, truth_of  # noqa: E402
from training.detector.plan import Plan  # noqa: E402
from training.detector.train import Training  # noqa: E402
from training.detector.weights import Floats, first_weights  # noqa: E402

# Two threads that wait for each other on a busy machine take many times as long as one.
torch.set_num_threads(1)
SIZE = Size(96, 64)
PLAN = Plan(frames=6, epochs=3, batch=3, seed=4, size=SIZE, warm_up_epochs=1, exact_epochs=1)


def _same(one: dict[str, Floats], other: dict[str, Floats]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_torch_and_onnx_are_one_network() -> None:
    network = Detector(len(LABELS))
    weights = first_weights(len(LABELS), 0)
    generator = np.random.default_rng(0)
    for name in weights:
        if name.endswith((".mean", ".shift", ".variance")):
            weights[name] = generator.uniform(0.5, 1.5, weights[name].shape).astype(np.float32)
    network.fill(weights)
    pictures = generator.random((2, 1, SIZE.height, SIZE.width)).astype(np.float32)
    graph = build_network(weights, len(LABELS), SIZE).SerializeToString()

    with torch.no_grad():
        ours = network.eval()(torch.from_numpy(pictures)).numpy()
    (served,) = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]).run(
        ["raw"], {"picture": pictures}
    )

    assert served == pytest.approx(ours, abs=1e-3)


def test_weights_come_back_as_they_were_given() -> None:
    network = Detector(len(LABELS))
    weights = first_weights(len(LABELS), 3)

    network.fill(weights)

    assert _same(network.weights(), weights)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="is needed for 3 labels"):
        Detector(3).fill(first_weights(2, 0))


def test_the_same_seed_gives_the_same_weights() -> None:
    one, other = Training(PLAN), Training(PLAN)

    losses = [(one.run_epoch(), other.run_epoch()) for _ in range(2)]

    assert all(first == second for first, second in losses)
    assert _same(one.weights(), other.weights())


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole, stopped, resumed = Training(PLAN), Training(PLAN), Training(PLAN)
    for _ in range(3):
        whole.run_epoch()
    stopped.run_epoch()
    stopped.save(tmp_path / "run")

    resumed.load(tmp_path / "run")
    while resumed.epoch < PLAN.epochs:
        resumed.run_epoch()

    assert _same(resumed.weights(), whole.weights())


def test_a_run_of_another_plan_is_refused(tmp_path: Path) -> None:
    Training(PLAN).save(tmp_path / "run")

    with pytest.raises(ConfigurationError, match="of a run with"):
        Training(Plan(frames=6, epochs=4, batch=3, seed=4, size=SIZE)).load(tmp_path / "run")


@pytest.mark.parametrize("content", [b"", b"not a run", b"PK\x03\x04"])
def test_a_damaged_run_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run").write_bytes(content)

    with pytest.raises(ConfigurationError, match="not a run that can go on"):
        Training(PLAN).load(tmp_path / "run")


def test_it_learns() -> None:
    training = Training(Plan(frames=4, epochs=40, batch=4, seed=4, size=SIZE, warm_up_epochs=2, exact_epochs=0))

    losses = [training.run_epoch() for _ in range(40)]

    assert np.mean(losses[-5:]) < 0.8 * losses[0]


def test_weights_that_are_no_numbers_stop_it() -> None:
    training = Training(PLAN)
    with torch.no_grad():
        next(training._network.parameters()).fill_(float("nan"))

    with pytest.raises(ConfigurationError, match="the loss is nan"):
        training.run_epoch()


def test_a_lesson_is_the_frame_in_the_networks_pixels() -> None:
    frame = next(frame for number in range(9) if (frame := simulate(1, number)).seen)
    first = frame.seen[0]

    lesson = lesson_of(frame, Size(320, 256))
    mirrored = lesson.flipped()

    assert lesson.boxes[0] == pytest.approx(
        [
            (first.box.x + first.box.width / 2) / 2,
            (first.box.y + first.box.height / 2) / 2,
            first.box.width / 2,
            first.box.height / 2,
        ]
    )
    assert mirrored.boxes[0, 0] == pytest.approx(320 - lesson.boxes[0, 0])
    assert np.array_equal(mirrored.flipped().picture, lesson.picture)
    assert len(truth_of(frame).labels) == len(lesson.labels)
