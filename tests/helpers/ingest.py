"""What the tests of ingest have in common: a site, pictures, times, and fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from canairy.errors import BrokerUnavailable
from canairy.messages.camera import CameraStatus
from canairy.messages.frame import Frame
from canairy.site.model import Site
from canairy.stream.broker import Outgoing
from services.ingest.handler import IngestHandler, Surroundings
from services.ingest.parcel import Care, Parcel
from services.ingest.shelf import Shelf
from services.ingest.source import RawFrame, nothing

Counts = npt.NDArray[np.uint16]
NOON = datetime(2026, 3, 5, 12, 0, 0, tzinfo=UTC)
SCALE_K = 0.01


def after(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def site_of(*cameras: Mapping[str, Any], **more: Any) -> Site:  # noqa: ANN401 - passed on
    """A site of such cameras."""
    return Site.model_validate({"site": {"id": "test-ss"}, "cameras": cameras, **more})


def camera(name: str = "cam-01", source: str = "rtsp://camera", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on
    """A camera of one view."""
    return {"id": name, "source": source, "views": [{"id": "bay-1"}], **more}


def picture(seed: int = 0, celsius: float = 20.0, shape: tuple[int, int] = (48, 64)) -> Counts:
    """A noisy slope from `celsius` to 8 K more, 0.01 K a count."""
    slope = np.linspace(celsius, celsius + 8, shape[0])[:, None]
    noise = np.random.default_rng(seed).normal(0, 0.05, shape)
    return np.rint((slope + noise + 273.15) / SCALE_K).astype(np.uint16)


def raw(counts: Counts | None = None, name: str = "cam-01", **more: Any) -> RawFrame:  # noqa: ANN401 - passed on
    """A frame as a source gives it."""
    known: dict[str, Any] = {"view": "bay-1", "scale_k": SCALE_K, "offset_k": 0.0} | more
    return RawFrame(camera=name, counts=picture() if counts is None else counts, **known)


def handler_of(
    site: Site, *, flags: tuple[str, ...] = (), started_at: datetime = NOON, shelf: Shelf | None = None
) -> IngestHandler:
    """A handler under such conditions, in such a trace."""
    return IngestHandler(site, started_at, Surroundings(lambda: flags, lambda: {"traceparent": b"00-1-2-01"}), shelf)


def frames(parcels: Iterable[Parcel]) -> list[Frame]:
    """The frames among what a handler answered."""
    return [Frame.decode(m.value or b"") for m in _messages(parcels) if m.topic == "thermal.frames"]


def statuses(parcels: Iterable[Parcel]) -> list[CameraStatus]:
    """The statuses among what a handler answered."""
    return [CameraStatus.decode(m.value or b"") for m in _messages(parcels) if m.topic == "thermal.cameras"]


def dead_letters(parcels: Iterable[Parcel]) -> list[Outgoing]:
    """The dead letters among what a handler answered."""
    return [m for m in _messages(parcels) if m.topic == "thermal.frames.dlq"]


def _messages(parcels: Iterable[Parcel]) -> Iterator[Outgoing]:
    return (message for parcel in parcels for message in parcel.messages)


def parcel(
    text: str,
    care: Care = Care.FRAME,
    name: str = "cam-01",
    size: int = 0,
    written: Callable[[], None] = nothing,
    captured_at: datetime | None = None,
) -> Parcel:
    """One message that says `text`, padded to `size` bytes."""
    value = text.encode().ljust(size, b".")
    message = Outgoing("thermal.frames", name, value, {"schema": b"canairy.v1.Frame"})
    return Parcel(name, (message,), care, written, captured_at)


def said(messages: Iterable[Outgoing]) -> list[str]:
    """The texts of messages made by `parcel`."""
    return [(message.value or b"").rstrip(b".").decode() for message in messages]


class Broker:
    """A producer whose broker can be sent away."""

    def __init__(self) -> None:
        self.away = False
        self.written: list[Outgoing] = []
        self.attempts = 0

    def send(self, messages: Iterable[Outgoing], timeout_s: float) -> None:
        """As `Producer.send`."""
        del timeout_s
        self.attempts += 1
        if self.away:
            raise BrokerUnavailable("sent away by a test")
        self.written += messages

    def close(self) -> None:
        """As `Producer.close`."""


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds
