"""A detector's folder: graph, configuration and card, written as a whole and read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="onnx is not installed: it is in the workshop extra")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: it is in the workshop extra")

from canairy.errors import ConfigurationError
from canairy.models.card import FILE
from canairy.models.detector_card import GRAPH, Card, read_card
from canairy.simulator.yard.pieces import LABELS
from canairy.simulator.yard.scenes import simulate
from training.detector.configuration import configuration
from training.detector.export import write_model
from training.detector.picture import Size
from training.detector.plan import Plan
from training.detector.served import Served
from training.detector.weights import first_weights

PLAN = Plan(frames=10, epochs=1, seed=5, size=Size(160, 128))
COMMAND = "python -m training.detector --out detector"


def _write(model: Path) -> Card:
    return write_model(model, first_weights(len(LABELS), 5), PLAN, COMMAND, held_out=4, torch_version="0")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = _write(tmp_path / "detector")

    card = read_card(tmp_path / "detector")

    assert card == written
    assert (card.labels, card.seed, card.command, card.size) == (LABELS, 5, COMMAND, "160x128")
    assert "simulated" in card.trained_on
    assert "simulated" in card.quality.frames


def test_an_untrained_network_is_measured_to_find_nothing(tmp_path: Path) -> None:
    quality = _write(tmp_path / "detector").quality

    assert quality.count == 4
    assert quality.mean_average_precision == 0
    assert quality.recall == 0


def test_the_folder_is_served_as_triton_would(tmp_path: Path) -> None:
    _write(tmp_path / "detector")
    frame = simulate(0, 0)

    found = Served(tmp_path / "detector").find(frame.counts, frame.scale_k, frame.offset_k)

    assert found.boxes.shape == (len(found.labels), 4)


def test_writing_again_takes_the_old_ones_place_and_leaves_nothing_beside(tmp_path: Path) -> None:
    first = _write(tmp_path / "detector")

    second = _write(tmp_path / "detector")

    assert first.sha256 == second.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["detector"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "detector").mkdir()
    (tmp_path / "detector/letter.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="something else than a model"):
        _write(tmp_path / "detector")

    assert (tmp_path / "detector/letter.txt").read_text(encoding="utf-8") == "mine"


def test_a_graph_that_is_not_the_cards_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "detector")
    with (tmp_path / "detector" / GRAPH).open("ab") as file:
        file.write(b"\0")

    with pytest.raises(ConfigurationError, match="its sha256 is"):
        Served(tmp_path / "detector")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"window_k": [1, 2]}', "not json"])
def test_a_card_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="not a card of a detector"):
        read_card(tmp_path)


def test_a_card_of_another_format_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "detector")
    card = tmp_path / "detector" / FILE
    card.write_text(json.dumps(json.loads(card.read_text(encoding="utf-8")) | {"format": 2}), encoding="utf-8")

    with pytest.raises(ConfigurationError, match="format 2, this version reads 1"):
        read_card(tmp_path / "detector")


def test_no_model_at_all_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a model"):
        read_card(tmp_path / "nowhere")


def test_triton_knows_every_field_of_the_configuration() -> None:
    service_pb2 = pytest.importorskip("tritonclient.grpc.model_config_pb2", reason="tritonclient is not installed")
    text_format = pytest.importorskip("google.protobuf.text_format")

    config = text_format.Parse(configuration("detector", LABELS, "ab12"), service_pb2.ModelConfig())

    assert [list(each.dims) for each in config.input] == [[512, 640], [1], [1]]
    assert config.max_batch_size == 8
    assert config.dynamic_batching.default_queue_policy.max_queue_size == 64
    assert config.parameters["labels"].string_value.split(",") == list(LABELS)
    assert config.parameters["sha256"].string_value == "ab12"
