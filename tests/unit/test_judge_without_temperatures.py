"""Readings without temperatures: the asset is covered, its looks are judged, its temperatures are not."""

from __future__ import annotations

from dataclasses import replace

from canairy.messages.alarm import Alarm
from canairy.messages.anomaly_score import AnomalyScore
from canairy.messages.camera import CameraState
from canairy.messages.header import ESTIMATE, NO_TEMPERATURES
from canairy.messages.reading import Reading
from canairy.messages.state import PointState
from services.alerting.handler import Alerting
from tests.helpers.judging import Bench, acknowledge, asset, at, camera, decoded, reading, site, status, view

LIMITED = asset("ds-a", "A", "ds", high_c=80, delta_k=15) | {"anomaly": {"readings": 2, "of": 2}}
SITE = site(camera("cam-1", view("v1", LIMITED, asset("ds-b", "B", "ds"), high_c=70)))
NORMAL, ABNORMAL = 4.0, 12.0
FIND = "v1/find-1"


def seen(name: str, seconds: float, score: float | None = None, pixels: int = 100) -> Reading:
    anomaly = None if score is None else AnomalyScore(score, 8.0, "looks", "0123456789abcdef")
    return replace(reading(name, seconds, None, flags=(NO_TEMPERATURES,)), seen_pixels=pixels, anomaly=anomaly)


def kept(bench: Bench, point: str, condition: str) -> Alarm:
    """The alarm as alarms.state holds it, and AlarmService shows it."""
    state = PointState.decode(bench.kept[point])
    (alarm,) = [it.alarm for it in state.conditions if it.name == condition and it.alarm is not None]
    return alarm


def test_an_asset_that_is_seen_without_temperatures_is_neither_stale_nor_uncovered() -> None:
    bench = Bench(SITE)

    for seconds in range(0, 900, 5):
        bench.tell(status("cam-1", seconds), seen("ds-a", seconds), seen("ds-b", seconds))
        bench.tick(seconds + 1)

    assert bench.lines == []


def test_one_whose_region_lies_outside_of_the_frame_is() -> None:
    bench = Bench(SITE)

    for seconds in range(0, 900, 5):
        bench.tell(status("cam-1", seconds), seen("ds-a", seconds), seen("ds-b", seconds, pixels=0))
        bench.tick(seconds + 1)

    assert bench.lines == ["raised ds-b coverage"]


def test_silence_ends_with_the_first_picture() -> None:
    bench = Bench(SITE)
    bench.tell(status("cam-1", 0), seen("ds-a", 0), seen("ds-b", 0))
    for seconds in range(5, 400, 5):
        bench.tell(status("cam-1", seconds), seen("ds-b", seconds))
        bench.tick(seconds + 1)

    bench.tell(status("cam-1", 400), seen("ds-a", 400), seen("ds-b", 400))

    assert bench.lines == ["raised ds-a coverage", "returned ds-a coverage"]
    assert bench.alerts[-1]["data"]["reason"] == "seen again"


def test_how_it_looks_is_judged_and_the_reason_says_what_was_not() -> None:
    bench = Bench(SITE)

    bench.tell(seen("ds-a", 0, ABNORMAL))
    bench.tell(seen("ds-a", 1, ABNORMAL))

    assert bench.lines == ["raised ds-a anomaly"]
    data = bench.alerts[0]["data"]
    assert data["reason"] == (
        "looks abnormal: score 12 (threshold 8) in 2 of 2 readings; delta, high not judged: no temperatures"
    )
    assert data["flags"] == [NO_TEMPERATURES]
    assert "temperature_c" not in data
    assert data["quality"] == "good"


def test_an_asset_without_limits_has_nothing_that_was_not_judged() -> None:
    bench = Bench(site(camera("cam-1", view("v1", asset("ds-a") | {"anomaly": {"readings": 1, "of": 1}}))))

    bench.tell(seen("ds-a", 0, ABNORMAL))

    assert bench.alerts[0]["data"]["reason"] == "looks abnormal: score 12 (threshold 8) in 1 of 1 readings"


def test_temperature_alarms_are_neither_raised_nor_returned_by_a_picture() -> None:
    bench = Bench(SITE)
    bench.tell(reading("ds-a", 0, 95.0), reading("ds-b", 0, 40.0, frame="f0"))
    raised = bench.lines[:]

    for seconds in range(1, 60):
        bench.tell(seen("ds-a", seconds, NORMAL), seen("ds-b", seconds))

    assert raised == ["raised ds-a high"]
    assert bench.lines == raised


def test_one_that_stands_rests_on_old_data_from_then_on_and_says_why() -> None:
    bench = Bench(SITE)
    bench.tell(reading("ds-a", 0, 95.0))

    bench.tell(seen("ds-a", 1))
    without = kept(bench, "ds-a", "high")
    bench.tell(reading("ds-a", 2, 96.0))
    again = kept(bench, "ds-a", "high")

    assert (without.quality, without.flags) == ("stale", (NO_TEMPERATURES,))
    assert (again.quality, again.flags) == ("good", ())
    assert without.version == again.version == 1


def test_acknowledged_meanwhile_its_data_are_told_as_old() -> None:
    bench = Bench(SITE)
    bench.tell(reading("ds-a", 0, 95.0))
    bench.tell(status("cam-1", 1), seen("ds-a", 1))

    bench.tell(acknowledge(bench.alerts[0]["data"]["alarm"], 2))

    assert bench.alerts[-1]["data"]["quality"] == "stale"


def test_a_hot_spot_that_was_hot_stands_while_nobody_can_see_whether_it_is() -> None:
    bench = Bench(SITE)
    bench.tell(reading(FIND, 0, 95.0, surroundings_c=20.0))

    bench.tell(replace(seen(FIND, 1), unseen=True))

    assert bench.lines == [f"raised {FIND} hot_spot"]
    assert kept(bench, FIND, "hot_spot").quality == "stale"


def test_a_member_without_temperatures_is_no_reference_for_the_others() -> None:
    bench = Bench(SITE)

    bench.tell(reading("ds-a", 0, 75.0, frame="f", count=2), replace(seen("ds-b", 0), index=1, count=2))

    assert bench.lines == []


def test_a_camera_that_shows_an_old_picture_is_not_covered_by_it() -> None:
    bench = Bench(SITE)
    for seconds in range(0, 400, 5):
        frozen = status("cam-1", seconds, CameraState.FROZEN, since=at(0))
        bench.tell(frozen, seen("ds-a", seconds), seen("ds-b", seconds))
        bench.tick(seconds + 1)

    assert bench.lines == ["raised cam-1 coverage"]


def test_what_was_not_judged_is_counted_by_condition() -> None:
    counted: dict[tuple[str, str], int] = {}

    def count(kind: str, label: str, number: int) -> None:
        counted[kind, label] = counted.get((kind, label), 0) + number

    step = Alerting(SITE, count)
    list(step.handle(decoded([seen("ds-a", 0), seen("ds-b", 0), seen("ds-a", 1), reading("ds-b", 1, 40.0)]), at(1)))

    assert {label: number for (kind, label), number in counted.items() if kind == "not judged"} == {
        "high": 2,
        "delta": 2,
    }


def test_an_alarm_by_estimated_temperatures_says_so_and_in_which_steps() -> None:
    bench = Bench(SITE)
    told = reading("ds-a", 0, 95.0, flags=(ESTIMATE,))

    bench.tell(replace(told, header=replace(told.header, estimate_step_k=0.25)))

    data = bench.alerts[0]["data"]
    assert data["reason"] == "95.0 °C (limit 80) (an estimate in steps of 0.25 K)"
    assert data["flags"] == [ESTIMATE]
