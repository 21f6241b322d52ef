"""What the whole way of a frame costs, against bare transport of the same bytes, in one run on one broker.

`python -m benchmarks.path` prints the figures. Simulated frames; their rendering is measured alone and taken off.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kafka.admin import NewTopic

from benchmarks import bare
from benchmarks.lags import collect_readings
from benchmarks.latencies import quantile
from benchmarks.live_stack import LiveStack, live_stack, stack_on
from benchmarks.machine import cpu_seconds, difference, resident_mb
from benchmarks.sites import steady_site
from benchmarks.triton_cpu import told_apart
from canairy.messages.thermogram import Thermogram
from canairy.settings import KafkaSettings
from canairy.simulator.scenarios import camera_script
from canairy.simulator.scene import OFFSET_K, SCALE_K, Scene
from canairy.stream.kafka import KafkaReader
from canairy.topics import READINGS
from deploy.local.jars import ensure_jars
from deploy.local.kafka import Broker
from deploy.local.models import REPOSITORY
from deploy.local.topics import open_admin

SECONDS: Final = 60.0
WARM_UP_S: Final = 20.0
# Frames per second of all cameras together, tried in this order until one is not kept up with.
LADDER: Final = (64.0, 96.0, 112.0, 128.0, 144.0, 160.0)
ASSETS_A_FRAME: Final = 3
LAG_S: Final = 1.0
# A stack that starts has a backlog; close to the rate that it sustains it takes a while to be done with it.
CATCH_UP_S: Final = 60.0
LOOK_S: Final = 4.0


@dataclass
class Run:
    """A minute, or `seconds`, of the whole path at a rate; each frame has at least `assets` readings."""

    frames_per_s: float
    seconds: float = SECONDS
    assets: int = ASSETS_A_FRAME
    frames: int = 0
    lag_p50_s: float = 0.0
    lag_p95_s: float = 0.0
    lag_max_s: float = 0.0
    shed: float = 0.0
    # Frames and crops that a model was not asked about, because it was away.
    unasked: float = 0.0
    judge_behind: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)
    resident_mb: dict[str, float] = field(default_factory=dict)

    @property
    def sustained(self) -> bool:
        """Every frame made it, none later than a second or without a model, none skipped, and the judge kept up."""
        wanted = 0.97 * self.frames_per_s * self.seconds
        judged = self.judge_behind <= LAG_S * self.assets * self.frames_per_s
        skipped = self.shed + self.unasked
        return self.frames >= wanted and self.lag_max_s < LAG_S and skipped == 0 and judged


def run_path(frames_per_s: float) -> Run:
    """Start the stack with simulated cameras, let it warm up, and measure it for a minute."""
    return run_site(steady_site(frames_per_s), Run(frames_per_s))


def run_site(site: Mapping[str, object], run: Run, warm_up_s: float = WARM_UP_S, repository: Path = REPOSITORY) -> Run:
    """Fill in a run: the stack for a site that makes its load; `repository` has the models that it asks for."""
    with live_stack(site, repository) as stack:
        pids = told_apart(stack.file.pids)
        reader = KafkaReader(stack.kafka, [READINGS], from_start=False)
        _warm_up(reader, warm_up_s)
        handled, unasked, shed = _handled(stack), _unasked(stack), _shed(stack)
        before = cpu_seconds(pids)
        readings = collect_readings(reader, run.seconds)
        run.cpu_s = difference(cpu_seconds(pids), before)
        run.judge_behind = len(readings) - (_handled(stack) - handled)
        run.frames = sum(reading.first for reading in readings)
        run.shed = _shed(stack) - shed
        run.unasked = _unasked(stack) - unasked
        run.resident_mb = resident_mb(pids)
        lags = [reading.lag_s for reading in readings]
        run.lag_p50_s, run.lag_p95_s, run.lag_max_s = (round(quantile(lags, share), 3) for share in (0.5, 0.95, 1.0))
        reader.close()
        return run


def _warm_up(reader: KafkaReader, seconds: float) -> None:
    """At least so long, and until what came in while all of it was starting is done, if that ever happens."""
    began = time.monotonic()
    collect_readings(reader, seconds)
    while time.monotonic() - began < seconds + CATCH_UP_S:
        lags = [reading.lag_s for reading in collect_readings(reader, LOOK_S)]
        if lags and max(lags) < LAG_S:
            return


def _handled(stack: LiveStack) -> float:
    return stack.metric("alerting", "canairy_messages_handled_total", READINGS)


def _shed(stack: LiveStack) -> float:
    return stack.metric("detection", "canairy_frames_shed_total")


def _unasked(stack: LiveStack) -> float:
    crops = stack.metric("anomaly", "canairy_crops_not_scored_total")
    return crops + stack.metric("detection", "canairy_frames_not_looked_at_total")


def run_bare(frames_per_s: float, seconds: float = SECONDS, warm_up_s: float = WARM_UP_S) -> dict[str, float]:
    """CPU seconds of producer, broker and consumer for the same frames at the same rate."""
    with (
        tempfile.TemporaryDirectory(prefix="canairy-bench-") as folder,
        Broker(Path(folder) / "kafka", ensure_jars()) as broker,
    ):
        with open_admin(KafkaSettings(kafka_bootstrap=broker.bootstrap)) as admin:
            config = {"max.message.bytes": str(8 * 1024**2)}
            admin.create_topics([NewTopic(bare.TOPIC, bare.PARTITIONS, 1, topic_configs=config)])
        return _transport(broker, frames_per_s, seconds, warm_up_s)


def _transport(broker: Broker, frames_per_s: float, seconds: float, warm_up_s: float) -> dict[str, float]:
    whole = str(warm_up_s + seconds)
    common = ["--bootstrap", broker.bootstrap, "--rate", str(frames_per_s), "--seconds", whole]
    sides = {side: _child(side, common) for side in ("consume", "produce")}
    pids = {side: child.pid for side, child in sides.items()} | {"kafka": broker.process.pid or 0}
    for child in sides.values():
        _expect(child, "ready")
    for child in sides.values():
        _go_on(child)
    time.sleep(warm_up_s)
    before = cpu_seconds(pids)
    for side in ("produce", "consume"):
        _expect(sides[side], "done")
    used = difference(cpu_seconds(pids), before)
    for child in sides.values():
        _go_on(child)
        child.wait(30)
    return used


def rendering_cpu_s(frames: int) -> float:
    """CPU seconds of rendering that many simulated frames, measured alone."""
    scene = Scene(camera_script("demo/cam-02", "bare"))
    begun = time.process_time()
    for number in range(200):
        scene.render(number / 2)
    return (time.process_time() - begun) / 200 * frames


def codec_cpu_ms() -> float:
    """CPU ms of packing and unpacking one simulated frame: the codec's own share, which both sides pay."""
    scene = Scene(camera_script("demo/cam-02", "bare"))
    frames = [scene.render(number / 2) for number in range(50)]
    begun = time.process_time()
    for counts in frames:
        Thermogram.of(counts, SCALE_K, OFFSET_K).counts()
    return round((time.process_time() - begun) / len(frames) * 1000, 2)


def start_up() -> dict[str, float]:
    """Seconds until the stack is up: on a fresh data folder, and again on the same one."""
    with tempfile.TemporaryDirectory(prefix="canairy-bench-") as folder:
        seconds = []
        for _start in range(2):
            begun = time.monotonic()
            with stack_on(Path(folder), steady_site(LADDER[0])):
                seconds.append(round(time.monotonic() - begun, 1))
        return {"stack_up_s": seconds[0], "second_start_s": seconds[1]}


def sustained() -> tuple[float, list[Run]]:
    """The highest rate of the ladder that is kept up with, and every run on the way."""
    runs: list[Run] = []
    for frames_per_s in LADDER:
        runs.append(run_path(frames_per_s))
        say(runs[-1])
        if not runs[-1].sustained:
            break
    return max((run.frames_per_s for run in runs if run.sustained), default=0.0), runs


def measure() -> dict[str, object]:
    """The figures of the path: see benchmarks/README.md for what each means."""
    best, runs = sustained()
    if best == 0:
        raise RuntimeError(f"not even {LADDER[0]:.0f} frames/s were kept up with: is the machine busy?")
    half = best / 2
    path, transport = run_path(half), run_bare(half)
    say(path)
    rendering = rendering_cpu_s(path.frames)
    whole, alone = sum(path.cpu_s.values()) - rendering, sum(transport.values())
    return {
        "frames_per_s_sustained": best,
        "overhead_ratio": round(whole / path.frames / (alone / (half * SECONDS)), 3),
        "overhead_at_frames_per_s": half,
        "path_cpu_ms_a_frame": {name: round(1000 * used / path.frames, 2) for name, used in path.cpu_s.items()},
        "codec_cpu_ms_a_frame": codec_cpu_ms(),
        "rendering_cpu_ms_a_frame": round(1000 * rendering / path.frames, 2),
        "bare_cpu_ms_a_frame": {n: round(1000 * used / (half * SECONDS), 2) for n, used in transport.items()},
        "resident_mb": path.resident_mb,
        "lag_s": {"p50": path.lag_p50_s, "p95": path.lag_p95_s, "max": path.lag_max_s},
        **start_up(),
        "runs": [vars(run) | {"sustained": run.sustained} for run in runs],
    }


def _child(side: str, common: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.bare", side, *common]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _expect(child: subprocess.Popen[str], word: str) -> None:
    line = child.stdout.readline() if child.stdout else ""
    if not line.startswith(word):
        raise RuntimeError(f"the bare transport said {line!r} where {word!r} was expected")


def _go_on(child: subprocess.Popen[str]) -> None:
    if child.stdin:
        child.stdin.write("\n")
        child.stdin.flush()


def say(run: Run) -> None:
    """Print how a run went."""
    print(
        f"{run.frames_per_s:5.1f} frames/s: {run.frames} frames, lag p95 {run.lag_p95_s} s, max {run.lag_max_s} s, "
        f"shed {run.shed:.0f}, unasked {run.unasked:.0f}, judge behind by {run.judge_behind:.0f} readings, "
        f"sustained: {run.sustained}",
        flush=True,
    )


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
