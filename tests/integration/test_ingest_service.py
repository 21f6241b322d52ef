"""Ingest as a whole: built by its composition root, with a broker in memory; and as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import pytest

from canairy import topics
from canairy.errors import ConfigurationError
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.frame import Frame
from canairy.service import Service
from canairy.site.load import load_site
from canairy.stream.memory import MemoryBroker
from canairy.trace import configure_tracing
from services.ingest.__main__ import build
from services.ingest.run import Ingest
from services.ingest.settings import IngestSettings
from services.ingest.writer import Writer
from tests.helpers.ingest import picture

ROOT = Path(__file__).parents[2]
SITE = """
site: {id: test-ss}
cameras:
  - {id: cam-01, source: "simulated:demo", rate_hz: 10, views: [{id: bay-1}]}
  - {id: files, source: "folder:recordings", views: [{id: "*"}]}
  - {id: push-1, source: "push:", silent_after: 1s, views: [{id: bay-2}]}
measurements: {ambient: {unit: degC}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "recordings").mkdir()
    return IngestSettings(site_file=tmp_path / "site.yaml", data_dir=tmp_path / "data", canary_period_s=1)


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker(topics.ALL_TOPICS)


@contextmanager
def running(settings: IngestSettings, broker: MemoryBroker) -> Iterator[Ingest]:
    """Ingest at work in threads of this process; it must have ended well."""
    with ExitStack() as adapters:
        ingest = build(settings, load_site(settings.site_file), broker.producer(), Service(), adapters)
        with ThreadPoolExecutor(1) as main:
            ended = main.submit(ingest.run)
            try:
                yield ingest
            finally:
                ingest.crew.stop.set()
            ended.result(timeout=60)


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.05)


def frames(broker: MemoryBroker, camera: str) -> list[Frame]:
    records = [record for record in broker.records(topics.FRAMES) if record.key == camera]
    return [Frame.decode(record.value or b"") for record in records]


def statuses(broker: MemoryBroker, camera: str) -> list[CameraStatus]:
    records = [record for record in broker.records(topics.CAMERAS) if record.key == camera]
    return [CameraStatus.decode(record.value or b"") for record in records]


@pytest.fixture
def _traced() -> None:
    configure_tracing("ingest", None)


@pytest.mark.usefixtures("_traced")
def test_every_kind_of_source_ends_on_the_topics_and_is_watched(settings: IngestSettings, broker: MemoryBroker) -> None:
    folder = settings.site_file.parent / "recordings"
    for number in range(5):
        cv2.imwrite(str(folder / f"sub_{number}.png"), picture(number))
    (folder / "bad.png").write_bytes(b"no picture")
    for file in folder.iterdir():
        os.utime(file, (1.7e9, 1.7e9))

    with running(settings, broker) as ingest:
        until(lambda: len(frames(broker, "cam-01")) >= 10, "simulated frames")
        until(lambda: len(frames(broker, "_canary")) >= 2, "canaries")
        until(lambda: any(s.state is CameraState.FINISHED for s in statuses(broker, "files")), "the folder's end")
        until(lambda: any(s.state is CameraState.SILENT for s in statuses(broker, "push-1")), "a silent camera")
        assert ingest.health.live_report()[0]
        assert ingest.health.ready_report()[0]

    assert [f.header.view for f in frames(broker, "files")] == [f"sub_{number}" for number in range(5)]
    (letter,) = broker.records(topics.dead_letters(topics.FRAMES))
    assert letter.headers["dlq-file"] == b"bad.png"
    times = [f.header.captured_at for f in frames(broker, "cam-01")]
    assert times == sorted(set(times))
    assert len({f.header.frame for f in frames(broker, "cam-01")}) == len(times)
    traces = [record.headers["traceparent"] for record in broker.records(topics.FRAMES)]
    assert len(set(traces)) == len(traces)


def test_a_broker_that_is_away_at_the_start_and_comes_later_gets_everything_in_order(
    settings: IngestSettings, broker: MemoryBroker
) -> None:
    broker.available = False
    with running(settings, broker) as ingest:
        until(lambda: ingest.writer.spooled_bytes > 0, "the spool in use")
        broker.available = True
        until(lambda: ingest.writer.spooled_bytes == 0, "the spool empty")
        until(lambda: any("spool_in_use" in f.header.flags for f in frames(broker, "cam-01")), "the flag")

    times = [f.header.captured_at for f in frames(broker, "cam-01")]
    assert times == sorted(set(times))
    assert statuses(broker, "cam-01")


def test_a_restart_goes_on_with_what_the_last_run_could_not_send(
    settings: IngestSettings, broker: MemoryBroker
) -> None:
    broker.available = False
    with running(settings, broker) as ingest:
        until(lambda: ingest.writer.spooled_bytes > 0, "the spool in use")
        first = ingest
    assert first.writer.spooled_bytes > 0

    broker.available = True
    with running(settings, broker) as ingest:
        until(lambda: not ingest.writer.spool_in_use, "the spool empty")

    times = [f.header.captured_at for f in frames(broker, "cam-01")]
    assert times == sorted(set(times))


def test_a_folder_is_not_read_twice_by_two_runs(settings: IngestSettings, broker: MemoryBroker) -> None:
    file = settings.site_file.parent / "recordings" / "sub_1.png"
    cv2.imwrite(str(file), picture(1))
    os.utime(file, (1.7e9, 1.7e9))

    for run in (1, 2):
        with running(settings, broker):
            until(partial(_ended, broker, run), "the folder's end")

    assert len(frames(broker, "files")) == 1


def _ended(broker: MemoryBroker, times: int) -> bool:
    return sum(status.state is CameraState.FINISHED for status in statuses(broker, "files")) >= times


def test_a_defect_in_a_thread_ends_the_service_with_an_error(
    settings: IngestSettings, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise TypeError("a defect")

    with ExitStack() as adapters:
        ingest = build(settings, load_site(settings.site_file), broker.producer(), Service(), adapters)
        monkeypatch.setattr(Writer, "turn", broken)

        with pytest.raises(TypeError, match="a defect"):
            ingest.run()


def test_two_with_one_spool_do_not_start(settings: IngestSettings, broker: MemoryBroker) -> None:
    with (
        running(settings, broker),
        ExitStack() as adapters,
        pytest.raises(ConfigurationError, match="another ingest uses it"),
    ):
        build(settings, load_site(settings.site_file), broker.producer(), Service(), adapters)


# --- as a process ---------------------------------------------------------------------------------------------------


def started(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "services.ingest"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        said: dict[str, Any] = json.loads(line)
        if said["event"] == event:
            return said
    raise AssertionError(f"the process ended without saying {event!r}")


def test_a_process_without_a_broker_spools_answers_probes_and_ends_on_sigterm(settings: IngestSettings) -> None:
    # A port that nobody listens on: reserved, and refused at once on loopback.
    process = started(
        {
            "CANAIRY_SITE_FILE": str(settings.site_file),
            "CANAIRY_DATA_DIR": str(settings.data_dir),
            "CANAIRY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        }
    )
    try:
        port = first_line(process, "started")["http_port"]
        assert "no answer for 1 s" in first_line(process, "broker away, spooling")["reason"]
        assert "Kafka does not answer" in first_line(process, "broker away, spooling")["reason"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=30) as answer:
            assert json.load(answer)["ok"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            assert b'canairy_ingest_frames_total{camera="cam-01"}' in answer.read()
        process.send_signal(signal.SIGTERM)
        stopped = first_line(process, "ingest stopped")
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()

    assert process.returncode == 0, errors
    assert stopped["spooled_bytes"] > 0


def test_a_process_with_wrong_settings_says_all_of_them_and_ends(tmp_path: Path) -> None:
    process = started({"CANAIRY_SPOOL_BYTES": "1", "CANAIRY_DATA_DIR": str(tmp_path)})

    said, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "CANAIRY_SITE_FILE" in said + errors
    assert "CANAIRY_SPOOL_BYTES" in said + errors


def test_a_process_with_a_broken_site_file_says_where_and_ends(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("site: {id: x}\ncameras: []\n")
    process = started({"CANAIRY_SITE_FILE": str(tmp_path / "site.yaml"), "CANAIRY_DATA_DIR": str(tmp_path)})

    said, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "cameras" in said + errors
