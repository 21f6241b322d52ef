"""Frames as a client of IngestService pushes them: simulated, 160x128 pixels, 0.01 K a count."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from canairy.messages import wire
from protos.canairy.v1 import ingest_service_pb2 as pb
from protos.canairy.v1.ingest_service_pb2_grpc import IngestServiceStub
from tests.acceptance.helpers.site import CORNER_PX
from tests.helpers.frames import SCALE_K, counts, heated, scene

Celsius = npt.NDArray[np.float32]
BASE_C = 20.0
HOT_PX = 8
# Its hot square stands well inside the asset of a pushed camera.
HOT_CORNER_PX = CORNER_PX + 6


def just_now(seconds_ago: float = 60.0) -> datetime:
    """A capture time from which a story can count upwards without reaching the future."""
    return datetime.now(UTC) - timedelta(seconds=seconds_ago)


def backdrop() -> Celsius:
    """Warmer towards the ground by 4 K, as outdoors: not what a closed shutter shows."""
    picture = scene(base_c=BASE_C)
    picture += np.linspace(0.0, 4.0, picture.shape[0], dtype=np.float32)[:, None]
    return picture


def joint(celsius: float, side: int = HOT_PX) -> Celsius:
    """The backdrop, in which a square of the asset has exactly this temperature."""
    picture = backdrop()
    picture[HOT_CORNER_PX : HOT_CORNER_PX + side, HOT_CORNER_PX : HOT_CORNER_PX + side] = celsius
    return picture


def spot(picture: Celsius, x: int, y: int, by_k: float, side: int = 6) -> Celsius:
    """The picture with something hot where nothing is registered."""
    return heated(picture, x, y, side, by_k)


def request(camera: str, picture: Celsius, at: datetime | None, /, **more: Any) -> pb.SubmitFramesRequest:  # noqa: ANN401
    """One frame; `more` replaces fields."""
    height, width = picture.shape
    known: dict[str, Any] = {
        "camera": camera,
        "captured_at": None if at is None else wire.timestamp(at),
        "width": width,
        "height": height,
        "scale_k": SCALE_K,
        "offset_k": 0.0,
        "counts": counts(picture).astype("<u2").tobytes(),
    }
    return pb.SubmitFramesRequest(**(known | more))


def submit(service: IngestServiceStub, requests: Iterable[pb.SubmitFramesRequest]) -> pb.SubmitFramesResponse:
    """Push frames in one stream."""
    answer: pb.SubmitFramesResponse = service.SubmitFrames(iter(requests), timeout=60)
    return answer


def push_all(service: IngestServiceStub, requests: Iterable[pb.SubmitFramesRequest]) -> None:
    """Push frames that must all be taken."""
    answer = submit(service, requests)
    assert not answer.refused, answer.refusals
