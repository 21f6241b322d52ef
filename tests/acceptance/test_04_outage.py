"""A stack whose parts die: names of finds stay, reads go on without the broker, no frame of an outage is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import grpc
import pytest

from canairy import topics
from canairy.messages import wire
from canairy.messages.frame import Frame
from canairy.messages.reading import Reading
from protos.canairy.v1 import alarm_service_pb2 as pb
from tests.acceptance.helpers.command import canairy
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import backdrop, joint, just_now, push_all, request, spot
from tests.acceptance.helpers.site import LIMITS, SITE, asset, pushed, simulated
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.helpers.waiting import until

SECOND = timedelta(seconds=1)
CAMERA = "sim-02"


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack that may be hurt: a simulated camera, and two that are pushed."""
    place = tmp_path_factory.mktemp("rough")
    cameras = [
        simulated(CAMERA, "cam-02", "ct-302", {"high_c": 90}),
        *(pushed(name, [asset(f"{name}-a", LIMITS)]) for name in ("named", "kept")),
    ]
    site = {"site": {"id": SITE, "timezone": "Asia/Seoul"}, "cameras": cameras}
    (place / "site.yaml").write_text(json.dumps(site), encoding="utf-8")
    with running(place / "site.yaml", place / "data") as up:
        yield up
    shutil.rmtree(place, ignore_errors=True)


def finds(rough: RunningStack, at: datetime) -> dict[str, str]:
    """The names of the two hot spots in the frame of that time, by the side they are on; empty while not all are in."""
    records = [record for record in rough.log.records(topics.READINGS) if record.key.startswith("named-view/")]
    readings = [Reading.decode(record.value or b"") for record in records]
    seen = [it for it in readings if it.header.captured_at == at and it.temperatures is not None]
    sides = {"left" if it.temperatures.hottest_x < 80 else "right": it.asset for it in seen if it.temperatures}
    return sides if len(sides) == 2 else {}


def test_hot_spots_keep_their_names_when_detection_is_killed(rough: RunningStack) -> None:
    start = just_now()

    def show(at: datetime, left_k: float, right_k: float) -> dict[str, str]:
        picture = spot(spot(backdrop(), 20, 20, left_k), 110, 90, right_k)
        push_all(rough.ingest(), [request("named", picture, at)])
        return rough.until(lambda: finds(rough, at), "the hot spots of a frame")

    before = show(start, 30.0, 25.0)
    killed = rough.file.pids["detection"]
    os.kill(killed, signal.SIGKILL)
    # The other one is the stronger now: whoever had forgotten their names would number them the other way round.
    after = show(start + SECOND, 22.0, 33.0)

    assert rough.file.pids["detection"] != killed
    assert set(before.values()) == {"named-view/find-1", "named-view/find-2"}
    assert after == before


def test_while_the_broker_does_not_answer_reads_go_on_as_of_then_and_an_acknowledgement_says_why_not(
    rough: RunningStack,
) -> None:
    push_all(rough.ingest(), [request("kept", joint(90.0), just_now())])
    rough.until(lambda: listed(rough)[0], "the alarm on the list")
    broker = rough.file.pids["kafka"]

    os.kill(broker, signal.SIGSTOP)
    try:
        alarms, as_of = until(lambda: standing(rough), "an answer that does not grow any younger")
        ready = [json.loads(rough.get(name, "/ready"))["ok"] for name in ("ingest", "detection", "anomaly", "alerting")]
        call = pb.AcknowledgeRequest(id=alarms[0], user="night shift")
        with pytest.raises(grpc.RpcError) as refused:
            rough.alarms().Acknowledge(call, timeout=30)
        text = canairy("alarms", "list", "--data", str(rough.data)).stdout
    finally:
        os.kill(broker, signal.SIGCONT)
    rough.until(lambda: listed(rough)[1] > as_of, "an answer of now")

    assert alarms == listed(rough)[0]
    assert ready == [True] * 4
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "Kafka is away" in str(refused.value.details())
    assert "kept-a" in text
    assert "1 alarm as of " in text


def listed(rough: RunningStack) -> tuple[list[str], datetime]:
    answer = rough.alarms().List(pb.ListRequest(), timeout=30)
    return [alarm.id for alarm in answer.alarms], wire.moment(answer.as_of, "as_of")


def standing(rough: RunningStack) -> tuple[list[str], datetime] | None:
    """The answer, when it says the same 3 s later: with the broker there, it is younger every second."""
    first = listed(rough)
    time.sleep(3.0)
    return first if listed(rough) == first else None


def test_frames_of_an_outage_wait_on_disk_and_arrive_in_order_and_whole(rough: RunningStack) -> None:
    counted = "canairy_ingest_frames_total"
    rough.until(lambda: frames(rough), "frames of the simulated camera")

    os.kill(rough.file.pids["kafka"], signal.SIGKILL)
    begun = rough.metric("ingest", counted, camera=CAMERA)
    # Nobody starts the broker again meanwhile: the supervisor is not turned.
    until(lambda: rough.metric("ingest", "canairy_ingest_broker_away") == 1, "ingest seeing that the broker is away")
    until(lambda: rough.metric("ingest", counted, camera=CAMERA) >= begun + 8, "frames taken in meanwhile")
    assert rough.metric("ingest", "canairy_ingest_spool_bytes") > 0
    push_all(rough.ingest(), [request("kept", joint(20.0), just_now(1))])  # safe: it answers when the disk has it
    rough.until(lambda: rough.metric("ingest", "canairy_ingest_spool_bytes") == 0, "an empty spool")
    taken = rough.metric("ingest", counted, camera=CAMERA)
    rough.until(lambda: len(frames(rough)) >= taken, "every frame that was taken in")

    found = [Frame.decode(value).header for value in frames(rough).values()]
    assert rough.metric("ingest", "canairy_ingest_dropped_total") == 0
    assert [it.captured_at for it in found] == sorted(it.captured_at for it in found)
    rough.until(
        lambda: kinds(rough.log.events("kept-a"))[-1] == "high returned", "the return that was pushed meanwhile"
    )


def frames(rough: RunningStack) -> dict[str, bytes]:
    """The camera's frames by their identifier, in the order in which each came first: a repeat is no second frame."""
    found: dict[str, bytes] = {}
    for record in rough.log.records(topics.FRAMES, CAMERA):
        value = record.value or b""
        found.setdefault(Frame.decode(value).header.frame, value)
    return found
