"""A second alerting: it answers reads, stands by, and goes on with what the first one knew when that one is gone."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import timedelta

import grpc
import pytest

from deploy.local.services import Ports
from protos.canairy.v1 import alarm_service_pb2 as pb
from protos.canairy.v1.alarm_service_pb2_grpc import AlarmServiceStub
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.processes import services
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import LIMITS, SITE, asset, pushed
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.helpers.waiting import until

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningStack, AlarmServiceStub]]:
    """A stack, and the AlarmService of another alerting beside it."""
    place = tmp_path_factory.mktemp("replica")
    site = {"site": {"id": SITE}, "cameras": [pushed("watched", [asset("watched-a", LIMITS)])]}
    (place / "site.yaml").write_text(json.dumps(site), encoding="utf-8")
    with running(place / "site.yaml", place / "data") as up:
        ports = Ports()
        settings = {
            "CANAIRY_SITE_FILE": str(place / "site.yaml"),
            "CANAIRY_KAFKA_BOOTSTRAP": up.stack.bootstrap,
        }
        with services("alerting", ports=ports, data=place / "other", settings=settings):
            yield up, AlarmServiceStub(up.channel(f"127.0.0.1:{ports.grpc['alerting']}"))
    shutil.rmtree(place, ignore_errors=True)


def listed(replica: AlarmServiceStub) -> list[str]:
    """The alarms that a replica lists; empty while it does not answer."""
    try:
        return [alarm.id for alarm in replica.List(pb.ListRequest(), timeout=30, wait_for_ready=True).alarms]
    except grpc.RpcError as error:
        # It has just started and has not read the alarms so far.
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            return []
        raise


def test_reads_are_served_and_commands_taken_by_every_replica(pair: tuple[RunningStack, AlarmServiceStub]) -> None:
    stack, replica = pair
    push_all(stack.ingest(), [request("watched", joint(90.0), just_now())])
    stack.until(lambda: stack.log.events("watched-a"), "the alarm")
    alarm = stack.log.events("watched-a")[0]["data"]["alarm"]

    stack.until(lambda: alarm in listed(replica), "the alarm at the replica")
    answer = replica.Acknowledge(pb.AcknowledgeRequest(id=alarm, user="night shift"), timeout=30)

    assert alarm in listed(stack.alarms())
    assert answer.outcome == pb.OUTCOME_ACCEPTED
    assert answer.alarm.acknowledged_by == "night shift"


def test_when_one_is_killed_the_other_judges_on_with_what_was_known(
    pair: tuple[RunningStack, AlarmServiceStub],
) -> None:
    stack, _ = pair
    start = just_now(40)
    push_all(stack.ingest(), [request("watched", joint(105.0), start)])
    stack.until(lambda: "high_high raised" in kinds(stack.log.events("watched-a")), "the second alarm")

    os.kill(stack.file.pids["alerting"], signal.SIGKILL)
    # Nobody starts it again meanwhile: the supervisor is not turned.
    push_all(stack.ingest(), [request("watched", joint(20.0), start + SECOND)])
    until(lambda: "high returned" in kinds(stack.log.events("watched-a")), "the returns")

    assert kinds(stack.log.events("watched-a")) == [
        "high raised",
        "high acknowledged",
        "high_high raised",
        "high returned",
        "high_high returned",
    ]
