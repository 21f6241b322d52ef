"""Frames as another producer may write them onto thermal.frames: good ones, and bad ones of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from canairy.messages.frame import Frame
from canairy.messages.header import FrameHeader
from canairy.messages.thermogram import Thermogram
from canairy.stream import schema
from canairy.stream.broker import Outgoing
from canairy.topics import FRAMES
from tests.acceptance.helpers.push import Celsius, backdrop
from tests.acceptance.helpers.site import SITE
from tests.helpers.frames import SCALE_K, counts


def frame(camera: str, captured_at: datetime, picture: Celsius | None = None, **more: Any) -> Frame:  # noqa: ANN401
    """A good frame; `more` replaces fields of its header."""
    known: dict[str, Any] = {
        "site": SITE,
        "site_digest": "",
        "camera": camera,
        "view": f"{camera}-view",
        "frame": f"{camera}:{captured_at.isoformat()}",
        "captured_at": captured_at,
        "received_at": datetime.now(UTC),
    }
    pixels = counts(backdrop() if picture is None else picture)
    return Frame(FrameHeader(**(known | more)), Thermogram.of(pixels, SCALE_K, 0.0))


def record(camera: str, value: bytes | None, headers: Mapping[str, bytes] | None = None) -> Outgoing:
    """A record on thermal.frames."""
    return Outgoing(FRAMES, camera, value, schema.header("Frame") if headers is None else headers)


def written(camera: str, captured_at: datetime, picture: Celsius | None = None) -> Outgoing:
    """A good frame as a record."""
    return record(camera, frame(camera, captured_at, picture).encode())
