"""A model folder: banks join it, take each other's place, and what goes wrong leaves it as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from canairy.errors import ConfigurationError
from canairy.models.card import BankCard, read_card, sha256_of, write_card
from tests.helpers.patchcore import random_bank
from training.patchcore.bank import Bank
from training.patchcore.store import MODEL, put_bank, read_banks


def described(bank: Bank, threshold: float = 12.5) -> BankCard:
    """A card of a bank of no crops."""
    return BankCard(
        identifier=bank.identifier,
        digest=bank.digest,
        unit="kelvin",
        window=(bank.window.low, bank.window.high),
        threshold=threshold,
        rows=len(bank.rows),
        crops=24,
        patches=1536,
        scale=0.01,
        offset_c=-273.15,
        seed=0,
        coreset=0.01,
        command="canairy train patchcore",
    )


def put(model: Path, bank: Bank, threshold: float = 12.5) -> None:
    put_bank(model, bank, described(bank, threshold))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_new_model_holds_what_triton_needs_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    bank = random_bank("t1")

    put(tmp_path / "models/bushings", bank)

    places = (MODEL, "card.json", "config.pbtxt", "configs/gpu.pbtxt", "configs/openvino.pbtxt")
    assert sorted(contents(tmp_path)) == [f"models/bushings/{it}" for it in places]
    assert 'name: "bushings"' in (tmp_path / "models/bushings/config.pbtxt").read_text(encoding="utf-8")
    card = read_card(tmp_path / "models/bushings")
    assert (card.name, card.size_px, card.map_px, card.banks) == ("bushings", 64, 16, (described(bank),))


def test_banks_come_back_from_the_graph_as_they_were_put_whatever_fills_up_the_shorter(tmp_path: Path) -> None:
    banks = [random_bank("few", rows=20, seed=1), random_bank("many", rows=90, seed=2)]

    for bank in banks:
        put(tmp_path / "m", bank)

    found = read_banks(tmp_path / "m", read_card(tmp_path / "m"))
    assert [bank.identifier for bank in found] == ["few", "many"]
    assert [bank.digest for bank in found] == [bank.digest for bank in banks]
    assert all(np.array_equal(one.rows, other.rows) for one, other in zip(found, banks, strict=True))


def test_a_bank_made_anew_takes_its_own_place_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        put(tmp_path / "m", random_bank(name))
    before = read_card(tmp_path / "m")

    put(tmp_path / "m", random_bank("b", rows=33, seed=9), threshold=7.0)

    after = read_card(tmp_path / "m")
    assert [bank.identifier for bank in after.banks] == ["a", "b", "c"]
    assert (after.banks[0], after.banks[2]) == (before.banks[0], before.banks[2])
    assert (after.banks[1].rows, after.banks[1].threshold) == (33, 7.0)
    assert after.sha256 != before.sha256


def test_what_cannot_join_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    bank = random_bank("a")
    put(tmp_path / "m", bank)
    before = contents(tmp_path)

    with pytest.raises(ConfigurationError, match="bank b takes crops of 96 px"):
        put(tmp_path / "m", Bank("b", bank.rows, bank.window, 96))

    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/holiday.txt").write_text("mine")

    with pytest.raises(ConfigurationError, match=r"photos: not a model: card\.json"):
        put(tmp_path / "photos", random_bank())

    assert contents(tmp_path) == {"photos/holiday.txt": b"mine"}


def test_an_empty_folder_becomes_a_model(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()

    put(tmp_path / "m", random_bank())

    assert read_card(tmp_path / "m").banks[0].identifier == "one"


def test_a_bank_that_its_card_does_not_describe_is_refused_by_name(tmp_path: Path) -> None:
    put(tmp_path / "m", random_bank("a"))
    card = read_card(tmp_path / "m")

    other = replace(card, banks=(replace(card.banks[0], digest="0" * 64),))

    with pytest.raises(ConfigurationError, match=r"bank a is not the one that card\.json describes"):
        read_banks(tmp_path / "m", other)


def test_a_bank_in_a_graph_with_a_weight_that_is_no_number_is_refused_although_the_checksum_is_the_cards(
    tmp_path: Path,
) -> None:
    put(tmp_path / "m", random_bank("a"))
    card = read_card(tmp_path / "m")
    graph = onnx.load_model(tmp_path / "m" / MODEL)
    (held,) = (tensor for tensor in graph.graph.initializer if tensor.name == "banks")
    rows = numpy_helper.to_array(held).copy()
    rows[0, 3, 5] = np.nan
    held.CopyFrom(numpy_helper.from_array(rows, "banks"))
    onnx.save_model(graph, tmp_path / "m" / MODEL)
    write_card(tmp_path / "m", replace(card, sha256=sha256_of(tmp_path / "m" / MODEL)))

    with pytest.raises(ConfigurationError, match="bank a: a feature is not a number"):
        put(tmp_path / "m", random_bank("b"))
