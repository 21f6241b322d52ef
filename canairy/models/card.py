"""card.json beside a model: what it is, which banks it holds, by which command they were made, how good they are."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from canairy.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT: Final = 1
FILE: Final = "card.json"


@dataclass(frozen=True, slots=True)
class BankCard:
    """One bank: `window` and `threshold` decide; the rest says where it comes from.

    `unit` is "kelvin" or "grey level"; `scale` and `offset_c` are how the files of its crops were read.
    """

    identifier: str
    digest: str
    unit: str
    window: tuple[float, float]
    threshold: float
    rows: int
    crops: int
    patches: int
    scale: float
    offset_c: float
    seed: int
    coreset: float
    command: str
    quality: Mapping[str, float] = field(default_factory=dict)

    @property
    def radiometric(self) -> bool:
        """Whether its crops are temperatures."""
        return self.unit == "kelvin"


@dataclass(frozen=True, slots=True)
class Card:
    """A whole model. `sha256` is of 1/model.onnx; banks are numbered in their order, which is the input `bank`."""

    name: str
    size_px: int
    map_px: int
    sha256: str
    backbone_sha256: str
    banks: tuple[BankCard, ...]
    versions: Mapping[str, str]
    licence: str = "Apache-2.0; backbone: EfficientNet-Lite0, Apache-2.0 (training/backbone/NOTICE)"
    format: int = FORMAT

    def bank(self, identifier: str | None) -> tuple[int, BankCard]:
        """Number and card of a bank; the only one where none is named.

        Raises:
            ConfigurationError: no such bank, or several and none named; the text lists those there are.
        """
        names = [bank.identifier for bank in self.banks]
        if identifier is None and len(names) == 1:
            return 0, self.banks[0]
        if identifier not in names:
            asked = "say which bank with --bank" if identifier is None else f"no bank {identifier!r}"
            raise ConfigurationError(f"model {self.name}: {asked}; there are {', '.join(names)}")
        return names.index(identifier), self.banks[names.index(identifier)]


def write_card(model: Path, card: DataclassInstance) -> None:
    """Write the card of a model folder: of this kind, or of a detector."""
    text = json.dumps(dataclasses.asdict(card), indent=2, ensure_ascii=False, allow_nan=False)
    (model / FILE).write_text(text + "\n", encoding="utf-8")


def read_card(model: Path) -> Card:
    """The card of a model folder, whose graph must be the one that it describes.

    Raises:
        ConfigurationError: no such model, a card that cannot be read, or a graph with another checksum.
    """
    try:
        told = json.loads((model / FILE).read_text(encoding="utf-8"))
        banks = tuple(_bank(bank) for bank in told.pop("banks"))
        card = Card(**told, banks=banks)
    except OSError as error:
        raise ConfigurationError(f"{model}: not a model: {FILE}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigurationError(f"{model / FILE}: not a card of a PatchCore model: {error}") from error
    if card.format != FORMAT:
        raise ConfigurationError(f"{model / FILE}: format {card.format}, this version reads {FORMAT}")
    check_sha256(model / "1/model.onnx", card.sha256)
    return card


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error


def check_sha256(path: Path, wanted: str) -> None:
    """Raise ConfigurationError when a file is not the one with this checksum."""
    if (found := sha256_of(path)) != wanted:
        raise ConfigurationError(f"{path}: its sha256 is {found[:12]}…, the card says {wanted[:12]}…: make it anew")


def _bank(told: Mapping[str, Any]) -> BankCard:
    low, high = told["window"]
    return BankCard(**{**told, "window": (float(low), float(high))})


def summary(banks: Sequence[BankCard]) -> str:
    """The banks of a model in a line."""
    return ", ".join(f"{bank.identifier} ({bank.crops} crops, threshold {bank.threshold:.3f})" for bank in banks)
