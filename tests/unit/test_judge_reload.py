"""A changed site file is judged by from the moment that it is in force: no alarm, delay or memory is lost by it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canairy.messages.command import SITE_POINT, Action, Command
from canairy.messages.reading import Reading
from canairy.site.load import site_of
from services.alerting.handler import Alerting
from services.alerting.judge.intake import Input
from services.alerting.judge.versions import ALREADY
from tests.helpers.judging import Bench, Part, acknowledge, asset, at, camera, frame, reading, view
from tests.helpers.scenes import batches


def document(high_c: float | None = 80, *, source: str = "simulated:x", **more: Any) -> bytes:  # noqa: ANN401
    """A site of two assets; `more` are limits of both."""
    limits: dict[str, object] = ({} if high_c is None else {"high_c": high_c}) | more
    assets: list[Part] = [asset("ds-a", "A", "ds", **limits), asset("ds-b", "B", "ds", **limits)]
    cameras = [camera("cam-1", view("v1", *assets, high_c=60), source=source)]
    return json.dumps({"site": {"id": "ss-1"}, "cameras": cameras}).encode()


def reload(content: bytes, seconds: float, key: str = "r1") -> Command:
    return Command(key, Action.RELOAD_SITE, SITE_POINT, "site file", at(seconds), site_file=content)


@dataclass
class FileBench(Bench):
    """A judge that was started with a site file."""

    content: bytes = b""
    started_s: float = -60

    def _new(self) -> Alerting:
        return Alerting(site_of(self.content), site_file=self.content, started_at=at(self.started_s))


def started(content: bytes | None = None) -> FileBench:
    content = content or document()
    judge = FileBench(site_of(content), content=content)
    judge.tick(-10)
    judge.tick(-5)
    return judge


def temperatures(judge: Bench, *seconds: float, max_c: float = 75.0) -> list[str]:
    return [line for it in seconds for line in judge.tell(*frame(it, {"ds-a": max_c, "ds-b": 20.0})).lines]


def test_a_lower_limit_holds_for_what_is_captured_five_seconds_later_and_not_before() -> None:
    judge = started()
    told = judge.tell(reload(document(70), 10))

    assert [(it["outcome"], it["action"], it["user"]) for it in told.audit] == [
        ("accepted", "reload_site", "site file")
    ]
    assert temperatures(judge, 11, 12, 14.9) == []
    assert temperatures(judge, 15) == ["raised ds-a high"]
    assert judge.alerts[-1]["data"]["limit"] == 70


def test_a_higher_limit_returns_what_stood_by_the_lower_one() -> None:
    judge = started()
    assert temperatures(judge, 1, max_c=85) == ["raised ds-a high"]
    judge.tell(reload(document(95), 10))

    assert temperatures(judge, 14, max_c=85) == []
    assert temperatures(judge, 15, max_c=85) == ["returned ds-a high"]


def test_an_alarm_that_stands_keeps_its_identity_its_acknowledgement_and_its_terms() -> None:
    judge = started()
    temperatures(judge, 1, max_c=85)
    alarm = judge.alerts[-1]["data"]["alarm"]
    judge.tell(acknowledge(alarm, 2))
    judge.tell(reload(document(70), 3))

    assert temperatures(judge, 8, 9, max_c=85) == []
    assert temperatures(judge, 10, max_c=20) == ["returned ds-a high"]
    assert (judge.alerts[-1]["data"]["alarm"], judge.alerts[-1]["data"]["state"]) == (alarm, "normal")


def test_a_delay_that_runs_goes_on_running() -> None:
    judge = started(document(80, on_delay="20s"))
    temperatures(judge, 1, 5, max_c=85)
    judge.tell(reload(document(80, on_delay="10s"), 5))

    assert temperatures(judge, 9, max_c=85) == []
    assert temperatures(judge, 11, max_c=85) == ["raised ds-a high"]
    assert judge.alerts[-1]["data"]["since"] == "2026-03-01T18:00:01.000000Z"


def test_a_limit_that_is_taken_away_lets_go_of_its_alarm() -> None:
    judge = started(document(80, high_high_c=100))
    assert temperatures(judge, 1, max_c=105) == ["raised ds-a high", "raised ds-a high_high"]
    judge.tell(reload(document(80), 2))

    assert temperatures(judge, 7, max_c=105) == ["returned ds-a high_high"]
    assert judge.alerts[-1]["data"]["reason"] == "no longer in the site file"


def test_a_limit_between_phases_is_new_from_then_on() -> None:
    judge = started()
    judge.tell(reload(document(None, delta_k=15), 1))

    assert temperatures(judge, 5, 6) == ["raised ds-a delta"]


def test_a_hot_spots_limit_is_new_from_then_on() -> None:
    judge = started()
    judge.tell(reload(document().replace(b'"high_c": 60', b'"high_c": 40'), 1))
    finds = [reading("v1/find-1", second, 50.0, surroundings_c=20.0) for second in (5, 6)]

    assert judge.tell(finds[0]).lines == []
    assert judge.tell(finds[1]).lines == ["raised v1/find-1 hot_spot"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (document(70, source="simulated:y"), "cameras[0].source needs a restart of ingest"),
        (b"site: 3", "site must be a mapping"),
        (b"", "the file is empty"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_what_cannot_be_applied_is_refused_with_the_reason_and_nothing_changes(content: bytes, told: str) -> None:
    judge = started()

    (entry,) = judge.tell(reload(content, 1)).audit

    assert entry["outcome"] == "rejected"
    assert told.replace("site must", "must") in entry["reason"]
    assert temperatures(judge, 7, 8) == []
    assert SITE_POINT not in judge.kept


def test_a_file_that_is_in_force_already_changes_nothing() -> None:
    judge = started()

    (entry,) = judge.tell(reload(document(), 1)).audit

    assert (entry["outcome"], entry["reason"]) == ("accepted", ALREADY)
    assert SITE_POINT not in judge.kept


def test_a_command_that_comes_again_is_answered_alike() -> None:
    judge = started()
    (first,) = judge.tell(reload(document(70), 1)).audit
    judge.restart()
    (second,) = judge.tell(reload(document(70), 1)).audit

    assert first == second


def test_who_takes_over_goes_on_with_the_file_that_was_put_in_force() -> None:
    judge = started()
    judge.tell(reload(document(70), 10))

    judge.restart()

    assert temperatures(judge, 14) == []
    assert temperatures(judge, 16) == ["raised ds-a high"]


def test_a_process_that_is_started_with_a_newer_file_judges_by_that() -> None:
    judge = started()
    judge.tell(reload(document(70), 10))

    judge.content, judge.started_s = document(90), 20
    judge.restart()

    assert temperatures(judge, 25, max_c=85) == []
    assert temperatures(judge, 26, max_c=95) == ["raised ds-a high"]


def test_a_process_that_is_started_with_the_file_in_force_judges_late_readings_as_before() -> None:
    judge = started()
    judge.tell(reload(document(70), 10))

    judge.content, judge.started_s = document(70), 12
    judge.restart()

    assert temperatures(judge, 14) == []
    assert temperatures(judge, 15) == ["raised ds-a high"]


def test_a_clock_that_is_set_back_does_not_put_off_what_is_in_force() -> None:
    judge = started()
    judge.tell(*frame(3600, {"ds-a": 20.0, "ds-b": 20.0}), now=at(3600))
    judge.tell(reload(document(70), 3600), now=at(3600))
    judge.tell(now=at(0))

    assert temperatures(judge, 20) == ["raised ds-a high"]


FILES = [document(high_c) for high_c in (60, 70, 80, 90)]
STEPS = st.lists(st.tuples(st.floats(50, 100), st.sampled_from([None, *FILES])), min_size=3, max_size=20)


def story(steps: Sequence[tuple[float, bytes | None]]) -> list[Input]:
    """A frame every two seconds; now and then somebody changes the file."""
    messages: list[Input] = []
    for number, (max_c, content) in enumerate(steps):
        if content is not None:
            messages.append(reload(content, 2 * number, key=f"r{number}"))
        messages += frame(2 * number, {"ds-a": max_c, "ds-b": 20.0})
    return messages


@settings(max_examples=80, deadline=None)
@given(STEPS, st.lists(st.integers(0, 1000), max_size=6), st.sets(st.integers(0, 60), max_size=4))
def test_batches_and_restarts_do_not_matter(
    steps: list[tuple[float, bytes | None]], cuts: list[int], restarts: set[int]
) -> None:
    messages = story(steps)
    one_by_one, cut, restarted = started(), started(), started()

    for number, message in enumerate(messages):
        one_by_one.tell(message)
        if number in restarts:
            restarted.restart()
        restarted.tell(message)
    for batch in batches(messages, cuts):
        cut.tell(*batch)

    assert cut.lines == restarted.lines == one_by_one.lines
    assert cut.kept == one_by_one.kept


@settings(max_examples=80, deadline=None)
@given(STEPS, st.lists(st.integers(0, 2), min_size=20, max_size=20))
def test_a_command_may_come_before_or_behind_the_readings_of_its_moment(
    steps: list[tuple[float, bytes | None]], later: list[int]
) -> None:
    """Topics are read side by side: within the 5 s before it holds, a command may be read two frames late."""
    in_order, shifted = started(), started()
    messages = story(steps)
    moved = sorted(enumerate(messages), key=lambda it: it[0] + (3 * later[it[0] % 20] if _is_reload(it[1]) else 0))

    for message in messages:
        in_order.tell(message)
    for _, message in moved:
        shifted.tell(message)

    if [it for it in messages if _is_reload(it)] == [it for _, it in moved if _is_reload(it)]:
        assert shifted.lines == in_order.lines


def _is_reload(message: Input) -> bool:
    return not isinstance(message, Reading)
