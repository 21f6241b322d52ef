"""What each hop costs, in CPU and in bytes: `python -m benchmarks.hops [--seconds 60] [--rate 24]`.

Writes benchmarks/hops.md, a table that names the next thing to improve. Each service keeps books of its own CPU
(`benchmarks.booked`); the bytes are what the topics grew by.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from benchmarks.booked import AFTER_VARIABLE, FOLDER_VARIABLE
from benchmarks.hops_page import hops_page
from benchmarks.live_stack import LiveStack, live_stack
from benchmarks.machine import cpu_seconds, describe, difference
from benchmarks.results import half_load
from benchmarks.sites import steady_site
from canairy.topics import CAMERAS, COMMANDS, DETECTIONS, FINDS, FRAMES, READINGS, STATE
from deploy.local.topics import open_admin

PAGE: Final = Path(__file__).parent / "hops.md"
SECONDS: Final = 60.0
WARM_UP_S: Final = 20.0
# The topics that a frame passes, and how many processes read each record of them in this stack.
READERS: Final = {FRAMES: 1, DETECTIONS: 1, READINGS: 1, CAMERAS: 1, COMMANDS: 1, STATE: 1, FINDS: 0}
INTERNAL: Final = ("__consumer_offsets", "__transaction_state")
# Started by every Python of the stack before its own program; the services keep books then.
HOOK: Final = "from benchmarks import booked\n\nbooked.start()\n"
THREADS_OF_JAVA: Final = {"C1": "compiling", "C2": "compiling", "VM": "collecting garbage", "GC": "collecting garbage"}


@dataclass(frozen=True, slots=True)
class Hops:
    """CPU ms a frame by process and part, and bytes a frame by topic."""

    frames_per_s: float
    frames: float
    cpu_ms: Mapping[str, Mapping[str, float]]
    bytes_in: Mapping[str, float]

    def figures(self) -> dict[str, object]:
        """For results.json."""
        written = {topic: round(size) for topic, size in self.bytes_in.items()}
        read = {topic: round(size * READERS.get(topic, 0)) for topic, size in self.bytes_in.items()}
        cpu = {name: {part: round(ms, 3) for part, ms in parts.items()} for name, parts in self.cpu_ms.items()}
        return {
            "at_frames_per_s": self.frames_per_s,
            "frames": round(self.frames),
            "cpu_ms_a_frame": cpu,
            "bytes_a_frame_written": written,
            "bytes_a_frame_read": read,
        }


def measure(frames_per_s: float, seconds: float = SECONDS) -> Hops:
    """Run the stack at a rate and take its hops apart."""
    with tempfile.TemporaryDirectory(prefix="canairy-profile-") as folder:
        (Path(folder) / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
        root = str(Path(__file__).parents[1])
        told = {"PYTHONPATH": f"{folder}:{root}", FOLDER_VARIABLE: folder, AFTER_VARIABLE: str(WARM_UP_S)}
        with live_stack(steady_site(frames_per_s), **told) as stack:
            # What retention deletes would look as if it had not been written.
            stack.keep([FRAMES, DETECTIONS])
            pids = dict(stack.file.pids)
            time.sleep(WARM_UP_S)
            before = _snapshot(stack, pids)
            time.sleep(seconds)
            after = _snapshot(stack, pids)
        profiles = {name: _profile(Path(folder) / f"{pid}.json") for name, pid in pids.items() if name != "kafka"}
    return _hops(frames_per_s, before, after, profiles)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """All that is counted, at one moment."""

    frames: float
    sizes: Mapping[str, float]
    cpu_s: Mapping[str, float]
    java_s: Mapping[str, float]


def _snapshot(stack: LiveStack, pids: Mapping[str, int]) -> _Snapshot:
    frames = stack.metric("anomaly", "canairy_messages_handled_total", DETECTIONS)
    return _Snapshot(frames, _sizes(stack), cpu_seconds(pids), _java_threads(pids["kafka"]))


def _sizes(stack: LiveStack) -> dict[str, float]:
    """Bytes of each topic on disk."""
    with open_admin(stack.kafka) as admin:
        directories = admin.describe_log_dirs()[0]["log_dirs"]
    topics = [topic for directory in directories for topic in directory["topics"]]
    return {topic["name"]: float(sum(it["partition_size"] for it in topic["partitions"])) for topic in topics}


def _java_threads(pid: int) -> dict[str, float]:
    """CPU seconds of the broker's threads, by what they do."""
    found: dict[str, float] = {}
    for thread in psutil.Process(pid).threads():
        name = _thread_name(pid, thread.id)
        part = next((part for prefix, part in THREADS_OF_JAVA.items() if name.startswith(prefix)), "own work")
        found[part] = found.get(part, 0.0) + thread.user_time + thread.system_time
    return found


def _thread_name(pid: int, thread: int) -> str:
    try:
        return Path(f"/proc/{pid}/task/{thread}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _profile(path: Path) -> dict[str, float]:
    if not path.exists():
        raise RuntimeError(f"{path.name}: a service has left no profile")
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _hops(
    frames_per_s: float, before: _Snapshot, after: _Snapshot, profiles: Mapping[str, Mapping[str, float]]
) -> Hops:
    frames = after.frames - before.frames
    if frames <= 0:
        raise RuntimeError("no frame came through")
    used = difference(after.cpu_s, before.cpu_s)
    cpu_ms = {name: _shared_out(1000 * used[name] / frames, parts) for name, parts in profiles.items()}
    java = {part: 1000 * (seconds - before.java_s.get(part, 0.0)) / frames for part, seconds in after.java_s.items()}
    cpu_ms["kafka"] = _shared_out(1000 * used["kafka"] / frames, java)
    grown = {topic: (size - before.sizes.get(topic, 0.0)) / frames for topic, size in after.sizes.items()}
    bytes_in = {topic: grown[topic] for topic in (*READERS, *INTERNAL) if topic in grown}
    return Hops(frames_per_s, frames, cpu_ms, bytes_in)


def _shared_out(ms: float, parts: Mapping[str, float]) -> dict[str, float]:
    """A process's CPU of the measured time, in the proportions of its books, which end a little later."""
    whole = sum(parts.values()) or 1.0
    return {part: ms * seconds / whole for part, seconds in parts.items()}


def main() -> None:
    """Measure, write the page, and print it."""
    parser = argparse.ArgumentParser(description="CPU and bytes of each hop")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rate", type=float, default=half_load(), help="frames a second, all cameras together")
    parser.add_argument("--out", type=Path, default=PAGE)
    arguments = parser.parse_args()
    figures = measure(arguments.rate, arguments.seconds).figures()
    page = hops_page(figures, describe())
    arguments.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
