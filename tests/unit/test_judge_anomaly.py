"""Looks unlike normal: so many of the newest scored readings, and nothing by a single one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.reading import Reading
from tests.helpers.judging import Bench, asset, camera, reading, site, view

SITE = site(camera("cam-1", view("v1", asset("tr-1") | {"anomaly": {"readings": 3, "of": 5}}, asset("tr-2"))))
NORMAL, ABNORMAL = 4.0, 12.0
RAISED = ["raised tr-1 anomaly"]


def scored(seconds: float, score: float | None, name: str = "tr-1") -> Reading:
    anomaly = None if score is None else AnomalyScore(score, 8.0, name, "0123456789abcdef")
    return replace(reading(name, seconds, 45.0), anomaly=anomaly)


def told(bench: Bench, *scores: float | None, start: int = 0) -> None:
    for second, score in enumerate(scores, start):
        bench.tell(scored(second, score))


def test_three_abnormal_readings_of_five_raise_one_alarm_since_the_first_of_them() -> None:
    bench = Bench(SITE)

    told(bench, NORMAL, ABNORMAL, NORMAL, ABNORMAL, ABNORMAL)

    assert bench.lines == RAISED
    alarm = bench.alerts[0]["data"]
    assert (alarm["since"], alarm["captured_at"]) == ("2026-03-01T18:00:01.000000Z", "2026-03-01T18:00:04.000000Z")
    assert alarm["reason"] == "looks abnormal: score 12 (threshold 8) in 3 of 5 readings"
    assert (alarm["limit"], alarm["compared_with"], alarm["temperature_c"]) == (8.0, "bank tr-1", 45.0)
    assert alarm["priority"] == "high"


@pytest.mark.parametrize(
    "scores",
    [(ABNORMAL, ABNORMAL), (ABNORMAL, NORMAL, NORMAL, NORMAL, ABNORMAL, ABNORMAL), (NORMAL, ABNORMAL, NORMAL) * 5],
    ids=["too few", "too old", "one in three"],
)
def test_fewer_raise_none(scores: tuple[float, ...]) -> None:
    bench = Bench(SITE)

    told(bench, *scores)

    assert bench.lines == []


def test_it_returns_when_as_many_in_a_row_are_normal_and_not_before() -> None:
    bench = Bench(SITE)
    told(bench, ABNORMAL, ABNORMAL, ABNORMAL)

    told(bench, NORMAL, NORMAL, ABNORMAL, NORMAL, NORMAL, start=3)
    assert bench.lines == RAISED
    told(bench, NORMAL, start=8)

    assert bench.lines == [*RAISED, "returned tr-1 anomaly"]
    assert bench.alerts[-1]["data"]["reason"] == "looks normal again: score 4 (threshold 8)"


def test_a_reading_without_a_score_counts_neither_way() -> None:
    bench = Bench(SITE)

    told(bench, ABNORMAL, None, None, None, None, ABNORMAL, None, ABNORMAL)

    assert bench.lines == RAISED


def test_a_score_at_its_threshold_is_abnormal() -> None:
    bench = Bench(SITE)

    told(bench, 8.0, 8.0, 8.0)

    assert bench.lines == RAISED


def test_an_asset_whose_site_file_does_not_ask_for_it_is_not_judged_by_scores() -> None:
    bench = Bench(SITE)

    for second in range(5):
        bench.tell(scored(second, ABNORMAL, "tr-2"))

    assert bench.lines == []


def test_the_count_goes_on_after_a_restart() -> None:
    bench = Bench(SITE)
    told(bench, ABNORMAL, ABNORMAL)

    bench.restart()
    told(bench, ABNORMAL, start=2)

    assert bench.lines == RAISED


def test_a_repeated_reading_is_counted_once() -> None:
    bench = Bench(SITE)

    for second in (0, 1, 1, 1, 0):
        bench.tell(scored(second, ABNORMAL))

    assert bench.lines == []
