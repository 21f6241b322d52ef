"""card.json: what it says comes back, and what it cannot vouch for is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from canairy.errors import ConfigurationError
from canairy.models.card import BankCard, Card, read_card, sha256_of, summary, write_card

T1 = BankCard(
    identifier="t1",
    digest="ab" * 32,
    unit="kelvin",
    window=(273.0, 333.25),
    threshold=16.125,
    rows=376,
    crops=120,
    patches=94_080,
    scale=0.01,
    offset_c=-273.15,
    seed=0,
    coreset=0.004,
    command="canairy train patchcore --bank t1",
    quality={"held_out_normals": 120, "held_out_above_threshold": 2},
)
PICTURES = replace(T1, identifier="pictures", unit="grey level", window=(0.0, 255.0), scale=1.0, offset_c=0.0)


def model_with(folder: Path, *banks: BankCard) -> Card:
    """A folder whose graph is a few bytes, and its card."""
    (folder / "1").mkdir(parents=True)
    (folder / "1/model.onnx").write_bytes(b"a graph")
    sha256 = sha256_of(folder / "1/model.onnx")
    card = Card(folder.name, 224, 56, sha256, "cd" * 32, banks, {"numpy": "2.4.6"})
    write_card(folder, card)
    return card


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    card = model_with(tmp_path / "m", T1, PICTURES)

    assert read_card(tmp_path / "m") == card
    assert [bank.radiometric for bank in card.banks] == [True, False]


def test_a_bank_is_found_by_its_identifier_and_numbered_by_its_place(tmp_path: Path) -> None:
    card = model_with(tmp_path / "m", T1, PICTURES)

    assert card.bank("t1") == (0, T1)
    assert card.bank("pictures") == (1, PICTURES)


def test_where_there_is_one_bank_it_need_not_be_named(tmp_path: Path) -> None:
    assert model_with(tmp_path / "m", T1).bank(None) == (0, T1)


@pytest.mark.parametrize(
    ("asked", "told"),
    [(None, "say which bank with --bank; there are t1, pictures"), ("t9", "no bank 't9'; there are t1, pictures")],
)
def test_a_bank_that_is_not_known_is_told_with_those_that_are(tmp_path: Path, asked: str | None, told: str) -> None:
    card = model_with(tmp_path / "m", T1, PICTURES)

    with pytest.raises(ConfigurationError, match=f"model m: {told}"):
        card.bank(asked)


def test_a_graph_of_another_checksum_is_refused(tmp_path: Path) -> None:
    model_with(tmp_path / "m", T1)
    (tmp_path / "m/1/model.onnx").write_bytes(b"another graph")

    with pytest.raises(ConfigurationError, match=r"model\.onnx: its sha256 is .* the card says .* make it anew"):
        read_card(tmp_path / "m")


def test_a_card_without_its_graph_is_refused(tmp_path: Path) -> None:
    model_with(tmp_path / "m", T1)
    (tmp_path / "m/1/model.onnx").unlink()

    with pytest.raises(ConfigurationError, match=r"model\.onnx: No such file"):
        read_card(tmp_path / "m")


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"banks": [{"identifier": "t1"}]}', '{"banks": 3}'])
def test_a_file_that_is_no_card_is_refused_by_its_path(tmp_path: Path, content: str) -> None:
    model_with(tmp_path / "m", T1)
    (tmp_path / "m/card.json").write_text(content)

    with pytest.raises(ConfigurationError, match=r"card\.json: not a card of a PatchCore model"):
        read_card(tmp_path / "m")


def test_a_card_of_a_later_format_is_refused(tmp_path: Path) -> None:
    model_with(tmp_path / "m", T1)
    told = json.loads((tmp_path / "m/card.json").read_text(encoding="utf-8"))
    (tmp_path / "m/card.json").write_text(json.dumps({**told, "format": 2}), encoding="utf-8")

    with pytest.raises(ConfigurationError, match="format 2, this version reads 1"):
        read_card(tmp_path / "m")


def test_a_folder_without_a_card_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"not a model: card\.json: No such file"):
        read_card(tmp_path / "nothing")


def test_a_threshold_that_is_no_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        model_with(tmp_path / "m", replace(T1, threshold=float("nan")))


def test_the_banks_in_a_line() -> None:
    assert summary([T1]) == "t1 (120 crops, threshold 16.125)"
