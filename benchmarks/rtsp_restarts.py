"""An RTSP camera is killed and comes back: `python -m benchmarks.rtsp_restarts [--cycles 50]` (`make soak`).

The camera is a real RTSP server (gst-rtsp-server) that sends H.264 of 640x512 at 10 Hz with a key frame a second; it is
killed, stays away for 0 to 4 s, and comes back on the same port. Ingest is a real one, on a real broker. Frames must be
on the topic again within 5 s of the camera's return, each time, and ingest's memory must be flat: a straight line
through what it holds after each cycle, the first half left out, rises by less than 100 kB a cycle.

Writes benchmarks/rtsp_restarts.json after every cycle, so that a run that is broken off has said what it saw.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, Final

from benchmarks.ingest_alone import ingest_alone
from benchmarks.machine import describe
from benchmarks.rtsp_server import RtspServer, h264
from benchmarks.sites import site
from canairy.messages.frame import Frame
from canairy.messages.header import CANARY
from canairy.stream.kafka import KafkaReader
from canairy.topics import FRAMES

RESULTS: Final = Path(__file__).parent / "rtsp_restarts.json"
CYCLES: Final = 50
WITHIN_S: Final = 5.0
# A camera that restarts every day for a year takes 37 MB at most.
FLAT_KB_A_CYCLE: Final = 100.0
# Fewer points make no line.
_FEWEST: Final = 10
_PATIENCE_S: Final = 60.0
_SHAPE: Final = (512, 640)


@dataclass(frozen=True, slots=True)
class Restarts:
    """Cycle by cycle: `away_s` between kill and start, `flows_again_s` from the return to the next frame on the topic.

    `memory_mb` and `decoder_mb`: resident, of ingest's own process and of its decoders, once frames flow again.
    """

    away_s: list[float] = field(default_factory=list)
    flows_again_s: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    decoder_mb: list[float] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Within 5 s, each time."""
        return max(self.flows_again_s) <= WITHIN_S

    @property
    def kb_a_cycle(self) -> float | None:
        """How fast ingest's own memory rises in the second half of the cycles; None where they are too few to tell."""
        half = self.memory_mb[len(self.memory_mb) // 2 :]
        return 1000 * linear_regression(range(len(half)), half).slope if len(half) >= _FEWEST else None

    @property
    def flat(self) -> bool | None:
        """It rises by less than 100 kB a cycle; None where nobody can tell."""
        return None if self.kb_a_cycle is None else self.kb_a_cycle < FLAT_KB_A_CYCLE

    def told(self, *, finished: bool) -> dict[str, Any]:
        """What rtsp_restarts.json holds."""
        return {
            "machine": describe(),
            "finished": finished,
            "cycles": len(self.flows_again_s),
            "kept": self.kept,
            "flows_again_s_median": round(median(self.flows_again_s), 2),
            "flows_again_s_max": max(self.flows_again_s),
            "flat": self.flat,
            "kb_a_cycle": None if self.kb_a_cycle is None else round(self.kb_a_cycle, 1),
            **asdict(self),
        }


def measure(cycles: int, told: Callable[[Restarts], None] = lambda _so_far: None) -> Restarts:
    """Kill and restart the camera so many times; `told` hears of each."""
    found = Restarts()
    with RtspServer(h264(shape=_SHAPE)) as server, tempfile.TemporaryDirectory(prefix="canairy-bench-") as place:
        camera = {"id": "cam-01", "source": server.source, "rate_hz": 5.0, "views": [{"id": "bay-1"}]}
        with ingest_alone(site(camera), Path(place)) as ingest:
            reader = KafkaReader(ingest.kafka, [FRAMES], from_start=True)
            _flows_after(reader, datetime.now(UTC))
            for cycle in range(cycles):
                server.kill()
                found.away_s.append(cycle % 5)
                time.sleep(cycle % 5)
                server.start()
                returned_at, returned_s = datetime.now(UTC), time.monotonic()
                _flows_after(reader, returned_at)
                found.flows_again_s.append(round(time.monotonic() - returned_s, 3))
                memory = ingest.memory_mb()
                found.memory_mb.append(memory["ingest"])
                found.decoder_mb.append(memory["decoders"])
                told(found)
            reader.close()
    return found


def _flows_after(reader: KafkaReader, moment: datetime) -> None:
    """Wait for a frame that came to ingest after `moment`; raises TimeoutError when none does for a minute."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        for received in reader.poll(0.5, 500):
            header = Frame.decode(received.value or b"").header
            if header.camera != CANARY and header.received_at > moment:
                return
    raise TimeoutError(f"no frame for {_PATIENCE_S:.0f} s")


def run(cycles: int, path: Path = RESULTS) -> Restarts:
    """Measure, saying what is seen, and write it."""

    def told(so_far: Restarts) -> None:
        _write(so_far.told(finished=False), path)
        print(
            f"{len(so_far.away_s):3d}: {so_far.away_s[-1]:.0f} s away, frames again after "
            f"{so_far.flows_again_s[-1]:.2f} s; MB: ingest {so_far.memory_mb[-1]}, decoder {so_far.decoder_mb[-1]}",
            flush=True,
        )

    found = measure(cycles, told)
    _write(found.told(finished=True), path)
    return found


def _write(result: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Run, and print what it came to; the exit status is 1 where frames were late or memory was not flat."""
    parser = argparse.ArgumentParser(description="an RTSP camera is killed and comes back")
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    found = run(arguments.cycles, arguments.out)
    told = found.told(finished=True)
    print(json.dumps({key: value for key, value in told.items() if not isinstance(value, list)}, indent=2))
    raise SystemExit(0 if found.kept and found.flat is not False else 1)


if __name__ == "__main__":
    main()
