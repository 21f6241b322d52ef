"""Frames and measurements pushed over real gRPC on loopback, with a broker in memory behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from canairy import topics
from canairy.errors import ConfigurationError
from canairy.messages.frame import Frame
from canairy.messages.measurement import Measurement
from canairy.messages.wire import timestamp
from canairy.stream.memory import MemoryBroker
from protos.canairy.v1 import ingest_service_pb2 as pb
from protos.canairy.v1.ingest_service_pb2_grpc import IngestServiceStub
from services.ingest import api
from services.ingest.api import IngestServer, IngestService, ServerOptions
from services.ingest.crew import Crew
from services.ingest.outbox import Outbox
from services.ingest.spool import Spool
from services.ingest.writer import Writer
from tests.helpers.ingest import SCALE_K, camera, handler_of, picture, site_of

SITE = site_of(camera("push-1", "push:"), camera("push-2", "push:"), measurements={"ambient": {"unit": "degC"}})
START = datetime.now(UTC) - timedelta(hours=1)


def frame(index: int, name: str = "push-1", shape: tuple[int, int] = (48, 64)) -> pb.SubmitFramesRequest:
    counts = picture(index, shape=shape)
    return pb.SubmitFramesRequest(
        camera=name,
        captured_at=timestamp(START + timedelta(seconds=index)),
        width=shape[1],
        height=shape[0],
        scale_k=SCALE_K,
        counts=counts.astype("<u2").tobytes(),
    )


@dataclass
class Service:
    """A running server, who calls it, and what came out of it."""

    broker: MemoryBroker
    outbox: Outbox
    server: IngestServer
    channel: grpc.Channel
    crew: Crew
    writer: Writer

    @property
    def stub(self) -> IngestServiceStub:
        return IngestServiceStub(self.channel)

    def start_writing(self) -> None:
        def write() -> None:
            while not self.crew.stop.is_set():
                self.writer.turn()

        self.crew.start("writer", write)

    @property
    def frames(self) -> list[Frame]:
        return [Frame.decode(record.value or b"") for record in self.broker.records(topics.FRAMES)]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    broker, outbox, crew = MemoryBroker(topics.ALL_TOPICS), Outbox(room_bytes=20_000), Crew(threading.Event())
    spool = Spool(tmp_path, 1 << 20)
    writer = Writer(outbox, broker.producer(), spool)
    server = IngestServer(IngestService(SITE, handler_of(SITE), outbox, lambda: datetime.now(UTC)), ServerOptions())
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Service(broker, outbox, server, channel, crew, writer)
    crew.stop.set()
    server.stop()
    outbox.close()
    crew.join(30)
    writer.finish()
    spool.close()


def test_pushed_frames_arrive_in_order_with_their_own_times(service: Service) -> None:
    service.start_writing()

    answer = service.stub.SubmitFrames(frame(index) for index in range(20))

    assert (answer.accepted, answer.refused) == (20, 0)
    assert [f.header.captured_at for f in service.frames] == [START + timedelta(seconds=s) for s in range(20)]
    assert np.array_equal(service.frames[7].thermogram.counts(), picture(7))


def test_a_bad_frame_is_refused_by_its_place_and_breaks_nothing(service: Service) -> None:
    service.start_writing()
    bad = {1: frame(1, name="cam-99"), 3: frame(0), 4: pb.SubmitFramesRequest(camera="push-1", width=9, height=9)}

    answer = service.stub.SubmitFrames(bad.get(index, frame(index)) for index in range(6))

    assert (answer.accepted, answer.refused) == (3, 3)
    assert [refusal.index for refusal in answer.refusals] == [1, 3, 4]
    assert "unknown camera 'cam-99'" in answer.refusals[0].reason
    assert "older than the newest frame" in answer.refusals[1].reason
    assert len(service.frames) == 3


def test_only_the_first_hundred_refusals_are_told_but_all_are_counted(service: Service) -> None:
    service.start_writing()

    answer = service.stub.SubmitFrames(frame(index, name="cam-99") for index in range(130))

    assert (answer.refused, len(answer.refusals)) == (130, 100)


def test_a_stream_is_held_back_while_there_is_no_room(service: Service) -> None:
    sent = []

    def frames() -> Iterator[pb.SubmitFramesRequest]:
        # 33 MB, more than all windows and buffers of a connection together.
        for index in range(200):
            sent.append(index)
            yield frame(index, shape=(256, 320))

    call = service.stub.SubmitFrames.future(frames())
    held_back = _settled(sent)
    assert held_back < 200, "nothing held the sender back"

    service.start_writing()
    answer = call.result(timeout=60)

    assert answer.accepted == 200
    assert len(service.frames) == 200


def _settled(sent: list[int]) -> int:
    """How many were sent when for a second no more were."""
    before = -1
    while len(sent) != before:
        before = len(sent)
        time.sleep(1)
    return before


def test_while_the_broker_is_away_pushed_frames_are_safe_on_disk_and_counted(service: Service) -> None:
    service.broker.available = False
    service.start_writing()

    answer = service.stub.SubmitFrames(frame(index) for index in range(5))
    assert answer.accepted == 5
    assert service.writer.spooled_bytes > 0

    service.broker.available = True
    _until(lambda: service.writer.spooled_bytes == 0)
    assert len(service.frames) == 5


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_was_not_written_is_not_called_accepted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "SAFE_WITHIN_S", 0.1)

    with pytest.raises(grpc.RpcError) as refused:
        service.stub.PushMeasurements(pb.PushMeasurementsRequest(measurements=[_ambient(21.5)]))

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "send it again" in str(refused.value.details())


def _ambient(value: float, name: str = "ambient") -> pb.MeasurementValue:
    return pb.MeasurementValue(name=name, value=value, measured_at=timestamp(START))


def test_measurements_are_taken_or_refused_each_by_itself(service: Service) -> None:
    service.start_writing()
    values = [_ambient(21.5), _ambient(float("nan")), _ambient(1.0, name="wind"), _ambient(22.5)]

    answer = service.stub.PushMeasurements(pb.PushMeasurementsRequest(measurements=values))

    assert answer.accepted == 2
    assert [(refusal.index, refusal.reason.partition(":")[0]) for refusal in answer.refusals] == [
        (1, "ambient is nan"),
        (2, "unknown measurement 'wind'"),
    ]
    written = [Measurement.decode(record.value or b"") for record in service.broker.records(topics.MEASUREMENTS)]
    assert [(m.name, m.value, m.origin.partition(":")[0]) for m in written] == [
        ("ambient", 21.5, "ipv4"),
        ("ambient", 22.5, "ipv4"),
    ]


def test_a_message_over_eight_mebibytes_is_refused(service: Service) -> None:
    service.start_writing()
    huge = pb.SubmitFramesRequest(camera="push-1", counts=bytes(8 * 1024 * 1024 + 1))

    with pytest.raises(grpc.RpcError) as refused:
        service.stub.SubmitFrames(iter([huge]))

    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_stream_that_goes_on_ends_with_what_was_kept_when_the_service_stops(service: Service) -> None:
    service.start_writing()
    enough = threading.Event()

    def frames() -> Iterator[pb.SubmitFramesRequest]:
        index = 0
        while not enough.is_set():
            yield frame(index)
            index += 1
            time.sleep(0.02)

    call = service.stub.SubmitFrames.future(frames())
    _until(lambda: len(service.frames) > 3)
    service.server.stop()
    answer = call.result(timeout=60)
    enough.set()

    assert answer.accepted == len(service.frames)
    assert answer.refused == 0


def test_two_streams_of_one_camera_do_not_change_its_order(service: Service) -> None:
    service.start_writing()
    calls = [service.stub.SubmitFrames.future(_one_by_one(start, 40)) for start in (0, 1)]

    answers = [call.result(timeout=60) for call in calls]

    times = [f.header.captured_at for f in service.frames]
    assert times == sorted(times)
    assert sum(answer.accepted for answer in answers) == len(times)
    assert sum(answer.accepted + answer.refused for answer in answers) == 40


def _one_by_one(start: int, end: int) -> Iterator[pb.SubmitFramesRequest]:
    return (frame(index) for index in range(start, end, 2))


def test_health_and_reflection_answer(service: Service) -> None:
    health: Any = health_pb2_grpc.HealthStub(service.channel)
    status = health.Check(health_pb2.HealthCheckRequest(service="canairy.v1.IngestService")).status
    assert status == health_pb2.HealthCheckResponse.SERVING

    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    reflection: Any = reflection_pb2_grpc.ServerReflectionStub(service.channel)
    (answer,) = reflection.ServerReflectionInfo(iter([asked]))
    names = {found.name for found in answer.list_services_response.service}
    assert {"canairy.v1.IngestService", "grpc.health.v1.Health"} <= names


def test_a_port_that_is_taken_stops_the_start(service: Service) -> None:
    other = IngestService(SITE, handler_of(SITE), service.outbox, lambda: datetime.now(UTC))

    with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{service.server.port}"):
        IngestServer(other, ServerOptions(port=service.server.port))
