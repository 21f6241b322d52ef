"""A memory bank: the patch features of one asset's normal crops, and all that scoring by them needs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from canairy.errors import ConfigurationError
from training.patchcore.window import Window

Rows = npt.NDArray[np.float32]

NEIGHBOURS: Final = 9  # b of equation 7, with the nearest itself; anomalib's default
# So that candidates and neighbours are always rows of the bank, never what fills it up beside a larger one.
FEWEST_ROWS: Final = 16
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """`rows` float32 (N, D) of normal patches, for crops of `size_px` seen through `window`.

    Raises:
        ConfigurationError: no identifier, too few rows, or a feature that is not a number.
    """

    identifier: str
    rows: Rows
    window: Window
    size_px: int

    def __post_init__(self) -> None:
        if not _IDENTIFIER.fullmatch(self.identifier):
            raise ConfigurationError(
                f"bank {self.identifier!r}: use up to 64 letters, digits, dots, dashes, underscores"
            )
        if len(self.rows) < FEWEST_ROWS:
            raise ConfigurationError(
                f"bank {self.identifier}: {len(self.rows)} rows, at least {FEWEST_ROWS} are needed"
            )
        if not np.isfinite(self.rows).all():
            raise ConfigurationError(f"bank {self.identifier}: a feature is not a number; make the bank anew")

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of what decides its scores: size, window as the graph holds it, and rows, little-endian."""
        low, high = (float(np.float32(end)) for end in (self.window.low, self.window.high))
        described = f"{self.size_px} {low!r} {high!r} {self.rows.shape}"
        return hashlib.sha256(described.encode() + self.rows.astype("<f4").tobytes()).hexdigest()


def nearest_rows(rows: Rows, count: int = NEIGHBOURS) -> npt.NDArray[np.int32]:
    """Of each row the `count` nearest of the same bank, itself first, (N, count); ties to the lower row."""
    wide = rows.astype(np.float64)
    norms = np.einsum("ij,ij->i", wide, wide)
    nearest = np.empty((len(rows), count), np.int32)
    for begin in range(0, len(rows), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        squared = norms[block, None] + norms[None, :] - 2 * wide[block] @ wide.T
        own = np.arange(begin, begin + len(squared))
        squared[np.arange(len(squared)), own] = -1.0
        nearest[block] = np.argsort(squared, axis=1, kind="stable")[:, :count]
    return nearest


_BLOCK: Final = 512


def same_kind(banks: Sequence[Bank]) -> None:
    """All banks of a model take crops of one size and hold features of one width.

    Raises:
        ConfigurationError: one differs, or two have one identifier; the text names it.
    """
    for bank in banks:
        if bank.size_px != banks[0].size_px or bank.rows.shape[1] != banks[0].rows.shape[1]:
            raise ConfigurationError(
                f"bank {bank.identifier} takes crops of {bank.size_px} px and has {bank.rows.shape[1]} numbers a row, "
                f"bank {banks[0].identifier} of the same model {banks[0].size_px} px and {banks[0].rows.shape[1]}"
            )
    names = [bank.identifier for bank in banks]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"two banks with one identifier: {', '.join(sorted(names))}")
