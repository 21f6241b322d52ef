"""canairy.v1.AlarmService on a running stack: List, Get, Acknowledge, Stream with resume; health and reflection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from canairy import topics
from canairy.messages import wire
from canairy.messages.alarm import Alarm, AlarmState
from protos.canairy.v1 import alarm_service_pb2 as pb
from tests.acceptance.helpers.alarms import shown
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.stack import RunningStack

SECOND = timedelta(seconds=1)
EARLIEST, YESTERDAY = "earliest", "yesterday"


def show(stack: RunningStack, camera: str, celsius: float, at: datetime) -> None:
    push_all(stack.ingest(), [request(camera, joint(celsius), at)])


def raised(stack: RunningStack, camera: str, at: datetime) -> Alarm:
    """Make the camera's joint too hot, and answer its alarm as the service shows it."""
    before = len(stack.log.events(f"{camera}-a", "high"))
    show(stack, camera, 90.0, at)
    stack.until(lambda: len(stack.log.events(f"{camera}-a", "high")) > before, f"an alarm of {camera}")
    alarm = stack.log.events(f"{camera}-a", "high")[-1]["data"]
    return stack.until(lambda: shown(stack, alarm["alarm"], alarm["version"]), "the alarm in the view")


def listed(stack: RunningStack, *, include_normal: bool = False) -> list[Alarm]:
    answer = stack.alarms().List(pb.ListRequest(include_normal=include_normal), timeout=30)
    assert datetime.now(UTC) - wire.moment(answer.as_of, "as_of") < timedelta(minutes=1)
    return [Alarm.from_wire(alarm) for alarm in answer.alarms]


def acknowledge(stack: RunningStack, alarm: str, key: str, version: int = 0) -> pb.AcknowledgeResponse:
    call = pb.AcknowledgeRequest(
        id=alarm, user="night shift", idempotency_key=key, expected_version=version, comment="on my way"
    )
    answer: pb.AcknowledgeResponse = stack.alarms().Acknowledge(call, timeout=30)
    return answer


def test_an_alarm_is_listed_acknowledged_and_leaves_the_list_when_it_has_returned(stack: RunningStack) -> None:
    start = just_now()
    alarm = raised(stack, "handled", start)
    assert alarm.id in [it.id for it in listed(stack)]
    priorities = [it.priority.value for it in listed(stack)]
    assert priorities == sorted(priorities, reverse=True)

    # Rejected at a version that nobody saw, accepted at its own; the same key once more counts once.
    wrong = acknowledge(stack, alarm.id, "handled-1", version=alarm.version + 7)
    right = acknowledge(stack, alarm.id, "handled-2", version=alarm.version)
    again = acknowledge(stack, alarm.id, "handled-2", version=alarm.version)
    late = acknowledge(stack, alarm.id, "handled-3")
    show(stack, "handled", 20.0, start + SECOND)
    stack.until(lambda: "high returned" in kinds(stack.log.events("handled-a")), "the return")

    assert (wrong.outcome, right.outcome) == (pb.OUTCOME_REJECTED, pb.OUTCOME_ACCEPTED)
    assert f"at version {alarm.version}, not {alarm.version + 7}" in wrong.reason
    assert Alarm.from_wire(right.alarm).state is AlarmState.ACKNOWLEDGED
    assert Alarm.from_wire(right.alarm).acknowledged_by == "night shift"
    assert again.outcome == pb.OUTCOME_ACCEPTED
    assert (late.outcome, late.reason) == (pb.OUTCOME_REJECTED, "already acknowledged by night shift")
    events = stack.log.events("handled-a")
    assert kinds(events) == ["high raised", "high acknowledged", "high returned"]
    assert [event["data"]["state"] for event in events] == ["unacknowledged", "acknowledged", "normal"]
    stack.until(lambda: alarm.id not in [it.id for it in listed(stack)], "the alarm off the list")
    assert alarm.id in [it.id for it in listed(stack, include_normal=True)]


def test_an_alarm_that_returned_before_anybody_saw_it_waits_for_its_acknowledgement(stack: RunningStack) -> None:
    start = just_now(50)
    alarm = raised(stack, "unseen", start)

    show(stack, "unseen", 20.0, start + SECOND)
    waiting = stack.until(lambda: shown(stack, alarm.id, alarm.version + 1), "the return in the view")
    answer = acknowledge(stack, alarm.id, "unseen-1")

    assert waiting.state is AlarmState.RETURNED_UNACKNOWLEDGED
    assert answer.outcome == pb.OUTCOME_ACCEPTED
    assert kinds(stack.log.events("unseen-a"))[:2] == ["high raised", "high returned"]
    stack.until(lambda: alarm.id not in [it.id for it in listed(stack)], "the alarm off the list")


def test_an_unknown_alarm_is_not_found_and_cannot_be_acknowledged(stack: RunningStack) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stack.alarms().Get(pb.GetRequest(id="000000000000"), timeout=30)
    answer = acknowledge(stack, "000000000000", "nobody")

    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert "'000000000000'" in str(refused.value.details())
    assert answer.outcome == pb.OUTCOME_REJECTED
    assert "no alarm 000000000000 is known" in answer.reason


def test_a_stream_that_is_resumed_loses_nothing_and_tells_nothing_twice(stack: RunningStack) -> None:
    start = just_now()

    def shows(stream: Iterator[pb.StreamResponse], first: int, count: int) -> list[pb.StreamResponse]:
        """Let `count` alarms come and go while somebody listens, and take that many events of the site."""
        for number in range(first, first + count):
            show(stack, "streamed", 90.0 if number % 2 == 0 else 20.0, start + number * SECOND)
        return list(islice(stream, count))

    call = stack.alarms().Stream(pb.StreamRequest(), timeout=120)
    call.initial_metadata()  # from now on
    before = shows(call, 0, 4)
    call.cancel()
    for number in range(4, 8):  # nobody listens
        show(stack, "streamed", 90.0 if number % 2 == 0 else 20.0, start + number * SECOND)
    resumed = stack.alarms().Stream(pb.StreamRequest(resume_token=before[-1].resume_token), timeout=120)
    after = shows(resumed, 8, 8)
    resumed.cancel()

    told = [*before, *after]
    first = int(told[0].resume_token.partition(":")[2])
    last = int(told[-1].resume_token.partition(":")[2])
    stack.until(lambda: stack.log.records(topics.ALERTS)[-1].offset >= last, "the same events on the topic")
    stand = [record for record in stack.log.records(topics.ALERTS) if first <= record.offset <= last]
    assert [response.cloud_event for response in told] == [record.value for record in stand]


def test_a_stream_begins_with_the_oldest_or_says_that_its_token_is_none(stack: RunningStack) -> None:
    oldest = stack.until(lambda: stack.log.records(topics.ALERTS), "an alert")[0]

    call = stack.alarms().Stream(pb.StreamRequest(resume_token=EARLIEST), timeout=60)
    first = next(call)
    call.cancel()
    with pytest.raises(grpc.RpcError) as refused:
        next(stack.alarms().Stream(pb.StreamRequest(resume_token=YESTERDAY), timeout=60))

    assert first.cloud_event == oldest.value
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "'yesterday' is no resume token" in str(refused.value.details())


@pytest.mark.parametrize("service", ["AlarmService", "IngestService"])
def test_both_services_tell_their_health_and_describe_themselves(stack: RunningStack, service: str) -> None:
    name = f"canairy.v1.{service}"
    address = stack.file.alarms_address if service == "AlarmService" else stack.file.ingest_address
    channel = stack.channel(address)

    def serving() -> bool:
        call = health_pb2.HealthCheckRequest(service=name)
        answer = health_pb2_grpc.HealthStub(channel).Check(call, timeout=30)  # type: ignore[attr-defined]
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    stack.until(serving, f"{name} serving")
    described = ProtoReflectionDescriptorDatabase(channel).get_services()

    assert {name, "grpc.health.v1.Health"} <= set(described)
