"""Several requests as one run, as the backend inside Triton does it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.triton.backends.onnxruntime.batching import Outcome, Tensors, answer


class Doubling:
    """A network that doubles, remembers its batches, and cannot be run where a row is negative."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, inputs: Tensors) -> Tensors:
        self.batches.append(len(inputs["x"]))
        if (inputs["x"] < 0).any():
            raise RuntimeError("negative")
        return {"y": inputs["x"] * 2}


def request(*rows: int, width: int = 2) -> Tensors:
    return {"x": np.array([[row] * width for row in rows], np.int64)}


def rows(outcome: Outcome) -> list[int]:
    assert not isinstance(outcome, Exception)
    return [int(row[0]) for row in outcome["y"]]


@given(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=8), min_size=1, max_size=12))
def test_every_request_gets_its_own_rows_however_they_are_batched(asked: list[list[int]]) -> None:
    network = Doubling()

    outcomes = answer([request(*each) for each in asked], network, 8)

    assert [rows(outcome) for outcome in outcomes] == [[2 * row for row in each] for each in asked]
    assert max(network.batches) <= 8


def test_requests_that_fit_are_one_run() -> None:
    network = Doubling()

    answer([request(1), request(2, 3), request(4)], network, 8)

    assert network.batches == [4]


def test_a_bad_request_does_not_harm_its_neighbours() -> None:
    outcomes = answer([request(1), request(-1), request(3)], Doubling(), 8)

    assert rows(outcomes[0]) == [2]
    assert isinstance(outcomes[1], RuntimeError)
    assert rows(outcomes[2]) == [6]


def test_requests_of_other_sizes_do_not_share_a_run() -> None:
    network = Doubling()

    outcomes = answer([request(1), request(2, width=3), request(3)], network, 8)

    assert [rows(outcome) for outcome in outcomes] == [[2], [4], [6]]
    assert sorted(network.batches) == [1, 2]


def test_a_model_without_a_batch_axis_runs_each_request_alone() -> None:
    network = Doubling()

    outcomes = answer([request(1, 2, 3), request(4)], network, 0)

    assert [rows(outcome) for outcome in outcomes] == [[2, 4, 6], [8]]
    assert network.batches == [3, 1]


def test_an_output_with_other_rows_than_its_request_is_an_error() -> None:
    (outcome,) = answer([request(1, 2)], lambda inputs: {"y": inputs["x"][:1]}, 8)

    with pytest.raises(ValueError, match=r"output y has shape \[1, 2\] for a batch of 2"):
        raise outcome if isinstance(outcome, Exception) else AssertionError(outcome)
