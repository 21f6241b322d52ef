"""A broker behind a bad network: 300 ms each way, a trickle of bytes, connections that are reset at random.

The rule: the same frames give the same alarms as over a good network, each once, in the same order, and no service
dies of it. The same script is pushed to one camera for each network, and what is told of them is compared.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import grpc
import pytest

from canairy import topics
from canairy.messages.frame import Frame
from deploy.local.ports import free_port
from deploy.local.services import SERVICES
from protos.canairy.v1 import alarm_service_pb2 as pb
from protos.canairy.v1.ingest_service_pb2 import SubmitFramesRequest
from tests.acceptance.helpers.log import Event
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import LIMITS, SITE, asset, pushed
from tests.acceptance.helpers.spoken import spoken
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.helpers.tcp_proxy import Faults, TcpProxy

SECOND: Final = timedelta(seconds=1)
NETWORKS: Final = {
    "good": Faults(),
    "delayed": Faults(delay_s=0.3),
    "throttled": Faults(bytes_per_s=48 * 1024),
    "reset": Faults(reset_after_s=5.0),
    "all": Faults(delay_s=0.05, bytes_per_s=512 * 1024, reset_after_s=8.0),
}
# Degrees Celsius, one frame a second: high and high-high are crossed, returned, and crossed again.
SCRIPT: Final = (20, 85, 85, 82, 105, 104, 90, 79, 78, 70, 88, 20, 101, 50, 83, 79, 76, 20, 99, 20)
BATCH: Final = 4
# The script ends cold: its last frame ends an alarm.
LAST: Final = (len(SCRIPT) - 1) * SECOND


Told = list[tuple[str, str, timedelta, str, int]]


@dataclass(frozen=True)
class Line:
    """A stack whose services reach Kafka through a proxy, and what was played on it so far: when each camera began."""

    stack: RunningStack
    proxy: TcpProxy
    pids: dict[str, int]
    began: dict[str, datetime]

    def told(self, camera: str) -> Told:
        """What happened to the alarms of a camera's asset, in order, with times from its start."""
        return [summary(event, self.began[camera]) for event in self.stack.log.events(f"{camera}-a")]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    place = tmp_path_factory.mktemp("slow")
    cameras = [pushed(name, [asset(f"{name}-a", LIMITS)]) for name in NETWORKS]
    (place / "site.yaml").write_text(json.dumps({"site": {"id": SITE}, "cameras": cameras}), encoding="utf-8")
    inside, outside = free_port(), free_port()
    with (
        TcpProxy(outside, inside) as proxy,
        running(place / "site.yaml", place / "data", kafka_port=inside, advertised_port=outside) as stack,
    ):
        line = Line(stack, proxy, dict(stack.file.pids), {})
        play(line, "good", events=1)
        stack.until(lambda: line.told("good")[-1][2] == LAST, "the last event over a good network")
        yield line
    shutil.rmtree(place, ignore_errors=True)


def summary(event: Event, start: datetime) -> tuple[str, str, timedelta, str, int]:
    data = event["data"]
    since_start = datetime.fromisoformat(data["captured_at"]) - start
    return event["type"], data["condition"], since_start, data["priority"], data["version"]


def play(line: Line, camera: str, events: int) -> None:
    """Push the script over the camera's network, acknowledge its first alarm, and wait for so many events."""
    stack, start, resets = line.stack, just_now(60), line.proxy.resets
    line.began[camera] = start
    frames = [request(camera, joint(float(celsius)), start + n * SECOND) for n, celsius in enumerate(SCRIPT)]
    line.proxy.faults = NETWORKS[camera]
    try:
        stack.until(lambda: safe(stack, frames[:BATCH]), "the first frames safe with ingest")
        stack.until(lambda: stack.log.events(f"{camera}-a"), "the first alarm")
        alarm = stack.log.events(f"{camera}-a")[0]["data"]["alarm"]
        stack.until(lambda: acknowledged(stack, alarm), "its acknowledgement")
        if NETWORKS[camera].reset_after_s < math.inf:
            stack.until(lambda: line.proxy.resets > resets, "a connection that is reset")
        for first in range(BATCH, len(frames), BATCH):
            stack.until(lambda it=first: safe(stack, frames[it : it + BATCH]), "frames safe with ingest")  # type: ignore[misc]
        stack.until(lambda: len(line.told(camera)) >= events, "as many events as over a good network")
    finally:
        line.proxy.faults = Faults()


def safe(stack: RunningStack, frames: Sequence[SubmitFramesRequest]) -> bool:
    """Push; sent twice they count once, so whoever gets no answer may send them again."""
    try:
        push_all(stack.ingest(), frames)
    except grpc.RpcError as error:
        return unavailable(error)
    return True


def acknowledged(stack: RunningStack, alarm: str) -> bool:
    """Ask; with one idempotency key it counts once, so whoever gets no answer may ask again."""
    call = pb.AcknowledgeRequest(id=alarm, user="night shift", idempotency_key=f"slow-{alarm}")
    try:
        answer = stack.alarms().Acknowledge(call, timeout=60)
    except grpc.RpcError as error:
        return unavailable(error)
    assert answer.outcome in {pb.OUTCOME_ACCEPTED, pb.OUTCOME_PENDING}, answer.reason
    return bool(answer.outcome == pb.OUTCOME_ACCEPTED)


def unavailable(error: grpc.RpcError) -> bool:
    """False: ask again; anything but that is a defect."""
    if error.code() is not grpc.StatusCode.UNAVAILABLE:
        raise error
    return False


def test_the_script_over_a_good_network_is_what_the_others_are_compared_with(line: Line) -> None:
    kinds = [(kind.split(".")[3], condition, since.seconds) for kind, condition, since, _, _ in line.told("good")]

    assert kinds[:5] == [
        ("raised", "high", 1),
        ("acknowledged", "high", 1),
        ("raised", "high_high", 4),
        ("returned", "high_high", 6),
        ("returned", "high", 9),
    ]


@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "good"])
def test_over_a_bad_network_the_same_is_told_once_and_in_order(line: Line, network: str) -> None:
    play(line, network, len(line.told("good")))

    assert line.told(network) == line.told("good")


def test_nothing_came_twice_and_nothing_is_missing_after_all_of_it(line: Line) -> None:
    stack = line.stack
    played = {name: line.told(name) for name in line.began}

    assert played == dict.fromkeys(played, line.told("good"))
    for camera in played:
        arrived = [Frame.decode(it.value or b"").header for it in stack.log.records(topics.FRAMES, camera)]
        first_seen = list(dict.fromkeys(header.captured_at for header in arrived))
        assert first_seen == [line.began[camera] + n * SECOND for n in range(len(SCRIPT))]
    assert stack.log.records(topics.dead_letters(topics.FRAMES)) == []


def test_no_service_died_of_it(line: Line) -> None:
    traces = {name: [it for it in spoken(line.stack.data, name) if it.get("level") == "critical"] for name in SERVICES}

    assert line.stack.file.pids == line.pids
    assert traces == {name: [] for name in SERVICES}
