"""From the SIGKILL of the judge to the next committed alert: `python -m benchmarks.failover [--times 5]`.

Two alerting processes on a full stack, alerts coming all the time. The one that judges is killed and nobody starts it
again; the other must notice, take over, read the state and judge on. Then a fresh one stands by for the next time.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.latencies import AlertReader, Seen
from benchmarks.live_stack import LiveStack, live_stack, metric
from benchmarks.machine import describe
from benchmarks.pushed_cameras import pushing
from benchmarks.results import half_load
from benchmarks.sites import alerting_site
from canairy.topics import READINGS
from deploy.local.process import Process
from deploy.local.services import Ports, service_process, why_not_ready

TIMES: Final = 5
PUSHED_HZ: Final = 4.0
WARM_UP_S: Final = 12.0
PATIENCE_S: Final = 90.0
# Alerts are as quick as ever once they come within this time of the capture.
CAUGHT_UP_MS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Replica:
    """One alerting process: its id, where its metrics are, and its log."""

    pid: int
    http_port: int
    log: Path

    @property
    def judged(self) -> float:
        """Readings handled by it so far: only the judge handles any."""
        return metric(f"127.0.0.1:{self.http_port}", "canairy_messages_handled_total", READINGS)


@dataclass(frozen=True, slots=True)
class Failover:
    """One kill: seconds until the other has the partitions and the state, to the next alert, and to quick ones."""

    taken_over_s: float
    next_alert_s: float
    caught_up_s: float


def measure(frames_per_s: float, times: int = TIMES) -> dict[str, object]:
    """`failover_s` is the worst of `times`."""
    with (
        live_stack(alerting_site(frames_per_s, PUSHED_HZ)) as stack,
        pushing(stack.file.ingest_address, PUSHED_HZ),
        ExitStack() as processes,
    ):
        first = int(stack.file.http["alerting"].rpartition(":")[2])
        log = stack.data / "logs" / "alerting.jsonl"
        replicas = [Replica(stack.file.pids["alerting"], first, log), _stand_by(stack, processes, 0)]
        reader = AlertReader(stack.kafka)
        found: list[Failover] = []
        for number in range(1, times + 1):
            reader.collect(WARM_UP_S)
            judge = _judge(replicas)
            others = [it for it in replicas if it is not judge]
            found.append(_kill(judge, others, reader))
            replicas = [*others, _stand_by(stack, processes, number)]
        reader.close()
    return {
        "failover_s": max(it.next_alert_s for it in found),
        "failover": {
            "median_s": median(it.next_alert_s for it in found),
            "each_s": [it.next_alert_s for it in found],
            "taken_over_s": [it.taken_over_s for it in found],
            "caught_up_s": [it.caught_up_s for it in found],
            "at_frames_per_s": frames_per_s,
            "session_timeout_s": stack.kafka.kafka_session_timeout_s,
        },
    }


def _kill(judge: Replica, others: Sequence[Replica], reader: AlertReader) -> Failover:
    killed_at, begun = datetime.now(UTC), time.monotonic()
    os.kill(judge.pid, signal.SIGKILL)
    # What was committed before the kill may still be on its way to the reader.
    _first(reader, lambda it: it.record.written_at > killed_at, "an alert of the judge that took over")
    next_alert_s = time.monotonic() - begun
    quick = lambda it: it.alert.captured_at > killed_at and it.latency_ms < CAUGHT_UP_MS  # noqa: E731
    _first(reader, quick, "alerts as quick as before")
    caught_up_s = time.monotonic() - begun
    taken_over_s = min(taken_over_after(it.log, killed_at) for it in others)
    return Failover(round(taken_over_s, 2), round(next_alert_s, 2), round(caught_up_s, 2))


def taken_over_after(log: Path, killed_at: datetime) -> float:
    """Seconds from then until the process with this log had partitions and their state; without end if it never had."""
    for line in log.read_text(encoding="utf-8").splitlines():
        if '"partitions taken over"' in line:
            entry = json.loads(line)
            after_s = (datetime.fromisoformat(entry["timestamp"]) - killed_at).total_seconds()
            if after_s > 0 and entry["partitions"]:
                return after_s
    return math.inf


def _first(reader: AlertReader, wanted: Callable[[Seen], bool], what: str) -> None:
    seen = reader.collect(PATIENCE_S, lambda seen: any(wanted(it) for it in seen))
    if not any(wanted(it) for it in seen):
        raise RuntimeError(f"never came within {PATIENCE_S:.0f} s: {what}")


def _judge(replicas: Sequence[Replica]) -> Replica:
    """The one that handles readings now."""
    before = [it.judged for it in replicas]
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        time.sleep(1)
        for replica, handled in zip(replicas, before, strict=True):
            if replica.judged > handled:
                return replica
    raise RuntimeError(f"nobody judged within {PATIENCE_S:.0f} s")


def _stand_by(stack: LiveStack, processes: ExitStack, number: int) -> Replica:
    """One more alerting, ready; ended with `processes`."""
    ports = Ports()
    data = stack.data / f"stand-by-{number}"
    process = service_process("alerting", stack.stack.environment, ports, data)
    process.start()
    processes.callback(process.stop, 5)
    _await_ready(process, ports.http["alerting"])
    return Replica(process.pid or 0, ports.http["alerting"], data / "logs" / "alerting.jsonl")


def _await_ready(process: Process, port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while why := why_not_ready(port):
        if time.monotonic() > deadline or not process.running:
            raise RuntimeError(f"the second alerting is not ready ({why}); the end of its log:\n{process.last_lines()}")
        time.sleep(0.2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="SIGKILL of the judge to the next alert")
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--rate", type=float, default=half_load(), help="frames a second, all cameras together")
    arguments = parser.parse_args()
    print(json.dumps({"machine": describe()} | measure(arguments.rate, arguments.times), indent=2))


if __name__ == "__main__":
    main()
