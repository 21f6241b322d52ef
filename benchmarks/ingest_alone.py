"""Ingest as it runs, alone on a real broker: nobody else takes CPU from it, and what it writes can be read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from benchmarks.live_stack import TOPIC_SHARE
from canairy.settings import KafkaSettings
from deploy.local.jars import ensure_jars
from deploy.local.kafka import Broker
from deploy.local.services import Ports, local_environment, service_process, why_not_ready
from deploy.local.topics import open_admin, prepare_topics

_READY_S: Final = 60.0
_GRACE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class IngestAlone:
    """A running ingest: its process, and the broker that it writes to."""

    pid: int
    kafka: KafkaSettings

    def cpu_s(self) -> dict[str, float]:
        """User and system time so far: of its own process, and of its decoders, those that have ended too."""
        own = psutil.Process(self.pid).cpu_times()
        ended = own.children_user + own.children_system
        return {
            "ingest": own.user + own.system,
            "decoders": ended + self._of_decoders(lambda it: sum(it.cpu_times()[:2])),
        }

    def memory_mb(self) -> dict[str, float]:
        """Resident memory now, MB: of its own process, and of its decoders."""
        own = psutil.Process(self.pid).memory_info().rss
        decoders = self._of_decoders(lambda it: it.memory_info().rss)
        return {"ingest": round(own / 1e6, 2), "decoders": round(decoders / 1e6, 2)}

    def _of_decoders(self, of: Callable[[psutil.Process], float]) -> float:
        total = 0.0
        for decoder in psutil.Process(self.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += of(decoder)
        return total


@contextmanager
def ingest_alone(site: Mapping[str, object], folder: Path) -> Iterator[IngestAlone]:
    """Start broker and ingest for a site whose folders are relative to `folder`; raises RuntimeError if it fails."""
    site_file = folder / "site.yaml"
    site_file.write_text(json.dumps(site), encoding="utf-8")
    with Broker(folder / "kafka", ensure_jars()) as broker:
        kafka = KafkaSettings(kafka_bootstrap=broker.bootstrap)
        with open_admin(kafka) as admin:
            prepare_topics(admin, share=TOPIC_SHARE)
        ports = Ports()
        process = service_process("ingest", local_environment(broker.bootstrap, site_file), ports, folder / "data")
        process.start()
        try:
            _await_ready(ports.http["ingest"])
            yield IngestAlone(process.pid or 0, kafka)
            if not process.running:
                raise RuntimeError(f"ingest ended: {process.outcome}\n{process.last_lines()}")
        finally:
            process.stop(_GRACE_S)


def _await_ready(port: int) -> None:
    deadline = time.monotonic() + _READY_S
    while why := why_not_ready(port):
        if time.monotonic() > deadline:
            raise RuntimeError(f"ingest is not ready after {_READY_S:.0f} s: {why}")
        time.sleep(0.1)
