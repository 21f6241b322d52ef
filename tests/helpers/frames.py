"""Simulated frames and records for tests: small, exact, without noise unless asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from canairy.messages.frame import Frame
from canairy.messages.header import NO_TEMPERATURES, FrameHeader
from canairy.messages.picture import Picture
from canairy.messages.thermogram import KELVIN, Thermogram
from canairy.site.model import Site
from canairy.stream import schema
from canairy.stream.broker import Received
from canairy.topics import FRAMES

NOON = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
SCALE_K = 0.01

Celsius = npt.NDArray[np.float32]


def site(*cameras: Mapping[str, Any], **more: Any) -> Site:  # noqa: ANN401 - as a site file is written
    return Site.model_validate({"site": {"id": "test-ss"}, "cameras": cameras or [camera()], **more})


def camera(name: str = "cam-01", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    view = {"id": f"{name}-view", "assets": [asset("joint-a", 20, 20)]}
    return {"id": name, "source": "simulated:test", "rate_hz": 2, "views": [view]} | more


def asset(name: str, x: int, y: int, side: int = 20, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    region = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
    return {"id": name, "equipment": "0201", "region": region} | more


def scene(height: int = 128, width: int = 160, base_c: float = 20.0) -> Celsius:
    """An even background with 50 mK of noise, always the same."""
    noise = np.random.default_rng(7).normal(0, 0.05, (height, width))
    return (base_c + noise).astype(np.float32)


def heated(celsius: Celsius, x: int, y: int, side: int, by_k: float) -> Celsius:
    """A copy with a square from (x, y) that is hotter."""
    hotter = celsius.copy()
    hotter[y : y + side, x : x + side] += by_k
    return hotter


def counts(celsius: Celsius) -> npt.NDArray[np.uint16]:
    return np.round((celsius + KELVIN) / SCALE_K).astype(np.uint16)


def header(seconds: float = 0.0, **more: Any) -> FrameHeader:  # noqa: ANN401
    at = NOON + timedelta(seconds=seconds)
    base: dict[str, Any] = {
        "site": "test-ss",
        "site_digest": "d",
        "camera": "cam-01",
        "view": "cam-01-view",
        "frame": f"frame-{seconds}",
        "captured_at": at,
        "received_at": at + timedelta(milliseconds=20),
    }
    return FrameHeader(**(base | more))


def frame(celsius: Celsius, seconds: float = 0.0, **more: Any) -> Frame:  # noqa: ANN401
    return Frame(header(seconds, **more), Thermogram.of(counts(celsius), SCALE_K, 0.0))


def record(value: bytes | None, message: str, topic: str = FRAMES, key: str = "cam-01", offset: int = 0) -> Received:
    return Received(topic, 0, offset, key, value, schema.header(message), NOON)


def grey(seconds: float = 0.0, level: int = 90, **more: Any) -> Frame:  # noqa: ANN401
    """A frame without temperatures: noise of 1.5 grey levels around `level`, brighter to the right, 160x128."""
    noise = np.random.default_rng(11).normal(0, 1.5, (128, 160)) + np.linspace(0, 40, 160)
    pixels = np.clip(level + noise, 0, 255).astype(np.uint8)
    return pictured(pixels, seconds, **more)


def pictured(pixels: npt.NDArray[np.uint8], seconds: float = 0.0, **more: Any) -> Frame:  # noqa: ANN401
    """A frame of these pixels, without temperatures."""
    return Frame(header(seconds, **({"flags": (NO_TEMPERATURES,)} | more)), Picture.of(pixels))
