"""The step of alerting: what it refuses, what it writes and in which form, and how it starts again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from canairy.errors import InvalidMessage
from canairy.messages.camera import CameraStatus
from canairy.messages.measurement import Measurement
from canairy.messages.reading import Reading
from canairy.messages.state import PointState
from canairy.stream import schema
from canairy.stream.broker import Partition, Received
from canairy.stream.step import Decoded
from canairy.topics import ALERTS, CAMERAS, COMMANDS, FRAMES, READINGS, STATE
from services.alerting.handler import Alerting
from services.alerting.judge.intake import Input
from tests.helpers.judging import (
    T0,
    Bench,
    acknowledge,
    asset,
    at,
    camera,
    canary,
    reading,
    record,
    site,
    status,
    view,
)

SITE = site(
    camera("cam-1", view("v1", asset("ds-a", high_c=80), high_c=70)),
    camera("cam-2", view("v2", asset("ds-b"))),
    camera("files", view("*"), source="folder:x"),
)
LOAD = Measurement("ss-1", "bay-3-current", 700.0, T0)


def decode(message: Input, headers: dict[str, bytes] | None = None) -> Input:
    return Alerting(SITE).decode(record(message, headers), T0)


class TestUnderstood:
    @pytest.mark.parametrize(
        "message",
        [
            reading("ds-a", 0, 20),
            reading("v1/find-3", 0, 20),
            reading("sub_437/find-1", 0, 415, camera="files", view="sub_437"),
            canary(0),
            status("cam-1", 0),
            LOAD,
            acknowledge("0123456789ab"),
        ],
    )
    def test_what_belongs_to_the_site_comes_through_as_it_was_sent(self, message: Input) -> None:
        assert decode(message) == message

    def test_a_schema_of_this_major_version_is_read(self) -> None:
        assert decode(LOAD, schema.header("Measurement")) == LOAD

    def test_a_reading_five_seconds_ahead_is_a_clock_that_is_a_little_off(self) -> None:
        ahead = reading("ds-a", 5, 20)

        assert decode(ahead) == ahead


class TestRefused:
    @pytest.mark.parametrize(
        ("message", "complaint"),
        [
            (reading("ds-a", 0, 20, site="ss-2"), "a message of site 'ss-2', and this is 'ss-1'"),
            (reading("ds-x", 0, 20), "asset 'ds-x' is not in the site file"),
            (reading("ds-b", 0, 20), "stands in cam-2/v2"),
            (reading("ds-a", 0, 20, camera="cam-9"), "camera 'cam-9' is not in the site file"),
            (reading("v9/find-1", 0, 20, view="v9"), "no view 'v9'"),
            (reading("v2/find-1", 0, 20), "not named after its view"),
            (reading("ds-a", 5.1, 20), "from the future: captured_at .* 5.1 s ahead"),
            (reading("_canary", 0, 20), "reserved"),
            (replace(status("cam-1", 0), site="ss-2"), "two sites use one broker"),
            (status("cam-9", 0), "camera 'cam-9'"),
            (status("cam-1", 9), "from the future"),
            (replace(LOAD, name="bay-9"), "'bay-9' is not declared"),
            (replace(LOAD, site="ss-2"), "two sites use one broker"),
        ],
    )
    def test_what_cannot_be_of_this_site(self, message: Input, complaint: str) -> None:
        with pytest.raises(InvalidMessage, match=complaint):
            decode(message)

    def test_an_unknown_major_version(self) -> None:
        with pytest.raises(InvalidMessage, match="unknown major version 2"):
            decode(reading("ds-a", 0, 20), {"schema": b"canairy.v2.Reading"})

    def test_another_message_than_the_topic_carries(self) -> None:
        with pytest.raises(InvalidMessage, match=r"where canairy\.v1\.Reading belongs"):
            decode(reading("ds-a", 0, 20), {"schema": b"canairy.v1.Frame"})

    @pytest.mark.parametrize("value", [None, b"", b"\xff" * 40, b"not protobuf"])
    @pytest.mark.parametrize("topic", [READINGS, CAMERAS, COMMANDS, FRAMES])
    def test_tombstones_and_damaged_bytes(self, topic: str, value: bytes | None) -> None:
        with pytest.raises(InvalidMessage):
            Alerting(SITE).decode(Received(topic, 0, 0, "key", value, {}, T0), T0)

    def test_truncated_messages_are_refused_or_lack_only_what_may_be_absent(self) -> None:
        whole = reading("ds-a", 0, 20, surroundings_c=10.0).encode()

        for length in range(len(whole)):
            try:
                found = Alerting(SITE).decode(Received(READINGS, 0, 0, "key", whole[:length], {}, T0), T0)
            except InvalidMessage:
                continue
            assert isinstance(found, Reading)
            assert found.asset == "ds-a"


class TestWritten:
    def test_each_changed_point_is_written_once_a_batch_as_it_is_then(self) -> None:
        judge = Bench(SITE)

        told = judge.tell(*(reading("ds-a", second, 20) for second in range(5)))

        assert set(Counter(it.key for it in told.states).values()) == {1}
        state = PointState.decode(next(it.value for it in told.states if it.key == "ds-a") or b"")
        assert state.last is not None
        assert state.last.header.captured_at == at(4)
        assert {it.headers["schema"] for it in told.states} == {b"canairy.v1.PointState"}
        assert {it.partition for it in told.states} == {0}

    def test_the_state_comes_after_the_alerts(self) -> None:
        told = Bench(SITE).tell(reading("ds-a", 0, 85))

        first, *rest = (it.topic for it in told.outgoing)
        assert first == ALERTS
        assert set(rest) == {STATE}

    def test_an_alert_continues_the_trace_of_the_reading_that_caused_it(self) -> None:
        step, hot = Alerting(SITE), reading("ds-a", 0, 85)
        trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        outgoing = step.handle([Decoded(record(hot, {"traceparent": trace}), hot)], T0)

        assert [it.headers.get("traceparent") for it in outgoing if it.topic == ALERTS] == [trace]

    def test_a_measurement_is_counted_and_not_kept(self) -> None:
        counted: Counter[tuple[str, str]] = Counter()

        def count(kind: str, label: str, number: int) -> None:
            counted[kind, label] += number

        step = Alerting(SITE, count)

        outgoing = step.handle([Decoded(record(LOAD), LOAD)], T0)

        assert outgoing == []
        assert counted == {("measurement", "bay-3-current"): 1}

    def test_alerts_are_counted_by_what_they_tell(self) -> None:
        counted: Counter[str] = Counter()

        def count(kind: str, label: str, number: int) -> None:
            counted[label] += number if kind == "alert" else 0

        step = Alerting(SITE, count)
        for message in (reading("ds-a", 0, 85), reading("ds-a", 1, 20), canary(1)):
            step.handle([Decoded(record(message), message)], at(1))

        assert +counted == {"raised": 1, "returned": 1, "heartbeat": 1}

    def test_repeats_and_late_readings_are_counted(self) -> None:
        counted: Counter[tuple[str, str]] = Counter()

        def count(kind: str, label: str, number: int) -> None:
            counted[kind, label] += number

        step, newest = Alerting(SITE, count), reading("ds-a", 60, 20)
        unwatched = reading("v2/find-1", 0, 20, camera="cam-2", view="v2")
        for message in (newest, newest, reading("ds-a", 0, 20), canary(60), unwatched):
            step.handle([Decoded(record(message), message)], at(60))

        assert counted == {
            ("reading", "new"): 1,
            ("reading", "repeated"): 1,
            ("reading", "late"): 1,
            ("reading", "canary"): 1,
            ("reading", "unwatched"): 1,
            ("alert", "heartbeat"): 1,
        }


class TestState:
    def test_the_state_belongs_to_the_readings(self) -> None:
        step = Alerting(SITE)

        assert step.state_of(Partition(READINGS, 0)) == Partition(STATE, 0)
        assert step.state_of(Partition(COMMANDS, 0)) is None

    def test_forgetting_is_forgetting_all(self) -> None:
        judge = Bench(SITE)
        judge.tell(reading("ds-a", 0, 85))

        judge.step.forget()

        assert judge.tell(reading("ds-a", 0, 85)).lines == ["raised ds-a high"]

    def test_a_tombstone_is_forgotten(self) -> None:
        judge = Bench(SITE)
        judge.tell(reading("ds-a", 0, 85))
        judge.restart()

        judge.step.restore(Received(STATE, 0, 0, "ds-a", None, {}, T0))
        judge.step.restore(Received(STATE, 0, 0, "cam-1", None, {}, T0))

        assert judge.tell(reading("ds-a", 0, 85)).lines == ["raised ds-a high"]

    def test_an_unreadable_state_is_refused_by_name(self) -> None:
        with pytest.raises(InvalidMessage):
            Alerting(SITE).restore(Received(STATE, 0, 0, "ds-a", b"\xff", {}, T0))


class TestAnotherSiteFile:
    """What the judge remembers of things that the site file no longer has."""

    def test_an_asset_that_is_gone_returns_and_is_forgotten_once_acknowledged(self) -> None:
        judge = Bench(SITE)
        judge.tell(reading("ds-a", 0, 85))
        judge.site = site(camera("cam-1", view("v1")))

        judge.restart()
        told = judge.tick(10)

        assert told.lines == ["returned ds-a high"]
        assert told.alerts[0]["data"]["reason"] == "no longer in the site file"
        forgotten = judge.tell(acknowledge(told.alerts[0]["data"]["alarm"])).states
        assert [it.value for it in forgotten if it.key == "ds-a"] == [None]

    def test_a_limit_that_is_gone_returns_and_its_asset_stays(self) -> None:
        judge = Bench(SITE)
        judge.tell(reading("ds-a", 0, 85))
        judge.site = site(camera("cam-1", view("v1", asset("ds-a", high_high_c=100))))

        judge.restart()

        assert judge.tick(10).lines == ["returned ds-a high"]
        assert "ds-a" in judge.kept

    def test_the_same_site_file_changes_nothing(self) -> None:
        judge = Bench(SITE)
        judge.tell(reading("ds-a", 0, 85), reading("v1/find-1", 0, 75), status("cam-1", 0))

        judge.restart()

        assert list(judge.tick(0).outgoing) == []


def test_every_kind_of_input_has_a_topic_of_its_own() -> None:
    step = Alerting(SITE)

    found = [step.decode(record(it), T0) for it in (reading("ds-a", 0, 20), status("cam-1", 0))]

    assert [type(it) for it in found] == [Reading, CameraStatus]
