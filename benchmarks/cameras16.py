"""Sixteen cameras against one: what a frame costs ingest, and whether each camera keeps its rate.

`python -m benchmarks.cameras16 [--seconds 60] [--rounds 2]`: a real ingest on a real broker, eight real RTSP servers
(H.264, nine frames a second, of which one is taken) and eight folders into which 16-bit PNG are dropped, all 640x512 at
1 Hz. The CPU is that of ingest and its decoders, not of the servers. One camera is an RTSP camera alone and a folder
alone, each in a run of its own, and their mean: of the same mixture.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any, Final

from benchmarks.ingest_alone import IngestAlone, ingest_alone
from benchmarks.machine import describe, difference
from benchmarks.played import STREAM_HZ, TIME_PATTERN, Drop, rendered, streams
from benchmarks.sites import site
from benchmarks.steps import run_steps
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY, NO_TEMPERATURES, TIME_ASSIGNED, TIME_INVALID, FrameHeader
from canairy.stream.kafka import KafkaReader
from canairy.topics import FRAMES

RATE_HZ: Final = 1.0
SECONDS: Final = 60.0
ROUNDS: Final = 2
# Until then a camera has learnt its view and what is usual in it, and is looked at as often as it will be.
WARM_UP_S: Final = 30.0
_ON_ITS_WAY_S: Final = 3.0
_USUAL: Final = {NO_TEMPERATURES, TIME_ASSIGNED, TIME_INVALID}
# Names of runs: how many RTSP cameras, how many folders.
IDLE, ONE_STREAM, ONE_FOLDER, SIXTEEN = "idle", "one RTSP camera", "one folder", "sixteen cameras"
PARTS: Final[Mapping[str, tuple[int, int]]] = {IDLE: (0, 0), ONE_STREAM: (1, 0), ONE_FOLDER: (0, 1), SIXTEEN: (8, 8)}


@dataclass(frozen=True, slots=True)
class Run:
    """So many seconds: CPU of ingest and its decoders, frames of each camera on the topic, and what is wrong with them.

    `flags`: of all frames, how many have which flag, those left out that say where temperatures and times come from.
    """

    name: str
    seconds: float
    cpu_s: dict[str, float]
    frames: dict[str, int]
    flags: dict[str, int]

    @property
    def kept(self) -> float:
        """Of the frames that are due, the share of the camera that gave fewest."""
        return min((count / (RATE_HZ * self.seconds) for count in self.frames.values()), default=1.0)


def run(name: str, seconds: float = SECONDS, warm_up_s: float = WARM_UP_S) -> Run:
    """Start everything for the run `name`, let it warm up, and measure it for `seconds`."""
    of_streams, of_folders = PARTS[name]
    shown = rendered()
    with tempfile.TemporaryDirectory(prefix="canairy-bench-") as place:
        folder = Path(place)
        drops = [folder / f"drop-{number}" for number in range(of_folders)]
        with (
            streams(of_streams, shown, folder / "shown") as sources,
            Drop(drops, shown, RATE_HZ).running(),
            ingest_alone(_site(sources, drops), folder) as ingest,
        ):
            return _measured(name, ingest, seconds, warm_up_s, [*_cameras(sources, drops)])


def _measured(name: str, ingest: IngestAlone, seconds: float, warm_up_s: float, cameras: Sequence[str]) -> Run:
    reader = KafkaReader(ingest.kafka, [FRAMES], from_start=False)
    _collect(reader, warm_up_s)
    began, before = datetime.now(UTC), ingest.cpu_s()
    headers = _collect(reader, seconds)
    ended, used = datetime.now(UTC), difference(ingest.cpu_s(), before)
    # What came to ingest in this time and is still on its way to us.
    headers += _collect(reader, _ON_ITS_WAY_S)
    reader.close()
    within = [it for it in headers if began <= it.received_at < ended]
    seen = Counter(it.camera for it in within)
    flags = Counter(flag for it in within for flag in set(it.flags) - _USUAL)
    passed_s = (ended - began).total_seconds()
    return Run(name, round(passed_s, 2), used, {camera: seen[camera] for camera in cameras}, dict(flags))


def _collect(reader: KafkaReader, seconds: float) -> list[FrameHeader]:
    """Of all frames that come within `seconds`; the canary's are left out."""
    found: list[FrameHeader] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        headers = [Frame.decode(received.value or b"").header for received in reader.poll(min(left, 0.5), 500)]
        found += [header for header in headers if header.camera != CANARY]
    return found


def _cameras(sources: Sequence[str], drops: Sequence[Path]) -> dict[str, dict[str, object]]:
    cameras: dict[str, dict[str, object]] = {}
    for number, source in enumerate(sources):
        cameras[f"stream-{number}"] = {"source": source}
    for drop in drops:
        cameras[drop.name] = {"source": f"folder:{drop.name}", "time_pattern": TIME_PATTERN}
    return cameras


def _site(sources: Sequence[str], drops: Sequence[Path]) -> dict[str, object]:
    # A site has a camera; nobody pushes a frame of this one.
    cameras = _cameras(sources, drops) or {"nobody": {"source": "push:"}}
    return site(
        *({"id": name, "rate_hz": RATE_HZ, "views": [{"id": f"of-{name}"}], **of} for name, of in cameras.items())
    )


def measure(seconds: float = SECONDS, rounds: int = ROUNDS) -> dict[str, Any]:
    """The figures; every other round runs backwards, so that a machine that slows down favours nobody."""
    runs: list[Run] = []
    for number in range(rounds):
        for name in list(PARTS)[:: -1 if number % 2 else 1]:
            runs.append(run(name, seconds))
            print(f"{name}: CPU {runs[-1].cpu_s} s, frames {runs[-1].frames}, flags {runs[-1].flags}", flush=True)
    return figures(runs)


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """Of all rounds together. `without idle`: less what ingest takes without a frame, told apart by itself."""
    of = {name: [it for it in runs if it.name == name] for name in PARTS}
    cost = {name: _ms_a_frame(of[name]) for name in (ONE_STREAM, ONE_FOLDER, SIXTEEN)}
    idle_ms_a_s = 1000 * _cpu_s(of[IDLE]) / sum(it.seconds for it in of[IDLE])
    own = {name: cost[name] - idle_ms_a_s * _seconds_a_frame(of[name]) for name in cost}
    one, one_own = mean((cost[ONE_STREAM], cost[ONE_FOLDER])), mean((own[ONE_STREAM], own[ONE_FOLDER]))
    return {
        "cameras_16_cpu_ratio": round(cost[SIXTEEN] / one, 3),
        "cameras_16_kept": round(min(it.kept for it in of[SIXTEEN]), 3),
        "cameras_16": {
            "machine": describe(),
            "stream": f"H.264, {STREAM_HZ} frames/s, 640x512, a key frame a second (simulated)",
            "folder": "16-bit PNG, 640x512 (simulated)",
            "cpu_ms_a_frame": {name: round(value, 2) for name, value in {**cost, "one, mean": one}.items()},
            "idle_cpu_ms_a_second": round(idle_ms_a_s, 2),
            "cpu_ratio_without_idle": round(own[SIXTEEN] / one_own, 3),
            "cpu_ms_of_each_more": round(_each_more(of), 2),
            "runs": [asdict(it) for it in runs],
        },
    }


def _cpu_s(runs: Sequence[Run]) -> float:
    return sum(sum(it.cpu_s.values()) for it in runs)


def _frames(runs: Sequence[Run]) -> int:
    return sum(sum(it.frames.values()) for it in runs)


def _ms_a_frame(runs: Sequence[Run]) -> float:
    return 1000 * _cpu_s(runs) / _frames(runs)


def _seconds_a_frame(runs: Sequence[Run]) -> float:
    return sum(it.seconds for it in runs) / _frames(runs)


def _each_more(of: Mapping[str, Sequence[Run]]) -> float:
    """CPU milliseconds of each frame that sixteen cameras give more than one does; what is fixed is not in it."""
    ones = of[ONE_STREAM], of[ONE_FOLDER]
    more_s = _cpu_s(of[SIXTEEN]) - mean(_cpu_s(runs) for runs in ones)
    return 1000 * more_s / (_frames(of[SIXTEEN]) - mean(_frames(runs) for runs in ones))


def record(seconds: float = SECONDS, rounds: int = ROUNDS) -> None:
    """Measure, and put the figures into benchmarks/results.json."""
    run_steps({"cameras16": lambda: measure(seconds, rounds)}, ())


def main() -> None:
    """Measure and print; `--record` keeps the figures."""
    parser = argparse.ArgumentParser(description="sixteen cameras against one")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--record", action="store_true", help="into benchmarks/results.json")
    told = parser.parse_args()
    if told.record:
        record(told.seconds, told.rounds)
    else:
        print(json.dumps(measure(told.seconds, told.rounds), indent=2))


if __name__ == "__main__":
    main()
