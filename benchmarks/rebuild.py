"""A fresh judge, back at 5,000 standing alarms: `python -m benchmarks.rebuild [--updates 5000000]`.

Writes that many state updates, starts alerting on the topic as it is, waits until Kafka has compacted it, and starts
alerting again. Back is who decides about an alarm: from the start of the process to an accepted acknowledgement.
`make bench-rebuild` writes benchmarks/rebuild.json; `make bench` does the same with fewer updates.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Final

import grpc
from kafka.admin import ConfigResource, ConfigResourceType

from benchmarks.bulk_writer import BulkWriter, encode_batch
from benchmarks.flood_states import flood_site, flood_states
from benchmarks.machine import describe, resident_mb
from canairy.messages.state import PointState
from canairy.settings import KafkaSettings
from canairy.site.load import load_site
from canairy.stream.broker import Outgoing
from canairy.topics import MIB, STATE
from deploy.local.jars import ensure_jars
from deploy.local.kafka import Broker
from deploy.local.process import Process
from deploy.local.services import Ports, local_environment, service_process
from deploy.local.topics import open_admin, prepare_topics
from protos.canairy.v1 import alarm_service_pb2 as pb
from protos.canairy.v1.alarm_service_pb2_grpc import AlarmServiceStub

RESULTS: Final = Path(__file__).parent / "rebuild.json"
ALARMS: Final = 5_000
UPDATES: Final = 5_000_000
# In `make bench`.
FEW_UPDATES: Final = 250_000
BATCH: Final = 400
PATIENCE_S: Final = 3600.0
COMPACTED_WITHIN_S: Final = 1800.0
# What compaction leaves alone: the segment that is written, and as much again while the next one begins.
LEFT_BYTES: Final = 2 * 16 * MIB
QUIET_S: Final = 12.0


@dataclass(frozen=True, slots=True)
class Back:
    """One start: seconds until it decided about an alarm, and how many alarms it lists."""

    seconds: float
    alarms: int
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Place:
    """The scratch broker, the site file and the folder of the processes."""

    broker: Broker
    site_file: Path
    data: Path

    @property
    def kafka(self) -> KafkaSettings:
        """How to reach the broker."""
        return KafkaSettings(kafka_bootstrap=self.broker.bootstrap)


def measure(updates: int, starts: int = 3) -> dict[str, object]:
    """`rebuild_s` is the worst of `starts` on the compacted topic."""
    document = flood_site(ALARMS)
    states = flood_states(document, datetime.now(UTC))
    with _broker(document) as place:
        begun_cpu_s = time.process_time()
        load_site(place.site_file)
        site_file_s = time.process_time() - begun_cpu_s
        _keep_all(place, keep=True)
        begun = time.monotonic()
        written = write(place.broker.bootstrap, states, updates)
        writing_s = time.monotonic() - begun
        size_before = _size(place)
        uncompacted = start(place, "uncompacted", _alarm(states))
        _keep_all(place, keep=False)
        begun = time.monotonic()
        size_after = await_compaction(place, sum(len(it.value or b"") for it in _latest(states).values()))
        compaction_s = time.monotonic() - begun
        compacted = [start(place, f"compacted-{number}", _alarm(states)) for number in range(starts)]
    return {
        "rebuild_s": max(it.seconds for it in compacted),
        "rebuild": {
            "updates": written,
            "alarms": compacted[0].alarms,
            "points": len(_latest(states)),
            "bytes_an_update": round(sum(len(it.value or b"") for it in states) / len(states)),
            "each_s": [it.seconds for it in compacted],
            "of_that_site_file_cpu_s": round(site_file_s, 2),
            "uncompacted_s": uncompacted.seconds,
            "resident_mb": [it.resident_mb for it in (uncompacted, *compacted)],
            "wait_for_compaction_s": round(compaction_s, 1),
            "writing_s": round(writing_s, 1),
            "topic_mb_before": round(size_before / 1e6, 1),
            "topic_mb_after": round(size_after / 1e6, 1),
        },
    }


def write(bootstrap: str, states: Sequence[Outgoing], updates: int) -> int:
    """Write the states again and again, whole rounds, until there are `updates` of them; returns how many there are."""
    batches = [(len(part), encode_batch(part)) for part in _parts(states)]
    written = 0
    with BulkWriter(bootstrap, STATE) as writer:
        for number, (count, batch) in enumerate(cycle(batches)):
            if written >= updates and number % len(batches) == 0:
                break
            writer.send(batch)
            written += count
        writer.finish()
    return written


def _parts(states: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    return (states[first : first + BATCH] for first in range(0, len(states), BATCH))


def start(place: Place, name: str, alarm: str) -> Back:
    """Start a fresh alerting, wait until it decides about `alarm`, count its alarms, and end it."""
    ports, begun = Ports(), time.monotonic()
    process = service_process(
        "alerting", local_environment(place.broker.bootstrap, place.site_file), ports, place.data / name
    )
    process.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{ports.grpc['alerting']}") as channel:
            service = AlarmServiceStub(channel)
            _await_decision(process, service, pb.AcknowledgeRequest(id=alarm, user="bench", idempotency_key=name))
            seconds = time.monotonic() - begun
            memory = resident_mb({"alerting": process.pid or 0})["alerting"]
            return Back(round(seconds, 2), len(_await_alarms(service)), memory)
    finally:
        process.stop(10)


def _await_decision(process: Process, service: AlarmServiceStub, request: pb.AcknowledgeRequest) -> None:
    """Until the judge has decided, whatever it decides: the second start finds the alarm acknowledged already."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.running:
        try:
            answer = service.Acknowledge(request, timeout=8, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() not in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
                raise
            time.sleep(0.05)
            continue
        if answer.outcome in {pb.OUTCOME_ACCEPTED, pb.OUTCOME_REJECTED} and answer.alarm.id:
            return
    raise RuntimeError(f"the judge did not decide; the end of its log:\n{process.last_lines()}")


def _await_alarms(service: AlarmServiceStub) -> Sequence[object]:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            alarms: Sequence[object] = service.List(pb.ListRequest(), timeout=30).alarms
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(0.2)
        else:
            return alarms
    raise RuntimeError("the alarms were never listed")


def await_compaction(place: Place, latest_bytes: int) -> int:
    """Until the topic holds little more than the latest of each point and stays that size; its bytes then."""
    end, quiet_since, before = time.monotonic() + COMPACTED_WITHIN_S, time.monotonic(), -1
    while time.monotonic() < end:
        size = _size(place)
        if size != before:
            before, quiet_since = size, time.monotonic()
        if size <= 2 * latest_bytes + LEFT_BYTES and time.monotonic() - quiet_since >= QUIET_S:
            return size
        time.sleep(1)
    raise RuntimeError(f"{STATE} still has {before} bytes after {COMPACTED_WITHIN_S:.0f} s")


@contextmanager
def _broker(document: dict[str, object]) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="canairy-bench-") as folder:
        site_file = Path(folder) / "site.yaml"
        site_file.write_text(json.dumps(document), encoding="utf-8")
        with Broker(Path(folder) / "kafka", ensure_jars()) as broker:
            place = Place(broker, site_file, Path(folder) / "data")
            with open_admin(place.kafka) as admin:
                prepare_topics(admin, share=0.1)
            yield place


def _keep_all(place: Place, *, keep: bool) -> None:
    """Let Kafka compact the state as the design says, or (while the time without is measured) keep every update."""
    change = {"cleanup.policy": ("SET", "delete" if keep else "compact")}
    with open_admin(place.kafka) as admin:
        answer = admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, STATE, change)])["topic"]
    if answer[STATE] != "OK":
        raise RuntimeError(f"the broker refuses: {answer}")


def _size(place: Place) -> int:
    with open_admin(place.kafka) as admin:
        directories = admin.describe_log_dirs()[0]["log_dirs"]
    topics = [topic for directory in directories for topic in directory["topics"] if topic["name"] == STATE]
    return sum(partition["partition_size"] for topic in topics for partition in topic["partitions"])


def _latest(states: Sequence[Outgoing]) -> dict[str, Outgoing]:
    return {state.key: state for state in states}


def _alarm(states: Sequence[Outgoing]) -> str:
    """One of the alarms that stand."""
    found = (PointState.decode(it.value or b"") for it in reversed(states))
    return next(it.alarm.id for point in found for it in point.conditions if it.alarm is not None)


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description="a fresh judge, back at 5,000 alarms")
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    text = json.dumps({"machine": describe()} | measure(arguments.updates, arguments.starts), indent=2)
    if arguments.out is not None:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
