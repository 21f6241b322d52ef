"""PatchCore in Triton: crops in, scores and maps out, as the model's card says (canairy.models.card)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from canairy.errors import ConfigurationError, Unavailable
from canairy.messages.anomaly_score import AnomalyScore
from canairy.models.card import BankCard, Card
from canairy.models.square import squared
from canairy.triton.ports import Array, Models, Tensors
from canairy.triton.spec import ANY, ModelSpec, TensorSpec
from services.anomaly.crops import Pixels
from services.anomaly.scoring import Shown, Verdict

DIGEST_CHARS: Final = 16
# Crops of one request. Measured: four in one take the client 0.6, the server 0.4 and the model 0.85 of the CPU of four
# by themselves, and no longer.
BATCH: Final = 8
# As many as keep the model's instances busy: more would only wait in its queue.
IN_FLIGHT: Final = 4


class TritonScorer:
    """A `Scorer`: several crops are in a request, and several requests on their way at once.

    Not all that a backlog holds: the model's queue is bounded, and refuses what does not fit.
    """

    def __init__(self, models: Models, card: Card) -> None:
        self._models = models
        self._card = card

    def score(self, crops: Sequence[Shown]) -> Sequence[Verdict]:
        """See `Scorer`. Raises ConfigurationError for a bank that the card does not have.

        A server that lost the model, or has another one now, is as good as away: equipment is measured all the same.
        At the start it is a mistake (`services.anomaly.models`).
        """
        banks = [self._card.bank(shown.bank) for shown in crops]
        size_px = self._card.size_px
        rows = [(shown.pixels, number) for shown, (number, _) in zip(crops, banks, strict=True)]
        requests = (_request(rows[first : first + BATCH], size_px) for first in range(0, len(rows), BATCH))
        try:
            answers = list(self._models.infer_many(self._card.name, requests, IN_FLIGHT))
        except ConfigurationError as error:
            raise Unavailable(str(error)) from error
        each = [
            (float(score), where) for it in answers for score, where in zip(it["score"][:, 0], it["map"], strict=True)
        ]
        return [_verdict(score, where, bank) for (score, where), (_, bank) in zip(each, banks, strict=True)]


def spec_of(card: Card) -> ModelSpec:
    """What the server must serve, for the card to be true of it: inputs, outputs, and the digest of its graph."""
    size = card.size_px
    one = (ANY, 1)
    return ModelSpec(
        name=card.name,
        inputs={
            "counts": TensorSpec("UINT16", (ANY, size, size)),
            "scale_k": TensorSpec("FP32", one),
            "offset_k": TensorSpec("FP32", one),
            "bank": TensorSpec("INT32", one),
        },
        outputs={
            "score": TensorSpec("FP32", one),
            "map": TensorSpec("FP32", (ANY, card.map_px, card.map_px)),
            "share_outside": TensorSpec("FP32", one),
        },
        parameters={"sha256": card.sha256},
        max_batch_size=BATCH,
    )


def check_banks(card: Card, banks: Mapping[str, str], temperatures: Mapping[str, bool]) -> None:
    """Raise ConfigurationError that names every asset whose memory bank the model lacks, or is of another kind.

    `temperatures`: whether an asset's pictures have temperatures, where that is known before the first one.
    """
    known = {bank.identifier: bank for bank in card.banks}
    mistakes = [
        f"{asset}: model {card.name} has no memory bank {bank!r}; it has {', '.join(known)}"
        for asset, bank in banks.items()
        if bank not in known
    ]
    mistakes += [
        f"{asset}: memory bank {bank!r} of model {card.name} was made of {known[bank].unit}, not of "
        f"{'temperatures' if temperatures[asset] else 'grey levels as its pictures'}"
        for asset, bank in banks.items()
        if bank in known and asset in temperatures and temperatures[asset] != known[bank].radiometric
    ]
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))


def _request(rows: Sequence[tuple[Pixels, int]], size_px: int) -> Tensors:
    """Crops with the numbers of their memory banks."""
    return {
        "counts": np.stack([squared(pixels.counts, size_px) for pixels, _ in rows]),
        "scale_k": np.array([[pixels.scale_k] for pixels, _ in rows], np.float32),
        "offset_k": np.array([[pixels.offset_k] for pixels, _ in rows], np.float32),
        "bank": np.array([[bank] for _, bank in rows], np.int32),
    }


def _verdict(score: float, where: Array, bank: BankCard) -> Verdict:
    if not (math.isfinite(score) and np.isfinite(where).all()):
        raise Unavailable(f"the model answers {score} for bank {bank.identifier}: no score")
    where = np.asarray(where, np.float32)
    return Verdict(AnomalyScore(max(0.0, score), bank.threshold, bank.identifier, bank.digest[:DIGEST_CHARS]), where)
