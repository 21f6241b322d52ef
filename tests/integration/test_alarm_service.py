"""canairy.v1.AlarmService over a real gRPC channel on loopback, with the broker in memory behind it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from canairy.errors import ConfigurationError
from canairy.messages.alarm import Alarm, AlarmState
from canairy.messages.command import Command
from canairy.stream.broker import Outgoing
from canairy.topics import ALERTS, COMMANDS
from protos.canairy.v1 import alarm_service_pb2 as pb
from protos.canairy.v1 import alarm_service_pb2_grpc as pb_grpc
from services.alerting.alert_stream import EARLIEST
from services.alerting.api import start_api
from tests.helpers.alarm_desk import NOON, PATIENCE_S, SERVICE, Desk, Judge, alarm, open_desk, site_broker, viewing

FROM_ANOTHER_TOPIC = "0:4711"
NEVER_GIVEN = "yesterday"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as desk:
        yield desk


def refusal(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    call: Any = error  # what a channel raises is the call too; the types do not say so
    return call.code(), call.details() or ""


def alert(number: int) -> Outgoing:
    return Outgoing(ALERTS, "ds-301-a", json.dumps({"id": f"event-{number}"}).encode())


def names(responses: Iterable[pb.StreamResponse]) -> list[str]:
    return [json.loads(response.cloud_event)["id"] for response in responses]


def test_list_shows_what_stands_and_as_of_when(desk: Desk) -> None:
    standing = desk.stub.List(pb.ListRequest(), timeout=PATIENCE_S)
    everything = desk.stub.List(pb.ListRequest(include_normal=True), timeout=PATIENCE_S)

    assert [Alarm.from_wire(it) for it in standing.alarms] == [alarm("a-1")]
    assert standing.as_of.ToDatetime(UTC) > NOON
    assert {it.id for it in everything.alarms} == {"a-1", "a-2"}


def test_get_answers_one_alarm_and_names_the_one_it_does_not_know(desk: Desk) -> None:
    found = desk.stub.Get(pb.GetRequest(id="a-1"), timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as unknown:
        desk.stub.Get(pb.GetRequest(id="a-9"), timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as nameless:
        desk.stub.Get(pb.GetRequest(), timeout=PATIENCE_S)

    assert found.alarm.asset == "ds-301-a"
    code, text = refusal(unknown.value)
    assert (code, "'a-9'" in text) == (grpc.StatusCode.NOT_FOUND, True)
    assert refusal(nameless.value)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_an_acknowledgement_is_decided_by_the_judge_and_shown(desk: Desk) -> None:
    answer = desk.stub.Acknowledge(
        pb.AcknowledgeRequest(id="a-1", user="kim", expected_version=1, comment="on my way"), timeout=PATIENCE_S
    )

    command = Command.decode(desk.broker.records(COMMANDS)[0].value or b"")
    assert answer.outcome == pb.OUTCOME_ACCEPTED
    assert (answer.alarm.state, answer.alarm.version) == (AlarmState.ACKNOWLEDGED.value, 2)
    assert (command.alarm, command.user, command.comment, command.expected_version) == ("a-1", "kim", "on my way", 1)
    assert command.id
    assert desk.broker.records(COMMANDS)[0].key == "a-1"


def test_a_refused_acknowledgement_tells_the_judge_s_reason(desk: Desk) -> None:
    answer = desk.stub.Acknowledge(pb.AcknowledgeRequest(id="a-1", user="kim", expected_version=7), timeout=PATIENCE_S)

    assert answer.outcome == pb.OUTCOME_REJECTED
    assert answer.reason == "the alarm is at version 1, not 7"
    assert answer.alarm.state == AlarmState.UNACKNOWLEDGED.value


def test_the_same_key_is_decided_once(desk: Desk) -> None:
    request = pb.AcknowledgeRequest(id="a-1", user="kim", idempotency_key="k-1")

    answers = [desk.stub.Acknowledge(request, timeout=PATIENCE_S) for _ in range(2)]
    with pytest.raises(grpc.RpcError) as reused:
        desk.stub.Acknowledge(pb.AcknowledgeRequest(id="a-2", user="kim", idempotency_key="k-1"), timeout=PATIENCE_S)

    assert [answer.outcome for answer in answers] == [pb.OUTCOME_ACCEPTED] * 2
    assert len(desk.broker.records(COMMANDS)) == 1
    assert refusal(reused.value)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_a_judge_that_does_not_answer_leaves_the_command_pending(desk: Desk) -> None:
    desk.judge.silent = True

    answer = desk.stub.Acknowledge(pb.AcknowledgeRequest(id="a-1", user="kim", idempotency_key="k-1"), timeout=1.5)

    assert answer.outcome == pb.OUTCOME_PENDING
    assert "'k-1'" in answer.reason
    assert len(desk.broker.records(COMMANDS)) == 1


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (pb.AcknowledgeRequest(user="kim"), "id is missing"),
        (pb.AcknowledgeRequest(id="a-1"), "user is missing"),
        (pb.AcknowledgeRequest(id="a-1", user="  "), "user is missing"),
        (pb.AcknowledgeRequest(id="a-1", user="k" * 201), "user has 201 characters"),
        (pb.AcknowledgeRequest(id="a-1", user="kim", comment="\x1b[2J"), "comment holds characters"),
    ],
)
def test_what_no_judge_could_obey_is_refused_at_once(desk: Desk, request_: pb.AcknowledgeRequest, what: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        desk.stub.Acknowledge(request_, timeout=PATIENCE_S)

    code, text = refusal(caught.value)
    assert (code, what in text) == (grpc.StatusCode.INVALID_ARGUMENT, True), text
    assert desk.broker.records(COMMANDS) == []


def test_without_kafka_reads_go_on_and_acknowledging_says_why_not(desk: Desk) -> None:
    desk.broker.available = False

    listed = desk.stub.List(pb.ListRequest(), timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as acknowledged:
        desk.stub.Acknowledge(pb.AcknowledgeRequest(id="a-1", user="kim"), timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as streamed:
        next(desk.stub.Stream(pb.StreamRequest(), timeout=PATIENCE_S))

    assert [it.id for it in listed.alarms] == ["a-1"]
    for error in (acknowledged.value, streamed.value):
        code, text = refusal(error)
        assert (code, "Kafka is away" in text) == (grpc.StatusCode.UNAVAILABLE, True)
    assert desk.health() == health_pb2.HealthCheckResponse.SERVING


def test_a_stream_begins_now_and_gives_the_events_as_they_stand(desk: Desk) -> None:
    desk.broker.append([alert(1)])
    stream = desk.stub.Stream(pb.StreamRequest(), timeout=PATIENCE_S)
    list(stream.initial_metadata())
    desk.broker.append([alert(2), alert(3)])

    first, second = next(stream), next(stream)

    assert first.cloud_event == alert(2).value
    assert names([second]) == ["event-3"]
    stream.cancel()


def test_a_stream_goes_on_after_its_token(desk: Desk) -> None:
    desk.broker.append([alert(number) for number in range(5)])
    stream = desk.stub.Stream(pb.StreamRequest(resume_token=EARLIEST), timeout=PATIENCE_S)
    before = [next(stream) for _ in range(2)]
    stream.cancel()

    again = desk.stub.Stream(pb.StreamRequest(resume_token=before[-1].resume_token), timeout=PATIENCE_S)
    after = [next(again) for _ in range(3)]

    again.cancel()
    assert names(before) == ["event-0", "event-1"]
    assert names(after) == ["event-2", "event-3", "event-4"]


def test_a_token_of_a_topic_that_was_made_anew_begins_with_the_oldest(desk: Desk) -> None:
    desk.broker.append([alert(1)])

    stream = desk.stub.Stream(pb.StreamRequest(resume_token=FROM_ANOTHER_TOPIC), timeout=PATIENCE_S)

    assert names([next(stream)]) == ["event-1"]
    stream.cancel()


def test_a_token_that_was_never_given_is_refused(desk: Desk) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        next(desk.stub.Stream(pb.StreamRequest(resume_token=NEVER_GIVEN), timeout=PATIENCE_S))

    code, text = refusal(caught.value)
    assert (code, "'yesterday'" in text) == (grpc.StatusCode.INVALID_ARGUMENT, True)


def test_a_stream_outlives_a_kafka_that_goes_away(desk: Desk) -> None:
    stream = desk.stub.Stream(pb.StreamRequest(), timeout=PATIENCE_S)
    list(stream.initial_metadata())

    desk.broker.available = False
    threading.Event().wait(0.3)
    desk.broker.available = True
    desk.broker.append([alert(1)])

    assert names([next(stream)]) == ["event-1"]
    stream.cancel()


def test_a_slow_subscriber_blocks_nobody(desk: Desk) -> None:
    big = json.dumps({"id": "big", "data": "x" * 1_000_000}).encode()
    slow = desk.stub.Stream(pb.StreamRequest(resume_token=EARLIEST), timeout=PATIENCE_S)
    desk.broker.append([Outgoing(ALERTS, "a", big)] * 20)
    assert names([next(slow)]) == ["big"]

    quick = desk.stub.Stream(pb.StreamRequest(), timeout=PATIENCE_S)
    list(quick.initial_metadata())
    desk.broker.append([alert(1)])

    assert names([next(quick)]) == ["event-1"]
    assert desk.stub.List(pb.ListRequest(), timeout=PATIENCE_S).alarms
    quick.cancel()
    slow.cancel()


def test_stopping_ends_streams_without_an_error(desk: Desk) -> None:
    stream = desk.stub.Stream(pb.StreamRequest(resume_token=EARLIEST))
    list(stream.initial_metadata())

    desk.api.stop(grace_s=5.0)

    assert list(stream) == []
    assert stream.code() is grpc.StatusCode.OK


def test_health_is_serving_once_the_view_was_read() -> None:
    broker = site_broker()
    broker.available = False
    with viewing(broker) as view:
        desk = Desk(broker, view, Judge(broker, {}))
        before = desk.health()
        with pytest.raises(grpc.RpcError) as early:
            desk.stub.List(pb.ListRequest(), timeout=PATIENCE_S)
        broker.available = True

        while desk.health() != health_pb2.HealthCheckResponse.SERVING:
            threading.Event().wait(0.05)

        assert before == health_pb2.HealthCheckResponse.NOT_SERVING
        assert refusal(early.value)[0] is grpc.StatusCode.UNAVAILABLE
        assert desk.health("") == health_pb2.HealthCheckResponse.SERVING
        desk.close()


def test_reflection_names_the_service(desk: Desk) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(desk.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")

    answer = next(stub.ServerReflectionInfo(iter([request]), timeout=PATIENCE_S))

    assert SERVICE in {it.name for it in answer.list_services_response.service}


def test_an_address_that_is_taken_is_a_mistake_in_the_settings(desk: Desk) -> None:
    address = f"127.0.0.1:{desk.api.port}"

    with pytest.raises(ConfigurationError, match=address):
        start_api(
            desk.view, desk.judge, lambda from_start: desk.broker.reader([ALERTS], from_start=from_start), address
        )


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates of this test")
def test_with_a_client_ca_only_known_clients_are_served(desk: Desk, tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path, "server")
    client_cert, client_key = self_signed(tmp_path, "client")
    api = start_api(
        desk.view, desk.judge, lambda from_start: desk.broker.reader([ALERTS], from_start=from_start),
        grpc_tls_cert=cert, grpc_tls_key=key, grpc_client_ca=client_cert,
    )  # fmt: skip
    known = grpc.ssl_channel_credentials(cert.read_bytes(), client_key.read_bytes(), client_cert.read_bytes())
    unknown = grpc.ssl_channel_credentials(cert.read_bytes())

    with grpc.secure_channel(f"localhost:{api.port}", known) as channel:
        served = pb_grpc.AlarmServiceStub(channel).List(pb.ListRequest(), timeout=PATIENCE_S)
    with grpc.secure_channel(f"localhost:{api.port}", unknown) as channel, pytest.raises(grpc.RpcError) as refused:
        pb_grpc.AlarmServiceStub(channel).List(pb.ListRequest(), timeout=PATIENCE_S)

    api.stop()
    assert len(served.alarms) == 1
    assert refusal(refused.value)[0] is grpc.StatusCode.UNAVAILABLE


def test_half_a_tls_setting_is_a_mistake(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="belong together"):
        start_api(
            desk.view, desk.judge, lambda from_start: desk.broker.reader([ALERTS], from_start=from_start),
            grpc_tls_cert=tmp_path / "server.crt",
        )  # fmt: skip
