"""Simulated cameras that push their frames: the joint of each is hot in every other one, so each frame is an alert."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import grpc
import numpy as np
import numpy.typing as npt

from benchmarks.sites import JOINT_PX, PUSHED
from canairy.messages import wire
from canairy.simulator.scenarios import camera_script
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from protos.canairy.v1 import ingest_service_pb2 as pb
from protos.canairy.v1.ingest_service_pb2_grpc import IngestServiceStub

Counts = npt.NDArray[np.uint16]

HOT_C: Final = 90.0
COLD_C: Final = 60.0
JOINT_RADIUS_PX: Final = 6
# Rendered before the clock starts; the noise differs from one to the next.
RENDERED: Final = 16


class Pushing:
    """Pushes `hz` frames a second, all cameras together, at times that no poll can fall in step with."""

    def __init__(self, address: str, hz: float, seed: int = 1) -> None:
        self._channel = grpc.insecure_channel(address)
        self._period_s = len(PUSHED) / hz
        self._random = random.Random(seed)
        self._frames = {celsius: _frames(celsius) for celsius in (HOT_C, COLD_C)}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pushing", daemon=True)
        self._trouble = ""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the stream; raises when it broke, or a frame was refused: its alert never came."""
        self._stopping.set()
        self._thread.join(30)
        self._channel.close()
        if self._trouble:
            raise RuntimeError(f"pushed frames: {self._trouble}")

    def _run(self) -> None:
        try:
            answer = IngestServiceStub(self._channel).SubmitFrames(self._requests(), wait_for_ready=True)
        except grpc.RpcError as error:
            self._trouble = str(error)
        else:
            self._trouble = f"{answer.refused} refused: {list(answer.refusals)[:3]}" if answer.refused else ""

    def _requests(self) -> Iterator[pb.SubmitFramesRequest]:
        begun = time.monotonic()
        due = [(begun + self._random.uniform(0, self._period_s), number, 0) for number in range(len(PUSHED))]
        heapq.heapify(due)
        while not self._stopping.is_set():
            at, number, count = due[0]
            if self._stopping.wait(max(0.0, at - time.monotonic())):
                return
            heapq.heapreplace(due, (at + self._period_s * self._random.uniform(0.5, 1.5), number, count + 1))
            yield self._request(PUSHED[number], count)

    def _request(self, camera: str, count: int) -> pb.SubmitFramesRequest:
        frames = self._frames[COLD_C if count % 2 else HOT_C]
        counts = frames[count % RENDERED]
        height, width = counts.shape
        return pb.SubmitFramesRequest(
            camera=camera,
            captured_at=wire.timestamp(datetime.now(UTC)),
            width=width,
            height=height,
            scale_k=SCALE_K,
            offset_k=OFFSET_K,
            counts=counts.astype("<u2", copy=False).tobytes(),
        )


@contextmanager
def pushing(address: str, hz: float) -> Iterator[Pushing]:
    """Push as long as the block lasts."""
    cameras = Pushing(address, hz)
    cameras.start()
    try:
        yield cameras
    finally:
        cameras.stop()


def _frames(celsius: float) -> list[Counts]:
    scene = Scene(camera_script("demo/cam-02", "pushed"))
    frames = [scene.render(number / 2) for number in range(RENDERED)]
    x, y = JOINT_PX
    reach = JOINT_RADIUS_PX
    for frame in frames:
        frame[y - reach : y + reach + 1, x - reach : x + reach + 1] = round((celsius + 273.15 - OFFSET_K) / SCALE_K)
    return frames
