"""How many readings a second one core judges, from bytes to verdicts: `python -m benchmarks.judge`.

The readings are made by the services' own steps from simulated frames, so they are byte for byte what stands on the
topic. Then a fresh judge decodes and handles them in batches, as its loop does, and encodes alerts and state.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmarks.machine import describe
from benchmarks.sites import site
from canairy.messages.frame import Frame
from canairy.messages.header import FrameHeader
from canairy.messages.radiometry import Radiometry
from canairy.messages.thermogram import Thermogram
from canairy.simulator.scenarios import camera_script
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.site.model import Camera, Site
from canairy.stream import schema
from canairy.stream.broker import Outgoing, Received
from canairy.stream.intake import Intake
from canairy.stream.step import Step
from canairy.topics import ALERTS, FRAMES
from services.alerting.handler import Alerting
from services.alerting.settings import AlertingSettings
from services.anomaly.handler import Anomaly
from services.detection.handler import Detection

RUNS: Final = 7
CAMERAS: Final = 8
ASSETS: Final = 12
FRAMES_A_CAMERA: Final = 100
RATE_HZ: Final = 2.0
# One camera plays the part whose joint crosses its limits, the others stay as they are.
PARTS: Final = ("cam-01", "cam-02", "cam-03", "cam-04")
TRACE: Final = {"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def measure(runs: int = RUNS, frames: int = FRAMES_A_CAMERA) -> dict[str, object]:
    """The figures; see benchmarks/README.md."""
    bench = _site()
    start = datetime.now(UTC) - timedelta(seconds=frames / RATE_HZ + 1)
    readings = _readings(bench, start, frames)
    rates = [_judge(bench, readings) for _ in range(runs)]
    alerts = rates[0][1]
    each = [round(rate) for rate, _alerts in rates]
    return {
        "judge_readings_per_s": round(statistics.median(each)),
        "judge": {
            "runs_readings_per_s": each,
            "spread": round((max(each) - min(each)) / statistics.median(each), 3),
            "readings": len(readings),
            "bytes_a_reading": round(statistics.mean(len(record.value or b"") for record in readings)),
            "alerts": alerts,
            "batch": _batch_limit(),
        },
    }


def _judge(bench: Site, readings: Sequence[Received]) -> tuple[float, int]:
    """Readings per second of CPU of a fresh judge, and how many alerts it wrote."""
    step = Alerting(bench)
    intake = Intake(step, "alerting")
    limit, alerts = _batch_limit(), 0
    begun = time.process_time()
    for first in range(0, len(readings), limit):
        now = datetime.now(UTC)
        decoded, dead = intake.sort(readings[first : first + limit], now)
        if dead:
            raise RuntimeError(f"{len(dead)} readings were refused")
        alerts += sum(message.topic == ALERTS for message in step.handle(decoded, now))
    return len(readings) / (time.process_time() - begun), alerts


def _batch_limit() -> int:
    return int(AlertingSettings.model_fields["batch_limit"].default)


def _readings(bench: Site, start: datetime, frames: int) -> list[Received]:
    """What detection and anomaly make of simulated frames, in the order in which the frames were taken."""
    detection, anomaly = Detection(bench), Anomaly(bench)
    written: list[Received] = []
    for record in _frames(bench, start, frames):
        detections = _through(detection, [record], start + timedelta(hours=1))
        found = [_record(it, len(written)) for it in detections if not it.state]
        written += [_record(it, len(written)) for it in _through(anomaly, found, start + timedelta(hours=1))]
    return written


def _through(step: Step, records: Sequence[Received], now: datetime) -> list[Outgoing]:  # type: ignore[type-arg]
    decoded, _dead = Intake(step, "bench").sort(records, now)
    return list(step.handle(decoded, now))


def _frames(bench: Site, start: datetime, frames: int) -> Iterator[Received]:
    scenes = {camera.id: _scene(camera) for camera in bench.cameras}
    for number in range(frames):
        for camera in bench.cameras:
            at = start + timedelta(seconds=number / RATE_HZ)
            counts = scenes[camera.id].render(number / RATE_HZ)
            identity = f"{camera.id}:{int(at.timestamp() * 1e6)}:{number:016x}"
            header = FrameHeader("bench", bench.digest, camera.id, camera.views[0].id, identity, at, at)
            frame = Frame(header, Thermogram.of(counts, SCALE_K, OFFSET_K), Radiometry())
            message = Outgoing(FRAMES, camera.id, frame.encode(), schema.header("Frame") | TRACE)
            yield _record(message, number)


def _record(message: Outgoing, offset: int) -> Received:
    return Received(message.topic, 0, offset, message.key, message.value, message.headers, datetime.now(UTC))


def _scene(camera: Camera) -> Scene:
    return Scene(camera_script(camera.source.partition(":")[2], camera.id))


def _site() -> Site:
    cameras = [_camera(f"cam-{number:02d}", PARTS[number % len(PARTS)]) for number in range(CAMERAS)]
    return Site.model_validate(site(*cameras)).model_copy(update={"digest": "0123456789abcdef"})


def _camera(name: str, part: str) -> dict[str, object]:
    assets = [_asset(name, number) for number in range(ASSETS)]
    view = {"id": f"{name}-view", "hotspot_limit": {"high_c": 60}, "assets": assets}
    return {"id": name, "source": f"simulated:demo/{part}", "rate_hz": RATE_HZ, "views": [view]}


def _asset(camera: str, number: int) -> dict[str, object]:
    """Three phases in four rows: the second row holds the joints."""
    x, y = (106, 266, 426)[number % 3], 84 + 80 * (number // 3)
    return {
        "id": f"{camera}-{number:02d}",
        "equipment": "0201",
        "region": [[x, y], [x + 68, y], [x + 68, y + 78], [x, y + 78]],
        "phase": "ABC"[number % 3],
        "group": f"{camera}-group-{number // 3}",
        "limits": {"high_c": 80, "high_high_c": 100, "delta_k": 15, "on_delay": "2s", "dead_band_k": 3},
    }


def main() -> None:
    """Measure and print."""
    print(json.dumps({"machine": describe()} | measure(), indent=2))


if __name__ == "__main__":
    main()
