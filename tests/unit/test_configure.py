"""`python -m training.configure`: configurations of a model that is there, without training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.local.models import PATCHCORE, REPOSITORY
from training.configuration import DEFAULT, GPU, OPENVINO
from training.configure import main


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model as it was before it had configurations for other processors, and with an old one of its own."""
    copy = tmp_path / PATCHCORE
    shutil.copytree(REPOSITORY / PATCHCORE, copy, ignore=shutil.ignore_patterns("configs"))
    (copy / DEFAULT).write_text("max_batch_size: 1", encoding="utf-8")
    return copy


def test_a_models_configurations_are_written_anew_and_its_graph_and_card_stay(model: Path) -> None:
    kept = {name: (model / name).read_bytes() for name in ("card.json", "1/model.onnx")}

    status = main([str(model)])

    assert status == 0
    assert {name: (model / name).read_bytes() for name in kept} == kept
    for place in (DEFAULT, GPU, OPENVINO):
        assert (model / place).read_bytes() == (REPOSITORY / PATCHCORE / place).read_bytes()


@pytest.mark.parametrize(
    ("card", "told"),
    [(None, "card.json cannot be read"), ("[", "card.json cannot be read"), ('{"labels": []}', "not a card")],
)
def test_what_is_no_model_is_named_and_nothing_is_written(
    card: str | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if card is not None:
        (tmp_path / "card.json").write_text(card, encoding="utf-8")

    status = main([str(tmp_path)])

    assert status == 1
    assert told in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.pbtxt"))


def test_no_model_named_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert "name the folders of models" in capsys.readouterr().err
