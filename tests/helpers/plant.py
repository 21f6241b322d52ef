"""A whole site on a broker in memory, on a clock that a test sets: cameras, ingest, detection, anomaly and judge.

All handlers and loops are the real ones; only the broker, the cameras and the clocks are the test's. Pictures are
simulated: a joint `ds-a` of a camera is as hot as it is told, and something hot may stand where nothing is registered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from canairy.messages.thermogram import KELVIN
from canairy.site.model import Site
from canairy.stream.broker import Received
from canairy.stream.camera_quarantine import camera_quarantine
from canairy.stream.intake import Intake
from canairy.stream.loop import Loop, LoopOptions
from canairy.stream.memory import MemoryBroker
from canairy.stream.step import Step
from canairy.topics import (
    ALERTS,
    ALL_TOPICS,
    CAMERAS,
    COMMANDS,
    CONSUMED,
    DETECTIONS,
    FRAMES,
    MEASUREMENTS,
    READINGS,
    dead_letters,
)
from services.alerting.handler import Alerting
from services.anomaly.handler import Anomaly
from services.detection.handler import Detection
from services.ingest.canary import CanaryClock
from services.ingest.clock import ClockSteps
from services.ingest.handler import IngestHandler, Surroundings
from services.ingest.source import RawFrame

SCALE_K: Final = 0.01
MORNING: Final = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
# The plant moves on by this much at a time: a camera's period, and more often than a loop may rest.
STEP_S: Final = 5.0
CAMERAS_OF_SITE: Final = ("cam-1", "cam-2", "cam-3")
JOINT: Final = "cam-1-joint"


def site() -> Site:
    """Three cameras that run live, each with one joint whose limit is 80 degrees Celsius."""
    cameras = [
        {
            "id": name,
            "source": "rtsp://camera",
            "rate_hz": 1 / STEP_S,
            "views": [
                {
                    "id": f"{name}-view",
                    "hotspot_limit": {"high_c": 60},
                    "assets": [
                        {
                            "id": f"{name}-joint",
                            "equipment": "0201",
                            "region": [[4, 4], [16, 4], [16, 16], [4, 16]],
                            "limits": {"high_c": 80, "dead_band_k": 3, "on_delay": "10s"},
                        }
                    ],
                }
            ],
        }
        for name in CAMERAS_OF_SITE
    ]
    return Site.model_validate({"site": {"id": "plant", "timezone": "Asia/Seoul"}, "cameras": cameras})


class Clocks:
    """A wall clock that can be set, and seconds that cannot."""

    def __init__(self) -> None:
        self.wall = MORNING
        self.seconds = 1000.0

    def go_on(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds


class Plant:
    """Cameras that film until they are told not to, and everything behind them."""

    def __init__(self) -> None:
        self.site = site()
        self.clocks = Clocks()
        self.broker = MemoryBroker(ALL_TOPICS, clock=self.clocks.now)
        self.flags: tuple[str, ...] = ()
        self.ingest = IngestHandler(self.site, self.clocks.now(), Surroundings(lambda: self.flags))
        self.celsius = dict.fromkeys(CAMERAS_OF_SITE, 40.0)
        self.spots: set[str] = set()
        self.silent: set[str] = set()
        # How far each camera's own clock is ahead of the wall's.
        self.camera_ahead_s = dict.fromkeys(CAMERAS_OF_SITE, 0.0)
        self._canary = CanaryClock(timedelta(seconds=60))
        self._steps = ClockSteps(self.clocks.monotonic)
        self._noise = np.random.default_rng(11)
        self._loops = [self._loop("detection", Detection(self.site), FRAMES)]
        self._loops += [self._loop("anomaly", Anomaly(self.site), DETECTIONS), self._judge()]

    # --- what a test does ---------------------------------------------------------------------------------------

    def run(self, minutes: float) -> None:
        """Time passes, and all that belongs to it happens."""
        for _ in range(round(minutes * 60 / STEP_S)):
            self.clocks.go_on(STEP_S)
            self.film()
            self.work()

    def set_clock(self, by: timedelta) -> None:
        """Somebody, or a time server, sets the clock of this machine."""
        self.clocks.wall += by

    def restart_judge(self) -> None:
        """It stops well, and another one takes over."""
        self._loops[-1].channel.close()
        self._loops[-1] = self._judge()

    # --- one moment ---------------------------------------------------------------------------------------------

    def film(self) -> None:
        """Every camera takes a picture, and ingest does what it does every second."""
        now = self.clocks.now()
        if by := self._steps.since_last(now):
            self.ingest.clock_set(by, now)
        for camera in CAMERAS_OF_SITE:
            if camera not in self.silent:
                self._write(self.ingest.handle(self._picture(camera), now))
        self._write(self.ingest.tick(now))
        if self._canary.due(now):
            self._write([self.ingest.canary(now)])

    def work(self) -> None:
        """Every service turns until nothing is left to read."""
        for loop in self._loops:
            for _ in range(4):
                loop.turn()

    def lag(self) -> None:
        """Every service turns, and reads nothing of what waits for it."""
        for loop in self._loops:
            loop.channel.pause()
            loop.turn()

    def _picture(self, camera: str) -> RawFrame:
        pixels = self._noise.normal(20, 0.05, (48, 64))
        pixels[8:13, 8:13] = self.celsius[camera]
        if camera in self.spots:
            pixels[30:35, 40:45] = 90.0
        counts = np.round((pixels + KELVIN) / SCALE_K).astype(np.uint16)
        taken_at = self.clocks.now() + timedelta(seconds=self.camera_ahead_s[camera])
        return RawFrame(camera, f"{camera}-view", counts, SCALE_K, 0.0, taken_at=taken_at)

    def _write(self, parcels: Any) -> None:  # noqa: ANN401 - any parcels
        self.broker.append([message for parcel in parcels for message in parcel.messages])

    # --- what it is made of -------------------------------------------------------------------------------------

    def _judge(self) -> Loop[Any]:
        return self._loop("alerting", Alerting(self.site), READINGS, CAMERAS, MEASUREMENTS, COMMANDS)

    def _loop(self, name: str, step: Step[Any], *topics: str) -> Loop[Any]:
        told = camera_quarantine(self.site.site.id, name)
        intake = Intake(step, name) if name == "alerting" else Intake(step, name, on_quarantine=told)
        options = LoopOptions(limit=200, poll_s=0, latest_state_only=name == "alerting")
        return Loop(self.broker.channel(name, topics), step, intake, options, clock=self.clocks.now)

    # --- what a test sees ---------------------------------------------------------------------------------------

    def events(self, asset: str | None = None) -> list[dict[str, Any]]:
        """All events about an asset, or all but heartbeats, in order."""
        return [it for it in self._all() if not _beat(it) and (asset is None or it["subject"] == asset)]

    def lines(self, asset: str | None = None) -> list[str]:
        """`raised cam-1-joint high`, and so on."""
        return [f"{it['type'].split('.')[3]} {it['subject']} {it['data']['condition']}" for it in self.events(asset)]

    def heartbeats(self) -> list[dict[str, Any]]:
        """All heartbeats, in order."""
        return [it for it in self._all() if _beat(it)]

    def dead(self) -> list[Received]:
        """All dead letters."""
        return [it for topic in CONSUMED for it in self.broker.records(dead_letters(topic))]

    def records(self, topic: str, decode: Callable[[bytes], Any]) -> list[Any]:
        """Everything on a topic, decoded."""
        return [decode(it.value or b"") for it in self.broker.records(topic)]

    def _all(self) -> Iterator[dict[str, Any]]:
        for record in self.broker.records(ALERTS):
            yield json.loads(record.value or b"")


def _beat(event: dict[str, Any]) -> bool:
    return bool(event["type"].endswith("heartbeat.v1"))


def well(minutes: float = 3) -> Plant:
    """A plant that has been well for a while."""
    plant = Plant()
    plant.run(minutes)
    assert plant.lines() == []
    return plant
