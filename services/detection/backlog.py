"""Frames that come too late: of a live camera that is behind, only the newest frame is worth a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from canairy import metrics
from canairy.stream.step import Decoded
from services.detection.picture import Picture


class Backlog:
    """Live frames older than `shed_after` are shed when a newer one of the same camera waits, and are counted."""

    def __init__(self, shed_after: timedelta) -> None:
        self._shed_after = shed_after
        self._shed: Counter[str] = Counter()

    def worth_a_look(self, batch: Sequence[Decoded[Picture]], now: datetime) -> list[Decoded[Picture]]:
        """The frames of a batch, but for those to be shed."""
        newest = {_camera(decoded): decoded for decoded in batch}
        return [it for it in batch if newest[_camera(it)] is it or not self._late(it, now)]

    def shed(self, batch: Sequence[Decoded[Picture]], kept: Sequence[Decoded[Picture]]) -> None:
        """Count what was not kept of a batch."""
        for camera, count in (Counter(map(_camera, batch)) - Counter(map(_camera, kept))).items():
            self._shed[camera] += count
            metrics.FRAMES_SHED.labels(camera).inc(count)

    def shed_before(self, camera: str) -> int:
        """How many frames of a camera were shed since this was asked last."""
        return self._shed.pop(camera, 0)

    def _late(self, decoded: Decoded[Picture], now: datetime) -> bool:
        header = decoded.message.frame.header
        return header.live and now - header.received_at > self._shed_after


def _camera(decoded: Decoded[Picture]) -> str:
    return decoded.message.frame.header.camera
