"""The view that every replica keeps of the alarms, on the broker in memory."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

from canairy.errors import BrokerUnavailable
from canairy.messages.alarm import AlarmState, Priority
from canairy.messages.state import PointState
from canairy.stream.broker import Outgoing, Reader, Received
from canairy.topics import AUDIT, STATE
from services.alerting.alarm_view import AlarmView
from services.alerting.outcomes import Outcome, Outcomes
from tests.helpers.alarm_desk import NOON, PATIENCE_S, alarm, site_broker, state, viewing


def ids(view: AlarmView, *, include_normal: bool = False) -> list[str]:
    return [it.id for it in view.snapshot(include_normal=include_normal).alarms]


def test_what_stands_on_the_topic_is_known_once_it_was_read() -> None:
    broker = site_broker()
    broker.append([state("ds-301-a", alarm("a-1"))])

    with viewing(broker) as view:
        assert view.wait_for(lambda it: it.ready, PATIENCE_S)

        assert view.get("a-1")[0] == alarm("a-1")
        assert view.get("a-2")[0] is None


def test_before_the_first_reading_nothing_is_claimed() -> None:
    broker = site_broker()
    broker.append([state("ds-301-a", alarm("a-1"))])

    view = AlarmView(lambda: broker.reader([STATE]), lambda: broker.reader([AUDIT]))

    assert not view.ready
    assert view.snapshot().as_of is None


def test_changes_arrive_and_the_latest_state_of_a_point_counts() -> None:
    broker = site_broker()

    with viewing(broker) as view:
        broker.append([state("ds-301-a", alarm("a-1")), state("ds-301-a", alarm("a-1", version=2))])
        assert view.wait_for(lambda it: it.get("a-1")[0] is not None, PATIENCE_S)
        broker.append([state("ds-301-a", alarm("a-1", version=3))])

        assert view.wait_for(lambda it: it.get("a-1")[0] == alarm("a-1", version=3), PATIENCE_S)


def test_the_most_urgent_comes_first_and_normal_only_when_asked() -> None:
    broker = site_broker()
    later = NOON + timedelta(minutes=5)
    broker.append(
        [
            state("p-1", alarm("old-medium", "p-1")),
            state("p-2", alarm("new-medium", "p-2", raised_at=later)),
            state("p-3", alarm("high", "p-3", priority=Priority.HIGH, state=AlarmState.RETURNED_UNACKNOWLEDGED)),
            state("p-4", alarm("low", "p-4", priority=Priority.LOW, raised_at=later, state=AlarmState.ACKNOWLEDGED)),
            state("p-5", alarm("over", "p-5", priority=Priority.HIGH, state=AlarmState.NORMAL)),
        ]
    )

    with viewing(broker) as view:
        assert view.wait_for(lambda it: it.ready, PATIENCE_S)

        assert ids(view) == ["high", "new-medium", "old-medium", "low"]
        assert set(ids(view, include_normal=True)) == {"high", "new-medium", "old-medium", "low", "over"}


def test_a_point_that_is_closed_takes_its_alarms_along() -> None:
    broker = site_broker()
    broker.append([state("bay-3/find-1", alarm("a-1", "bay-3/find-1"))])

    with viewing(broker) as view:
        assert view.wait_for(lambda it: ids(it) == ["a-1"], PATIENCE_S)
        broker.append([Outgoing(STATE, "bay-3/find-1", None)])

        assert view.wait_for(lambda it: ids(it) == [], PATIENCE_S)


def test_the_canary_is_nobody_s_alarm() -> None:
    broker = site_broker()
    broker.append([state("_canary", alarm("canary", "_canary")), state("p-1", alarm("a-1", "p-1"))])

    with viewing(broker) as view:
        assert view.wait_for(lambda it: it.ready, PATIENCE_S)

        assert ids(view, include_normal=True) == ["a-1"]


def test_damaged_state_leaves_what_was_known_before() -> None:
    broker = site_broker()
    broker.append([state("p-1", alarm("a-1", "p-1"))])

    with viewing(broker) as view:
        assert view.wait_for(lambda it: it.ready, PATIENCE_S)
        broker.append(
            [
                Outgoing(STATE, "p-1", b"\xff\xff\xff"),
                Outgoing(STATE, "p-2", PointState("p-2").encode(), {"schema": b"canairy.v2.PointState"}),
                state("p-3", alarm("a-3", "p-3")),
            ]
        )

        assert view.wait_for(lambda it: ids(it) == ["a-1", "a-3"], PATIENCE_S)
        assert view.failure is None


def test_while_kafka_is_away_the_answer_stands_with_its_age() -> None:
    broker = site_broker()
    broker.append([state("p-1", alarm("a-1", "p-1"))])
    now = NOON

    with viewing(broker, lambda: now) as view:
        assert view.wait_for(lambda it: it.ready, PATIENCE_S)
        broker.available = False
        now = NOON + timedelta(minutes=10)
        away = view.snapshot()
        broker.available = True

        assert (away.as_of, [it.id for it in away.alarms]) == (NOON, ["a-1"])
        assert view.wait_for(lambda it: it.snapshot().as_of == now, PATIENCE_S)


def test_a_kafka_that_is_away_at_the_start_is_waited_for() -> None:
    broker = site_broker()
    broker.append([state("p-1", alarm("a-1", "p-1"))])
    tries: list[int] = []

    def open_state() -> Reader:
        tries.append(1)
        if len(tries) == 1:
            raise BrokerUnavailable("not yet")
        return broker.reader([STATE])

    with viewing(broker, open_state=open_state) as view:
        assert view.wait_for(lambda it: it.ready, PATIENCE_S)

        assert (len(tries), ids(view)) == (2, ["a-1"])


def test_a_defect_is_not_kept_secret() -> None:
    def open_state() -> Reader:
        raise ZeroDivisionError

    with viewing(site_broker(), open_state=open_state) as view:
        view.stop()

        assert isinstance(view.failure, ZeroDivisionError)


def test_a_defect_is_told_at_once_so_that_the_process_can_end() -> None:
    def open_reader() -> Reader:
        raise ZeroDivisionError

    died = threading.Event()
    view = AlarmView(open_reader, open_reader, died=died.set)

    view.start()
    told = died.wait(PATIENCE_S)
    view.stop()

    assert told
    assert isinstance(view.failure, ZeroDivisionError)


def audit_entry(value: bytes | None) -> Received:
    return Received(AUDIT, 0, 0, "", value, {}, NOON)


def test_decisions_are_remembered_by_their_command() -> None:
    outcomes = Outcomes()
    decided = {"command": "k-1", "action": "acknowledge", "alarm": "a-1", "user": "kim", "outcome": "rejected"}

    outcomes.take([audit_entry(json.dumps(decided | {"reason": "version 2, not 1"}).encode())])

    assert outcomes.wait_for("k-1", 0) == Outcome("k-1", "a-1", "kim", accepted=False, reason="version 2, not 1")
    assert outcomes.wait_for("k-2", 0) is None


def test_what_is_no_decision_is_passed_over() -> None:
    outcomes = Outcomes()

    outcomes.take(
        [
            audit_entry(value)
            for value in (None, b"", b"\xff", b"[]", b'{"command": "k-1"}', b'{"command": "k-1", "outcome": "later"}')
        ]
    )

    assert outcomes.wait_for("k-1", 0) is None


def test_only_the_latest_decisions_are_remembered() -> None:
    outcomes = Outcomes()

    outcomes.take(
        [
            audit_entry(json.dumps({"command": f"k-{number}", "outcome": "accepted"}).encode())
            for number in range(10_001)
        ]
    )

    assert outcomes.wait_for("k-0", 0) is None
    assert outcomes.wait_for("k-10000", 0) is not None
