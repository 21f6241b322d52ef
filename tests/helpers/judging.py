"""A judge on a small site, and the messages that it is told: for the stories in tests/unit/test_judge_*."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.command import Action, Command
from canairy.messages.detections import RegionKind
from canairy.messages.header import CANARY, FrameHeader, Place
from canairy.messages.measurement import Measurement
from canairy.messages.reading import Reading, Temperatures
from canairy.site.model import Site
from canairy.stream.broker import Outgoing, Received
from canairy.stream.step import Decoded
from canairy.topics import ALERTS, AUDIT, CAMERAS, COMMANDS, MEASUREMENTS, READINGS, STATE
from services.alerting.handler import Alerting
from services.alerting.judge.intake import Input

T0 = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
TURN = timedelta(seconds=5)
Part = dict[str, object]
SQUARE = ((0, 0), (9, 0), (9, 9))
TOPIC_OF = {Reading: READINGS, CameraStatus: CAMERAS, Measurement: MEASUREMENTS, Command: COMMANDS}


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def asset(name: str, phase: str = "", group: str | None = None, **limits: object) -> Part:
    return {
        "id": name,
        "equipment": "0201",
        "region": SQUARE,
        "phase": phase,
        "group": group,
        "limits": limits,
        "consequence": "high",
        "respond_within": "30m",
        "response": f"look after {name}",
    }


def camera(name: str, *views: Part, source: str = "simulated:x", rate_hz: float = 1.0) -> Part:
    return {"id": name, "source": source, "rate_hz": rate_hz, "views": views}


def view(name: str, *assets: Part, **hotspot_limit: object) -> Part:
    return {"id": name, "assets": assets} | ({"hotspot_limit": hotspot_limit} if hotspot_limit else {})


def site(*cameras: Part, **alerting: object) -> Site:
    document = {
        "site": {"id": "ss-1", "timezone": "Asia/Seoul"},
        "cameras": cameras,
        "measurements": {"bay-3-current": {"unit": "A"}},
        "alerting": alerting,
    }
    return Site.model_validate(document)


def reading(
    name: str,
    seconds: float,
    max_c: float | None,
    *,
    camera: str = "cam-1",
    view: str = "v1",
    frame: str = "",
    site: str = "ss-1",
    flags: tuple[str, ...] = (),
    side_px: int = 8,
    index: int = 0,
    count: int = 1,
    surroundings_c: float | None = None,
    unseen: bool = False,
    closed: bool = False,
) -> Reading:
    """One reading of `name`; the only one of its frame, unless told otherwise. A name with a slash is a find."""
    header = FrameHeader(
        site=site,
        site_digest="0123456789abcdef",
        camera=camera,
        view=view,
        frame=frame or f"f{seconds:g}",
        captured_at=at(seconds),
        received_at=at(seconds + 1),
        live=True,
        flags=flags,
    )
    hot = None if max_c is None else Temperatures(max_c, max_c - 1, max_c - 2, max_c - 5, 4, 4, side_px, side_px, 100)
    return Reading(
        header=header,
        frame=Place("thermal.frames", 0, 7),
        asset=name,
        kind=RegionKind.HOT_SPOT if "/" in name else RegionKind.REGISTERED,
        temperatures=hot,
        index=index,
        count=count,
        surroundings_c=surroundings_c,
        unseen=unseen,
        closed=closed,
    )


def frame(
    seconds: float,
    temperatures: Mapping[str, float | None],
    *,
    camera: str = "cam-1",
    view: str = "v1",
    flags: tuple[str, ...] = (),
) -> list[Reading]:
    """The readings of one frame, in order."""
    count, name = len(temperatures), f"{camera}-{seconds:g}"
    return [
        reading(point, seconds, max_c, camera=camera, view=view, frame=name, flags=flags, index=index, count=count)
        for index, (point, max_c) in enumerate(temperatures.items())
    ]


def canary(
    seconds: float, max_c: float | None = 95.0, *, flags: tuple[str, ...] = (), index: int = 0, count: int = 1
) -> Reading:
    return reading(CANARY, seconds, max_c, camera=CANARY, view=CANARY, flags=flags, index=index, count=count)


def status(
    name: str,
    seconds: float,
    state: CameraState = CameraState.LIVE,
    *,
    since: datetime | None = None,
    reason: str = "",
) -> CameraStatus:
    return CameraStatus("ss-1", name, state, since=since or at(seconds), at=at(seconds), live=True, reason=reason)


def acknowledge(alarm: str, seconds: float = 60, key: str = "k1", user: str = "kim", version: int = 0) -> Command:
    return Command(key, Action.ACKNOWLEDGE, alarm, user, at(seconds), version)


def record(message: Input, headers: dict[str, bytes] | None = None) -> Received:
    return Received(TOPIC_OF[type(message)], 0, 0, "key", message.encode(), headers or {}, T0)


def decoded(messages: Iterable[Input]) -> list[Decoded[Input]]:
    return [Decoded(record(message), message) for message in messages]


@dataclass
class Told:
    """What one call of `handle` wrote."""

    outgoing: Sequence[Outgoing]

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return [json.loads(it.value or b"") for it in self.outgoing if it.topic == ALERTS]

    @property
    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(it.value or b"") for it in self.outgoing if it.topic == AUDIT]

    @property
    def states(self) -> list[Outgoing]:
        return [it for it in self.outgoing if it.topic == STATE]

    @property
    def lines(self) -> list[str]:
        """`raised ds-a high`, and so on."""
        return [f"{it['type'].split('.')[3]} {it['subject']} {it['data']['condition']}" for it in self.alerts]


@dataclass
class Bench:
    """A judge that keeps its state as alarms.state would, so that it can be started again at any point."""

    site: Site
    know_captures: bool = True
    kept: dict[str, bytes] = field(default_factory=dict)
    all: list[Outgoing] = field(default_factory=list)
    now: datetime = T0
    # A process that was started and has not turned yet knows nothing of what was before.
    turning: bool = False

    def __post_init__(self) -> None:
        self.step = self._new()

    def tell(self, *messages: Input, now: datetime | None = None) -> Told:
        """Handle one batch; without `now`, it is the time of the newest message so far, or 0 s when there is none."""
        self.now = now or max(self.now, _newest(messages))
        told = Told(list(self.step.handle(decoded(messages), self.now)))
        self.turning = True
        for it in told.states:
            if it.value is None:
                self.kept.pop(it.key, None)
            else:
                self.kept[it.key] = it.value
        self.all += told.outgoing
        return told

    def tick(self, seconds: float) -> Told:
        """Nothing arrives, and time passes; the loop turns all the while."""
        told: list[Outgoing] = []
        while self.turning and self.now + TURN < at(seconds):
            told += self.tell(now=self.now + TURN).outgoing
        return Told([*told, *self.tell(now=at(seconds)).outgoing])

    def restart(self) -> None:
        """A fresh process takes over from what was written down."""
        self.step = self._new()
        self.turning = False
        for key, value in self.kept.items():
            self.step.restore(Received(STATE, 0, 0, key, value, {}, T0))

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return Told(self.all).alerts

    @property
    def lines(self) -> list[str]:
        return Told(self.all).lines

    def _new(self) -> Alerting:
        return Alerting(self.site, know_captures=self.know_captures)


def _newest(messages: Sequence[Input]) -> datetime:
    times = [it.header.captured_at for it in messages if isinstance(it, Reading)]
    times += [it.at for it in messages if isinstance(it, CameraStatus)]
    return max(times, default=T0)
