"""Ingest as its composition root builds it, at work in threads, with a broker in memory: what it wrote so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from canairy import topics
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.frame import Frame
from canairy.service import Service
from canairy.site.load import load_site
from canairy.stream.memory import MemoryBroker
from services.ingest.__main__ import build
from services.ingest.settings import IngestSettings


class AtWork:
    """What stands on the topics."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker

    def frames(self, camera: str) -> list[Frame]:
        """Of one camera, in their order."""
        records = [record for record in self.broker.records(topics.FRAMES) if record.key == camera]
        return [Frame.decode(record.value or b"") for record in records]

    def reasons(self, camera: str, state: CameraState) -> list[str]:
        """Of one camera, each time that it was in this state."""
        records = [record for record in self.broker.records(topics.CAMERAS) if record.key == camera]
        statuses = [CameraStatus.decode(record.value or b"") for record in records]
        return [status.reason for status in statuses if status.state is state]

    def everything(self) -> bytes:
        """All bytes of all topics, their headers too."""
        records = [record for topic in topics.ALL_TOPICS for record in self.broker.records(topic.name)]
        return b"".join((it.value or b"") + b"".join(it.headers.values()) for it in records)

    def until_frames(self, camera: str, count: int = 1) -> None:
        """Wait for so many more frames than there are."""
        wanted = len(self.frames(camera)) + count
        self.until(lambda: len(self.frames(camera)) >= wanted, f"{count} more frames of {camera}")

    def until_failed(self, camera: str, why: str) -> str:
        """Wait until a camera has failed for a reason that holds `why`; the reason."""

        def found() -> list[str]:
            return [reason for reason in self.reasons(camera, CameraState.FAILED) if why in reason]

        self.until(lambda: bool(found()), f"{camera} failed for {why!r}")
        return found()[0]

    def until(self, true: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
        """Wait until it is true."""
        deadline = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < deadline, f"never came: {what}"
            time.sleep(0.05)


@contextmanager
def at_work(folder: Path, site: str, secrets: Path | None = None) -> Iterator[AtWork]:
    """Ingest with this site file, from `folder`; it must end well, and within 30 s."""
    (folder / "site.yaml").write_text(site, encoding="utf-8")
    settings = IngestSettings(site_file=folder / "site.yaml", data_dir=folder / "data", secrets_dir=secrets)
    broker = MemoryBroker(topics.ALL_TOPICS)
    with ExitStack() as adapters:
        ingest = build(settings, load_site(settings.site_file), broker.producer(), Service(), adapters)
        with ThreadPoolExecutor(1) as main:
            ended = main.submit(ingest.run)
            try:
                yield AtWork(broker)
            finally:
                ingest.crew.stop.set()
            ended.result(timeout=30)
