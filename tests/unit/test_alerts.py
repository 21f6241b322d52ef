"""Alerts are CloudEvents that any reader understands, and `canairy.alerts.Alert` reads them back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canairy import alerts
from canairy.alerts import Alert
from canairy.errors import InvalidMessage
from canairy.stream.broker import Outgoing
from canairy.topics import ALERTS
from tests.helpers.judging import Bench, acknowledge, asset, at, camera, canary, frame, reading, site, view


def written() -> list[Outgoing]:
    """One event of each type: raised, acknowledged, returned, heartbeat."""
    members = [asset("ds-a", "A", "ds", delta_k=15), asset("ds-b", "B", "ds")]
    judge = Bench(site(camera("cam-1", view("v1", *members))))
    judge.tell(*frame(0, {"ds-a": 94.204999, "ds-b": 53.2}, flags=("time_invalid",)))
    judge.tell(acknowledge(judge.alerts[0]["data"]["alarm"], 7))
    judge.tell(*frame(10, {"ds-a": 53, "ds-b": 53}))
    judge.tell(canary(60, flags=("spool_in_use",)))
    return [it for it in judge.all if it.topic == ALERTS]


def event(number: int = 0) -> dict[str, Any]:
    return dict(json.loads(written()[number].value or b""))


def changed(**changes: object) -> bytes:
    return json.dumps({key: value for key, value in (event() | changes).items() if value is not None}).encode()


class TestWritten:
    def test_the_envelope_is_a_cloud_event(self) -> None:
        raised = event()

        assert {key: raised[key] for key in raised if key not in {"data", "id"}} == {
            "specversion": "1.0",
            "source": "/sites/ss-1",
            "type": "io.canairy.alarm.raised.v1",
            "subject": "ds-a",
            "time": "2026-03-01T18:00:00.000000Z",
            "datacontenttype": "application/json",
        }
        assert raised["id"] == f"{raised['data']['alarm']}-raised-1"

    def test_the_data_say_all_that_an_operator_needs(self) -> None:
        data = event()["data"]

        alarm = data.pop("alarm")
        assert len(alarm) == 12
        assert data == {
            "version": 1,
            "asset": "ds-a",
            "condition": "delta",
            "priority": "high",
            "state": "unacknowledged",
            "quality": "good",
            "temperature_c": 94.2,
            "compared_with": "ds-b",
            "limit": 15.0,
            "delta_k": 41.0,
            "data_age_s": 1.0,
            "camera": "cam-1",
            "view": "v1",
            "frame": "cam-1-0",
            "reason": "94.2 °C, +41 K over B (limit 15)",
            "response": "look after ds-a",
            "flags": ["time_invalid"],
            "captured_at": "2026-03-01T18:00:00.000000Z",
            "since": "2026-03-01T18:00:00.000000Z",
        }

    def test_each_is_keyed_by_its_asset_and_named_as_a_cloud_event(self) -> None:
        assert [it.key for it in written()] == ["ds-a", "ds-a", "ds-a", "_canary"]
        assert {it.headers["content-type"] for it in written()} == {b"application/cloudevents+json"}

    def test_identifiers_differ_between_the_events_of_one_alarm(self) -> None:
        assert len({event(number)["id"] for number in range(4)}) == 4


class TestParsed:
    def test_an_alarm_comes_back_as_it_was_written(self) -> None:
        raised, acknowledged, returned, _ = (Alert.parse(it.value) for it in written())

        assert (raised.kind, raised.site, raised.asset, raised.condition) == ("raised", "ss-1", "ds-a", "delta")
        assert (raised.time, raised.since, raised.captured_at) == (at(0), at(0), at(0))
        assert (raised.temperature_c, raised.delta_k, raised.limit) == (94.2, 41.0, 15.0)
        assert (raised.flags, raised.heartbeat) == (("time_invalid",), False)
        assert (acknowledged.kind, acknowledged.acknowledged_by, acknowledged.time) == ("acknowledged", "kim", at(7))
        assert (returned.kind, returned.state, returned.version) == ("returned", "normal", 3)

    def test_a_heartbeat_has_a_status_and_no_alarm(self) -> None:
        beat = Alert.parse(written()[3].value)

        assert (beat.heartbeat, beat.status, beat.alarm) == (True, ("spool_in_use",), "")
        assert beat.captured_at == at(60)

    def test_a_word_of_a_later_release_is_read(self) -> None:
        assert Alert.parse(changed(type="io.canairy.alarm.shelved.v1")).kind == "shelved"

    def test_unknown_fields_are_passed_over(self) -> None:
        assert Alert.parse(changed(traceparent="00-x")).type == alerts.RAISED

    @pytest.mark.parametrize(
        ("value", "complaint"),
        [
            (None, "not JSON"),
            (b"\xff", "not JSON"),
            (b"[]", "not a JSON object"),
            (changed(specversion="0.3"), "specversion is '0.3'"),
            (changed(type="io.canairy.alarm.raised.v2"), "unknown major version 2"),
            (changed(type="com.example.thing"), "none of ours"),
            (changed(source="//elsewhere"), "not /sites/ID"),
            (changed(time="yesterday"), "time"),
            (changed(time="2026-03-01T18:00:00"), "without a time zone"),
            (changed(data=None), r"data\.captured_at is missing"),
            (changed(data=[1]), "not a dict"),
            (changed(id=7), "id is 7, not a str"),
            (changed(data=event()["data"] | {"alarm": ""}), r"data\.alarm is missing"),
            (changed(data=event()["data"] | {"temperature_c": "hot"}), r"data\.temperature_c is 'hot', not a number"),
            (changed(data=event()["data"] | {"limit": True}), r"data\.limit is True"),
        ],
    )
    def test_what_is_none_of_ours_is_refused_by_name(self, value: bytes | None, complaint: str) -> None:
        with pytest.raises(InvalidMessage, match=complaint):
            Alert.parse(value)

    @given(value=st.binary() | st.text().map(str.encode))
    def test_nothing_but_invalid_message_is_ever_raised(self, value: bytes) -> None:
        with pytest.raises(InvalidMessage):
            Alert.parse(value)


def test_a_reading_from_a_clock_ahead_has_no_negative_age() -> None:
    judge = Bench(site(camera("cam-1", view("v1", asset("ds-a", high_c=80)))))

    told = judge.tell(reading("ds-a", 2, 85), now=at(0))

    assert told.alerts[0]["data"]["data_age_s"] >= 0
