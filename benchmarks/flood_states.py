"""The state of a site on which every asset alarms twice: made by a real judge, so it is what stands on alarms.state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks.sites import site
from canairy.messages.detections import RegionKind
from canairy.messages.header import FrameHeader, Place
from canairy.messages.reading import Reading, Temperatures
from canairy.site.model import Site
from canairy.stream.broker import Outgoing, Received
from canairy.stream.step import Decoded
from canairy.topics import FRAMES, READINGS, STATE
from services.alerting.handler import Alerting
from services.alerting.judge.intake import Input

ASSETS_A_CAMERA: Final = 20
# Both limits of an asset are passed, so it has two alarms.
ALARMS_AN_ASSET: Final = 2
LIMITS: Final = {"high_c": 80, "high_high_c": 100, "dead_band_k": 3}
HOT: Final = Temperatures(105.0, 104.0, 101.0, 90.0, 140, 200, 9, 9, 5600)
# The judge remembers 10 s of each asset: after so many frames at 1 Hz its states have their full size.
FILLING: Final = 12
KEPT: Final = 4


def flood_site(alarms: int) -> dict[str, object]:
    """A site with room for `alarms` alarms; nothing is said of where the cameras are."""
    assets = alarms // ALARMS_AN_ASSET
    return site(*(_camera(number) for number in range(assets // ASSETS_A_CAMERA)), coverage_alarm_after="24h")


def flood_states(document: dict[str, object], now: datetime) -> list[Outgoing]:
    """The last state updates of each point, oldest first, when every asset has been too hot for some frames."""
    bench = Site.model_validate(document)
    judge = Alerting(bench)
    written: list[Outgoing] = []
    for number in range(FILLING + KEPT):
        at = now - timedelta(seconds=FILLING + KEPT - number)
        for readings in _frames(bench, at):
            outgoing = judge.handle(_decoded(readings), at)
            written += [it for it in outgoing if it.topic == STATE and number >= FILLING]
    return written


def _camera(number: int) -> dict[str, object]:
    name = f"cam-{number:03d}"
    assets = [_asset(f"{name}-{index:02d}", index) for index in range(ASSETS_A_CAMERA)]
    return {"id": name, "source": "push:", "rate_hz": 1.0, "views": [{"id": f"{name}-view", "assets": assets}]}


def _asset(name: str, index: int) -> dict[str, object]:
    x, y = 20 + 120 * (index % 5), 20 + 120 * (index // 5)
    region = [[x, y], [x + 100, y], [x + 100, y + 100], [x, y + 100]]
    return {"id": name, "equipment": "0201", "region": region, "limits": LIMITS, "response": f"look after {name}"}


def _frames(bench: Site, at: datetime) -> Iterator[list[Reading]]:
    for camera in bench.cameras:
        frame = f"{camera.id}:{int(at.timestamp() * 1e6)}:0123456789abcdef"
        header = FrameHeader(bench.site.id, bench.digest, camera.id, camera.views[0].id, frame, at, at)
        assets = camera.views[0].assets
        yield [
            Reading(header, Place(FRAMES, 0, 7), asset.id, RegionKind.REGISTERED, HOT, index, len(assets))
            for index, asset in enumerate(assets)
        ]


def _decoded(readings: Sequence[Reading]) -> list[Decoded[Input]]:
    now = datetime.now(UTC)
    return [Decoded(Received(READINGS, 0, 0, it.asset, b"", {}, now), it) for it in readings]
