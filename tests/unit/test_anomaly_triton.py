"""The adapter between crops and a PatchCore model in Triton."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from canairy.errors import ConfigurationError, Unavailable
from canairy.models.card import BankCard, Card
from canairy.triton.ports import Tensors
from canairy.triton.spec import ModelSpec
from services.anomaly.crops import Pixels
from services.anomaly.scoring import Shown
from services.anomaly.triton import BATCH, TritonScorer, check_banks, spec_of


def bank(identifier: str, threshold: float, unit: str = "kelvin") -> BankCard:
    return BankCard(identifier, "ab" * 32, unit, (273.0, 333.0), threshold, 16, 9, 900, 0.01, -273.15, 0, 0.01, "train")


# Of asset e, nobody knows before its first picture.
TOLD = {"a": True, "b": True, "c": True, "d": False}
CARD = Card("patchcore", 32, 4, "cd" * 32, "ef" * 32, (bank("tr-1", 8.0), bank("tr-2", 9.0)), {})


@dataclass
class Models:
    """Scores each crop by its mean count, and remembers what it was asked."""

    asked: list[tuple[str, Tensors]] = field(default_factory=list)
    # The row of each request whose answer is no number.
    broken: int | None = None
    in_flight: int = 0

    def infer_many(self, model: str, requests: Iterable[Tensors], in_flight: int = 1) -> Iterator[Tensors]:
        self.in_flight = in_flight
        for inputs in requests:
            yield self.answer(model, inputs)

    def answer(self, model: str, inputs: Tensors) -> Tensors:
        self.asked.append((model, inputs))
        means = np.asarray(inputs["counts"], np.float64).mean(axis=(1, 2))
        scores = np.where(np.arange(len(means)) == self.broken, np.nan, means)
        return {"score": scores.astype(np.float32)[:, None], "map": np.full((len(means), 4, 4), 2.5, np.float32)}

    def require(self, *expected: ModelSpec) -> None:
        raise NotImplementedError


def crop(count: int, bank_: str = "tr-1", height: int = 20, width: int = 50) -> Shown:
    counts = np.full((height, width), count, np.uint16)
    return Shown(Pixels(counts, counts.astype(np.float32), 0.04, 1.5), bank_)


def scored(models: Models, *crops: Shown) -> Sequence[float]:
    return [verdict.score.score for verdict in TritonScorer(models, CARD).score(crops)]


def test_the_crops_of_a_frame_are_one_request_each_with_its_own_bank_and_scale() -> None:
    models = Models()

    verdicts = TritonScorer(models, CARD).score([crop(7, "tr-2"), crop(9)])

    ((model, asked),) = models.asked
    assert model == "patchcore"
    assert np.asarray(asked["counts"]).shape == (2, 32, 32)
    assert np.asarray(asked["bank"]).tolist() == [[1], [0]]
    assert np.asarray(asked["scale_k"]).tolist() == pytest.approx(np.full((2, 1), 0.04))
    assert np.asarray(asked["offset_k"]).tolist() == [[1.5], [1.5]]
    assert [(it.score.score, it.score.threshold, it.score.bank) for it in verdicts] == [(7, 9, "tr-2"), (9, 8, "tr-1")]
    assert verdicts[0].score.digest == "ab" * 8
    assert verdicts[0].map.shape == (4, 4)


def test_a_backlog_does_not_go_into_the_queue_of_the_server_all_at_once() -> None:
    models = Models()

    verdicts = TritonScorer(models, CARD).score([crop(count) for count in range(300)])

    assert [verdict.score.score for verdict in verdicts] == list(range(300))
    assert [len(np.asarray(inputs["counts"])) for _, inputs in models.asked] == [BATCH] * 37 + [4]
    # The queue of the model holds 256 requests (training/patchcore/configuration.py).
    assert 1 < models.in_flight <= 16


def test_no_crops_are_no_request() -> None:
    models = Models()

    assert (scored(models), models.asked) == ([], [])


@pytest.mark.parametrize("broken", [0, 1])
def test_an_answer_that_is_no_number_is_no_answer(broken: int) -> None:
    with pytest.raises(Unavailable, match="no score"):
        scored(Models(broken=broken), crop(7), crop(8))


def test_a_server_that_lost_the_model_is_as_good_as_away() -> None:
    class Empty(Models):
        def answer(self, model: str, inputs: Tensors) -> Tensors:
            raise ConfigurationError(f"model {model}: not found, asked with {sorted(inputs)}")

    with pytest.raises(Unavailable, match="model patchcore: not found"):
        scored(Empty(), crop(7))


def test_a_bank_that_the_card_does_not_have_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no bank 'tr-9'"):
        scored(Models(), crop(7, "tr-9"))


def test_the_server_must_serve_what_the_card_says() -> None:
    spec = spec_of(CARD)

    assert spec.parameters == {"sha256": "cd" * 32}
    assert spec.inputs["counts"].shape == (-1, 32, 32)
    assert spec.outputs["map"].shape == (-1, 4, 4)


def test_every_asset_whose_bank_is_missing_or_of_another_kind_than_its_pictures_is_named_at_once() -> None:
    grey = replace(CARD, banks=(*CARD.banks, bank("pv", 1.0, "grey level")))

    check_banks(CARD, {"a": "tr-1", "b": "tr-2"}, {"a": True})
    with pytest.raises(ConfigurationError) as error:
        check_banks(grey, {"a": "tr-1", "b": "tr-9", "c": "pv", "d": "tr-1", "e": "pv"}, TOLD)

    assert str(error.value).splitlines() == [
        "b: model patchcore has no memory bank 'tr-9'; it has tr-1, tr-2, pv",
        "c: memory bank 'pv' of model patchcore was made of grey level, not of temperatures",
        "d: memory bank 'tr-1' of model patchcore was made of kelvin, not of grey levels as its pictures",
    ]
