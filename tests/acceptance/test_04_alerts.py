"""thermal.alerts as a SCADA gateway reads it: CloudEvents 1.0 JSON, by Kafka's own console consumer."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canairy import topics
from deploy.local.jars import ensure_jars
from protos.canairy.v1 import alarm_service_pb2 as pb
from tests.acceptance.helpers.command import json_lines
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import RESPONSE, SITE
from tests.acceptance.helpers.stack import RunningStack

SECOND = timedelta(seconds=1)
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
TYPES = {f"io.canairy.alarm.{word}.v1" for word in ("raised", "acknowledged", "returned", "heartbeat")}
REQUIRED = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}
DATA = {
    "alarm",
    "asset",
    "condition",
    "temperature_c",
    "compared_with",
    "priority",
    "state",
    "quality",
    "captured_at",
    "reason",
    "response",
}


def console_consumer(stack: RunningStack, messages: int, *options: str) -> str:
    """What `kafka-console-consumer` prints of the first messages of thermal.alerts."""
    java = ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{ensure_jars()}/*"]
    tool = ["org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", stack.stack.bootstrap]
    what = ["--topic", topics.ALERTS, "--from-beginning", "--isolation-level", "read_committed"]
    # --timeout-ms ends it when less comes than was asked for.
    until = ["--max-messages", str(messages), "--timeout-ms", "20000"]
    done = subprocess.run(
        [*java, *tool, *what, *until, *options],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.stdout


@pytest.fixture(scope="module")
def start(stack: RunningStack) -> datetime:
    """When an alarm was raised whose whole life is told: raised, acknowledged, returned."""
    begun = just_now().replace(microsecond=250_000)
    push_all(stack.ingest(), [request("told", joint(90.5), begun)])
    stack.until(lambda: stack.log.events("told-a"), "the alarm")
    alarm = stack.log.events("told-a")[0]["data"]["alarm"]
    call = pb.AcknowledgeRequest(id=alarm, user="night shift")
    stack.until(lambda: stack.alarms().Acknowledge(call, timeout=30).outcome == pb.OUTCOME_ACCEPTED, "the answer")
    push_all(stack.ingest(), [request("told", joint(20.0), begun + SECOND)])
    stack.until(lambda: "high returned" in kinds(stack.log.events("told-a")), "the return")
    return begun


@pytest.fixture(scope="module")
def read(stack: RunningStack, start: datetime) -> list[dict[str, Any]]:
    """All events up to then, as the console consumer reads them."""
    del start
    stand = stack.log.records(topics.ALERTS)
    events = json_lines(console_consumer(stack, len(stand)))
    assert len(events) == len(stand)
    return events


def test_every_event_is_a_cloud_event_with_all_its_attributes(read: list[dict[str, Any]]) -> None:
    for event in read:
        assert event.keys() == REQUIRED, event
        assert event["specversion"] == "1.0"
        assert event["source"] == f"/sites/{SITE}"
        assert event["type"] in TYPES
        assert re.fullmatch(RFC3339, event["time"])
        assert event["datacontenttype"] == "application/json"
        assert event["subject"] == event["data"]["asset"]
    assert max(Counter((event["source"], event["id"]) for event in read).values()) == 1
    assert {event["type"] for event in read} == TYPES


def test_every_alarm_has_the_data_that_an_operator_and_a_gateway_need(read: list[dict[str, Any]]) -> None:
    alarms = [event["data"] for event in read if "heartbeat" not in event["type"]]

    for data in alarms:
        # Silence has no temperature, and is compared with nothing.
        expected = DATA - {"temperature_c"} if data["condition"] == "coverage" else DATA
        assert expected <= data.keys(), data
        assert data["priority"] in {"low", "medium", "high"}
        assert data["state"] in {"normal", "unacknowledged", "acknowledged", "returned_unacknowledged"}
        assert data["quality"] in {"good", "stale", "invalid"}


def test_an_alarm_is_told_from_its_beginning_to_its_end(read: list[dict[str, Any]], start: datetime) -> None:
    raised, acknowledged, returned = [event for event in read if event["subject"] == "told-a"]

    assert datetime.fromisoformat(raised["time"]) == start
    assert raised["data"] | {"alarm": "", "frame": "", "data_age_s": 0} == {
        "alarm": "",
        "version": 1,
        "asset": "told-a",
        "condition": "high",
        "priority": "high",
        "state": "unacknowledged",
        "quality": "good",
        "temperature_c": 90.5,
        "compared_with": "limit",
        "limit": 80.0,
        "data_age_s": 0,
        "camera": "told",
        "view": "told-view",
        "frame": "",
        "reason": "90.5 °C (limit 80)",
        "response": RESPONSE,
        "captured_at": start.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "since": start.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    assert (acknowledged["data"]["state"], acknowledged["data"]["acknowledged_by"]) == ("acknowledged", "night shift")
    assert (returned["data"]["state"], returned["data"]["reason"]) == (
        "normal",
        "22.0 °C, under 77 (limit 80, dead-band 3)",
    )
    assert datetime.fromisoformat(returned["time"]) == start + SECOND
    words = [event["id"].split("-")[1:] for event in (raised, acknowledged, returned)]
    assert words == [["raised", "1"], ["acknowledged", "2"], ["returned", "3"]]


def test_events_are_keyed_by_asset_and_say_what_they_are_in_a_header(stack: RunningStack, start: datetime) -> None:
    del start

    printed = console_consumer(
        stack, 1, "--property", "print.key=true", "--property", "print.headers=true", "--property", "print.value=false"
    )
    (key,) = {record.key for record in stack.log.records(topics.ALERTS, "told-a")}

    assert key == "told-a"
    assert "content-type:application/cloudevents+json" in printed


def test_the_canary_is_the_heartbeat_of_the_site(stack: RunningStack) -> None:
    beats = stack.until(lambda: two(stack), "two heartbeats")

    first, second = (event["data"] for event in beats)
    assert first["temperature_c"] == 100.0
    assert (first["status"], first["reason"]) == ([], "all is well")
    moments = [datetime.fromisoformat(data["captured_at"]) for data in (first, second)]
    # The period is set to 5 s here; a minute is the default.
    assert timedelta(seconds=4) < moments[1] - moments[0]
    assert moments[0] <= datetime.now(UTC)


def two(stack: RunningStack) -> list[dict[str, Any]]:
    return stack.log.events("_canary")[:2] if len(stack.log.events("_canary")) > 1 else []


def test_one_trace_leads_from_the_camera_to_the_alarm(stack: RunningStack) -> None:
    push_all(stack.ingest(), [request("traced", joint(90.0), just_now())])
    stack.until(lambda: stack.log.events("traced-a"), "the alarm")

    def traces(topic: str, key: str) -> set[bytes]:
        return {record.headers["traceparent"].split(b"-")[1] for record in stack.log.records(topic, key)}

    stack.until(lambda: stack.log.records(topics.READINGS, "traced-a"), "the reading")
    way = [(topics.FRAMES, "traced"), (topics.DETECTIONS, "traced"), (topics.READINGS, "traced-a")]
    (trace,) = traces(topics.ALERTS, "traced-a")
    assert [traces(*step) for step in way] == [{trace}] * 3
