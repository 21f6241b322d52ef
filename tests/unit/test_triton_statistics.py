"""Where the time of requests goes, from two counts of Triton's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canairy.triton.statistics import Snapshot, as_json, as_text, between

BEFORE = Snapshot(
    requests=10,
    failed=1,
    executions=8,
    crops=20,
    whole_ns=50_000_000,
    parts_ns={"queue": 5_000_000, "compute_input": 0, "compute_infer": 40_000_000, "compute_output": 0},
)
AFTER = Snapshot(
    requests=14,
    failed=2,
    executions=10,
    crops=28,
    whole_ns=90_000_000,
    parts_ns={"queue": 9_000_000, "compute_input": 2_000_000, "compute_infer": 70_000_000, "compute_output": 2_000_000},
)


def test_a_span_is_the_difference_of_two_counts_in_milliseconds_of_a_request() -> None:
    split = between(BEFORE, AFTER)

    assert (split.requests, split.failed, split.crops_an_execution) == (4, 1, 4.0)
    assert split.whole_ms == pytest.approx(10.0)
    assert split.parts_ms == pytest.approx(
        {"queue": 1.0, "compute_input": 0.5, "compute_infer": 7.5, "compute_output": 0.5}
    )


def test_what_of_the_round_trip_was_not_in_triton_is_transport() -> None:
    split = between(BEFORE, AFTER)

    assert split.transport_ms(12.5) == pytest.approx(2.5)
    assert as_json(split, 12.5)["transport_ms"] == pytest.approx(2.5)
    assert "transport            2.50 ms  20.0 %" in as_text(split, 12.5)
    assert "transport" not in as_text(split)


def test_a_span_without_an_answer_has_no_figures() -> None:
    with pytest.raises(ValueError, match="no request was answered"):
        between(BEFORE, replace(BEFORE, failed=7))
