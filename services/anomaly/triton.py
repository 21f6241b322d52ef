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
from canairy.triton.ports import Models, Tensors
from canairy.triton.spec import ANY, ModelSpec, TensorSpec
from services.anomaly.scoring import Shown, Verdict

DIGEST_CHARS: Final = 16
# As many as the model takes in one batch: more would only wait in its queue.
IN_FLIGHT: Final = 16


class TritonScorer:
    """A `Scorer`: several crops are on their way at once, and Triton makes batches of them.

    Not all that a backlog holds: its queue is bounded, and refuses what does not fit.
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
        requests = (_request(shown, number, size_px) for shown, (number, _) in zip(crops, banks, strict=True))
        try:
            answers = list(self._models.infer_many(self._card.name, requests, IN_FLIGHT))
        except ConfigurationError as error:
            raise Unavailable(str(error)) from error
        return [_verdict(outputs, bank) for outputs, (_, bank) in zip(answers, banks, strict=True)]


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
        max_batch_size=1,
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


def _request(shown: Shown, bank: int, size_px: int) -> Tensors:
    pixels = shown.pixels
    return {
        "counts": squared(pixels.counts, size_px)[None],
        "scale_k": np.array([[pixels.scale_k]], np.float32),
        "offset_k": np.array([[pixels.offset_k]], np.float32),
        "bank": np.array([[bank]], np.int32),
    }


def _verdict(outputs: Tensors, bank: BankCard) -> Verdict:
    score, where = float(outputs["score"][0, 0]), np.asarray(outputs["map"][0], np.float32)
    if not (math.isfinite(score) and np.isfinite(where).all()):
        raise Unavailable(f"the model answers {score} for bank {bank.identifier}: no score")
    return Verdict(AnomalyScore(max(0.0, score), bank.threshold, bank.identifier, bank.digest[:DIGEST_CHARS]), where)
