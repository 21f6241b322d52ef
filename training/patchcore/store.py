"""A model folder as Triton serves it: MODEL/config.pbtxt, MODEL/configs, MODEL/1/model.onnx, MODEL/card.json."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import onnx

from canairy.errors import ConfigurationError
from canairy.models.card import FILE, BankCard, Card, read_card, sha256_of, write_card
from training.backbone.runner import GRAPH, open_session
from training.patchcore.bank import Bank
from training.patchcore.configuration import configuration_by
from training.patchcore.graph import banks_of, build_graph
from training.patchcore.linear import map_side

MODEL: Final = "1/model.onnx"
_PACKAGES: Final = ("canairy", "numpy", "onnx", "onnxruntime", "opencv-python-headless")


def put_bank(model: Path, bank: Bank, described: BankCard) -> Card:
    """Add a bank to a model, or put it in the place of the one with its identifier; makes the model if need be.

    The other banks keep their numbers, rows and digests. The folder changes as a whole or not at all.

    Raises:
        ConfigurationError: the folder is something else, or its banks take crops of another size.
    """
    banks, cards = _held(model)
    names = [card.identifier for card in cards]
    place = names.index(bank.identifier) if bank.identifier in names else len(names)
    banks[place : place + 1], cards[place : place + 1] = [bank], [described]
    return _write(model, banks, cards)


def read_banks(model: Path, card: Card) -> list[Bank]:
    """The banks of a model, each held to the digest on its card."""
    names, rows = [bank.identifier for bank in card.banks], [bank.rows for bank in card.banks]
    banks = banks_of(onnx.load_model(model / MODEL), names, rows, card.size_px)
    for bank, described in zip(banks, card.banks, strict=True):
        if bank.digest != described.digest:
            raise ConfigurationError(f"{model}: bank {bank.identifier} is not the one that {FILE} describes")
    return banks


def _held(model: Path) -> tuple[list[Bank], list[BankCard]]:
    if not model.exists() or (model.is_dir() and not any(model.iterdir())):
        return [], []
    card = read_card(model)
    return read_banks(model, card), list(card.banks)


def _write(model: Path, banks: Sequence[Bank], cards: Sequence[BankCard]) -> Card:
    graph = build_graph(onnx.load_model(GRAPH), banks)
    with _replacing(model) as folder:
        (folder / "1").mkdir()
        (folder / MODEL).write_bytes(graph.SerializeToString())
        sha256 = sha256_of(folder / MODEL)
        card = Card(
            name=model.name,
            size_px=banks[0].size_px,
            map_px=map_side(banks[0].size_px),
            sha256=sha256,
            backbone_sha256=sha256_of(GRAPH),
            banks=tuple(cards),
            versions={name: version(name) for name in _PACKAGES},
        )
        write_card(folder, card)
        configuration_by(card).write(folder)
        open_session(folder / MODEL)  # what cannot be loaded takes nobody's place
    return card


@contextlib.contextmanager
def _replacing(model: Path) -> Iterator[Path]:
    """A new folder beside `model` that takes its place when all went well."""
    model.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{model.name}.", dir=model.parent))
    try:
        yield folder
        folder.chmod(0o755)
        if model.exists():
            old = folder.with_name(f"{folder.name}.old")
            model.rename(old)
            folder.rename(model)
            shutil.rmtree(old)
        else:
            folder.rename(model)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
