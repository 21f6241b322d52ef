"""The two cameras that are not recorded: one that is silent now and then, one whose frames are all bad."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import grpc

from canairy.messages.frame import Frame
from canairy.settings import KafkaSettings
from canairy.stream import schema
from canairy.stream.broker import Outgoing
from canairy.stream.kafka import KafkaProducer
from canairy.topics import FRAMES
from protos.canairy.v1.ingest_service_pb2_grpc import IngestServiceStub
from tests.acceptance.helpers.push import request
from tests.chaos.recording import BAD, LIVE, SITE, backdrop
from tests.chaos.workers import Worker
from tests.helpers.frames import frame

# Longer than the site's delay for coverage, so that it is an alarm.
SILENCE_S: Final = 25.0


class LiveCamera(Worker):
    """Pushes a frame a second; what is refused or finds nobody is lost, as on a line that is down."""

    every_s = 1.0

    def __init__(self, address: str) -> None:
        super().__init__("live-camera")
        self._address = address
        self._channel: grpc.Channel | None = None
        self._silent_until = 0.0
        self.silences = 0

    @property
    def silent(self) -> bool:
        """It pushes nothing now."""
        return time.monotonic() < self._silent_until

    def fall_silent(self) -> None:
        """Push nothing for a while."""
        self._silent_until = time.monotonic() + SILENCE_S
        self.silences += 1

    def turn(self) -> None:
        """Push one frame."""
        if self.silent:
            return
        if self._channel is None:
            self._channel = grpc.insecure_channel(self._address)
        now = datetime.now(UTC)
        # Another picture each time: a live camera that shows the same to the bit is frozen.
        picture = backdrop() + now.microsecond / 1e6
        IngestServiceStub(self._channel).SubmitFrames(iter([request(LIVE, picture, now)]), timeout=5)

    def close(self) -> None:
        """As `Worker.close`."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()


class BadCamera(Worker):
    """Writes frames that were cut off, straight onto thermal.frames, as a broken adapter would."""

    every_s = 2.0

    def __init__(self, settings: KafkaSettings, begun: Callable[[], bool]) -> None:
        """It keeps still until `begun`."""
        super().__init__("bad-camera")
        self._settings = settings
        self._begun = begun
        self._producer: KafkaProducer | None = None

    def turn(self) -> None:
        """Write one."""
        if not self._begun():
            return
        if self._producer is None:
            self._producer = KafkaProducer(self._settings)
        whole: Frame = frame(backdrop(), site=SITE, camera=BAD, view=f"{BAD}-view")
        value = whole.encode()
        self._producer.send([Outgoing(FRAMES, BAD, value[: len(value) // 2], schema.header("Frame"))], 5)

    def close(self) -> None:
        """As `Worker.close`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close()
