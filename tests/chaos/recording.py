"""The fixed recording that is replayed under fire, and the simulated site that it belongs to.

Folder cameras whose files carry their capture times in their names, so that nothing depends on when a file arrives;
every frame of `limits` and most of `phases` change an alarm, so that a frame lost or judged twice shows.

    limits    2 s a frame    crossed and returned at every frame, dead-band, on-delay, two levels, some that stay
    phases    1 s a frame    a three-phase group of which one phase heats and cools
    spots     30 s a frame   something hot that nobody registered, at ever other places
    radiator  1 s a frame    with models only: looks abnormal for a while, too warm never (`radiator`)
    live      pushed         now and then silent: coverage and nothing else
    bad       pushed         never a good frame: what is written in its name cannot be read

An alarm of what is called `once`, or of a hot spot, is raised once at most: whether it is acknowledged before or after
it returned does not change which events there are, so all of these are acknowledged.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from tests.chaos import radiator
from tests.helpers.frames import scene

SITE: Final = "chaos-ss"
LIVE: Final = "live"
BAD: Final = "bad"
STARTS_AT: Final = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
NAME: Final = "%Y%m%dT%H%M%S"
# Tenths of a kelvin: the noise packs to little, and all values are far from their limits.
SCALE: Final = {"scale_k": 0.1, "offset_c": -100}
SIDE_PX: Final = 20
COOL_C: Final = 30.0
HOT_C: Final = 90.0
# Further apart than a hot spot may wander, so that each is a find of its own.
SPOTS_PX: Final = ((20, 15), (75, 15), (130, 15), (20, 70), (75, 70), (130, 70))
SPOT_PX: Final = 6
SPOT_EVERY: Final = 6
SPOT_SEEN: Final = 3
HIGH: Final = {"high_c": 80, "dead_band_k": 3}

Celsius = npt.NDArray[np.float32]
Counts = npt.NDArray[np.uint16]
# The temperature of something in frame `index` of `count`.
Script = Callable[[int, int], float]


def cycle(*celsius: float) -> Script:
    """The same again and again."""
    return lambda index, _count: celsius[index % len(celsius)]


def once(begin: float, end: float = 1.0) -> Script:
    """Hot from this share of the recording to that; 1: to its end."""
    return lambda index, count: HOT_C if begin * count <= index < (end * count if end < 1 else count) else COOL_C


@dataclass(frozen=True, slots=True)
class Joint:
    """A registered asset: its place, its limits, and how warm it is in each frame."""

    x: int
    y: int
    limits: Mapping[str, Any]
    script: Script
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A folder camera; `painted` draws frame `index` of `count` where joints on a backdrop do not."""

    step: timedelta
    joints: Mapping[str, Joint]
    spots: bool = False
    painted: Callable[[int, int], Counts] | None = None

    def captured_at(self, index: int) -> datetime:
        """When frame `index` was taken."""
        return STARTS_AT + index * self.step


RECORDED: Final[Mapping[str, Recorded]] = {
    "limits": Recorded(
        timedelta(seconds=2),
        {
            "lim-toggle": Joint(4, 4, HIGH, cycle(HOT_C, COOL_C)),
            "lim-band": Joint(44, 4, HIGH, cycle(HOT_C, 79.0, HOT_C, COOL_C)),
            "lim-delay": Joint(
                84, 4, HIGH | {"on_delay": "5s"}, cycle(*[HOT_C] * 4, *[COOL_C] * 2, *[HOT_C] * 2, *[COOL_C] * 2)
            ),
            "lim-steps": Joint(124, 4, HIGH | {"high_high_c": 100}, cycle(70.0, 85.0, 105.0, 85.0, 70.0)),
            "lim-once-1": Joint(4, 64, HIGH, once(0.1)),
            "lim-once-2": Joint(44, 64, HIGH, once(0.5)),
            "lim-once-3": Joint(84, 64, HIGH, once(0.3, 0.7)),
        },
    ),
    "phases": Recorded(
        timedelta(seconds=1),
        {
            "ph-a": Joint(4, 4, {"delta_k": 15}, cycle(60.0, 60.0, 40.0), "A"),
            "ph-b": Joint(44, 4, {"delta_k": 15}, cycle(40.0), "B"),
            "ph-c": Joint(84, 4, {"delta_k": 15}, cycle(41.0), "C"),
            "ph-once": Joint(124, 64, HIGH, once(0.4, 0.6)),
        },
    ),
    "spots": Recorded(timedelta(seconds=30), {"spot-once": Joint(50, 100, HIGH, once(0.2))}, spots=True),
}
RADIATOR: Final = "radiator"


def recorded(*, models: bool) -> Mapping[str, Recorded]:
    """The recorded cameras by name; the one that needs a model only where there are models."""
    looked_at = {RADIATOR: Recorded(timedelta(seconds=1), {}, painted=radiator.picture)}
    return {**RECORDED, **(looked_at if models else {})}


def registered(*, models: bool) -> frozenset[str]:
    """The assets of the recorded cameras."""
    joints = {name for camera in RECORDED.values() for name in camera.joints}
    return frozenset(joints | ({radiator.ASSET} if models else set()))


def acknowledgeable(asset: str) -> bool:
    """Whether an alarm of this asset is raised once at most."""
    return "once" in asset or asset.startswith("spots-view/")


def write_site(folder: Path, *, models: bool) -> Path:
    """The site file in `folder`; the folders of its cameras stand beside it, empty."""
    for camera in recorded(models=models):
        (folder / camera).mkdir(parents=True, exist_ok=True)
    path = folder / "site.yaml"
    path.write_text(json.dumps(site(models=models)), encoding="utf-8")
    return path


def site(*, models: bool) -> dict[str, Any]:
    """The site (JSON is YAML)."""
    return {
        "site": {"id": SITE, "name": "Substation under fire (simulated)", "timezone": "Asia/Seoul"},
        "cameras": [
            *(_folder(name, camera) for name, camera in recorded(models=models).items()),
            _pushed(LIVE),
            _pushed(BAD),
        ],
        "alerting": {"coverage_alarm_after": "15s"},
    }


def picture(camera: Recorded, index: int, count: int) -> Counts:
    """Frame `index` of `count` as counts, (128, 160) where it is not painted."""
    if camera.painted is not None:
        return camera.painted(index, count)
    celsius = backdrop()
    for joint in camera.joints.values():
        celsius[joint.y + 6 : joint.y + 14, joint.x + 6 : joint.x + 14] = joint.script(index, count)
    if camera.spots and index % SPOT_EVERY < SPOT_SEEN:
        x, y = SPOTS_PX[index // SPOT_EVERY % len(SPOTS_PX)]
        celsius[y : y + SPOT_PX, x : x + SPOT_PX] = HOT_C
    return np.round((celsius - SCALE["offset_c"]) / SCALE["scale_k"]).astype(np.uint16)


def backdrop() -> Celsius:
    """Warmer towards the ground by 4 K, with noise that is always the same."""
    celsius = scene()
    return celsius + np.linspace(0.0, 4.0, celsius.shape[0], dtype=np.float32)[:, None]


@dataclass(slots=True)
class Tape:
    """The recording as files: each `drop` puts the next frame of every camera in its folder, whole at once."""

    folder: Path
    count: int
    cameras: Mapping[str, Recorded]
    dropped: int = 0

    @property
    def at_end(self) -> bool:
        """Every frame has been dropped."""
        return self.dropped == self.count

    def drop(self) -> None:
        """The next frame of every camera. A folder read between two drops shows each camera's frames in order."""
        for name, camera in self.cameras.items():
            file = self.folder / name / f"{camera.captured_at(self.dropped):{NAME}}.png"
            hidden = file.with_name(f".{file.name}")
            file.parent.mkdir(parents=True, exist_ok=True)
            good, png = cv2.imencode(".png", picture(camera, self.dropped, self.count))
            if not good:
                raise RuntimeError(f"{file.name} cannot be packed")
            hidden.write_bytes(png.tobytes())
            # Finished long ago, so that ingest does not wait for more of it.
            os.utime(hidden, (1.75e9, 1.75e9))
            hidden.rename(file)
        self.dropped += 1

    def hand_over(self, folder: Path) -> None:
        """Let all that was dropped appear in another folder's empty ones, each camera's frames at once."""
        for name in self.cameras:
            (self.folder / name).rename(folder / name)


def _folder(name: str, camera: Recorded) -> dict[str, Any]:
    assets = [
        _asset(asset, joint.x, joint.y, joint.limits) | ({"group": "ph", "phase": joint.phase} if joint.phase else {})
        for asset, joint in camera.joints.items()
    ]
    if camera.painted is not None:
        assets.append(dict(radiator.asset()))
    view: dict[str, Any] = {"id": f"{name}-view", "assets": assets}
    if camera.spots:
        view["hotspot_limit"] = {"high_c": 60, "response": "Find out what this is"}
    scale = SCALE if camera.painted is None else radiator.SCALE
    source = {"source": f"folder:{name}", "time_pattern": NAME, "scale": scale}
    return {"id": name, **source, "views": [view]}


def _pushed(name: str) -> dict[str, Any]:
    view = {"id": f"{name}-view", "assets": [_asset(f"{name}-a", 40, 40, {"high_c": 150})]}
    return {"id": name, "source": "push:", "rate_hz": 1.0, "silent_after": "3s", "views": [view]}


def _asset(name: str, x: int, y: int, limits: Mapping[str, Any]) -> dict[str, Any]:
    corners = [[x, y], [x + SIDE_PX, y], [x + SIDE_PX, y + SIDE_PX], [x, y + SIDE_PX]]
    known = {"equipment": "0201", "consequence": "high", "respond_within": "30m", "response": "Reduce load"}
    return {"id": name, "region": corners, "limits": dict(limits), **known}
