"""A service that starts: all mistakes at once, no slow checksums, and what it does without its broker or topics."""

from __future__ import annotations

import dataclasses
import json
import socket
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from canairy import topics
from canairy.errors import ConfigurationError
from canairy.settings import KafkaSettings
from canairy.stream.kafka import KafkaReader
from deploy.local.jars import ensure_jars
from deploy.local.kafka import Broker
from deploy.local.ports import free_port
from deploy.local.process import Process
from deploy.local.services import SERVICES, Ports
from deploy.local.topics import open_admin, prepare_topics
from protos.canairy.v1.ingest_service_pb2_grpc import IngestServiceStub
from tests.acceptance.helpers.command import canairy
from tests.acceptance.helpers.processes import MISCONFIGURED, WITHOUT_CRC32C, logged, run_service, services
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import write_site
from tests.acceptance.helpers.waiting import until
from tests.conftest import TOPIC_SHARE

READERS = ("detection", "anomaly", "alerting")
SECOND = timedelta(seconds=1)
BROKEN = """site: {id: broken, timezone: Asia/Soul}
cameras:
  - id: cam-01
    source: rstp://10.0.0.5/ch1
    rate_hz: -1
    views: [{id: bay-1, assets: [{id: joint-a, equipment: 0201, region: [[1, 1], [2, 2]]}]}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site")


@pytest.mark.parametrize("service", SERVICES)
def test_all_mistakes_in_its_settings_are_told_at_once(service: str, tmp_path: Path) -> None:
    done = run_service(service, CANAIRY_DATA_DIR=str(tmp_path), CANAIRY_HTTP_PORT="99999", CANAIRY_LOG_LEVEL="LOUD")

    assert done.returncode == MISCONFIGURED
    said = done.stdout.replace("\\n", "\n")
    for setting in ("CANAIRY_SITE_FILE", "CANAIRY_HTTP_PORT", "CANAIRY_LOG_LEVEL"):
        (line,) = [line for line in said.splitlines() if setting in line]
        assert f"{setting}: " in line
    assert "Traceback" not in said


@pytest.mark.parametrize("service", SERVICES)
def test_all_mistakes_in_its_site_file_are_told_with_their_lines(service: str, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(BROKEN)

    done = run_service(service, CANAIRY_DATA_DIR=str(tmp_path), CANAIRY_SITE_FILE=str(file))

    assert done.returncode == MISCONFIGURED
    said = done.stdout.replace("\\n", "\n").replace("\\", "")
    for line, what in (
        (1, "unknown time zone 'Asia/Soul'"),
        (4, "unknown kind of source 'rstp', did you mean 'rtsp'?"),
        (5, "must be above 0, not -1"),
        (6, 'write "0201" in quotes'),
        (6, "needs at least 3, has 2"),
    ):
        assert any(f"site.yaml:{line}: " in it and what in it for it in said.splitlines()), (line, what, said)
    assert "Traceback" not in said


def test_with_a_broken_site_file_nothing_of_the_stack_starts(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(BROKEN)

    done = canairy("up", "--site", str(file), "--data", str(tmp_path / "data"))

    assert done.returncode == 1
    assert [line for line in (1, 4, 5, 6) if f"site.yaml:{line}: " not in done.stderr] == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("service", SERVICES)
def test_it_refuses_to_start_without_fast_checksums(service: str, site: Path, tmp_path: Path) -> None:
    done = run_service(service, WITHOUT_CRC32C, CANAIRY_SITE_FILE=str(site), CANAIRY_DATA_DIR=str(tmp_path))

    assert done.returncode == MISCONFIGURED, done.stdout
    assert "install kafka-python[crc32c]" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "SASL_SSL needs CANAIRY_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD"),
        ({"CERT_FILE": "client.pem"}, "CANAIRY_KAFKA_CERT_FILE and CANAIRY_KAFKA_KEY_FILE belong together"),
        ({"SECURITY_PROTOCOL": "TLS"}, "CANAIRY_KAFKA_SECURITY_PROTOCOL: Input should be 'PLAINTEXT', 'SSL'"),
    ],
)
def test_tls_and_sasl_settings_must_be_complete(settings: dict[str, str], mistake: str, site: Path) -> None:
    told = {f"CANAIRY_KAFKA_{name}": value for name, value in settings.items()}

    done = run_service("anomaly", CANAIRY_SITE_FILE=str(site), **told)

    assert done.returncode == MISCONFIGURED
    assert mistake in done.stdout


def test_with_tls_set_a_service_speaks_tls_to_its_broker(site: Path, tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    settings = {
        "CANAIRY_SITE_FILE": str(site),
        "CANAIRY_KAFKA_BOOTSTRAP": f"127.0.0.1:{listener.getsockname()[1]}",
        "CANAIRY_KAFKA_SECURITY_PROTOCOL": "SSL",
    }
    with services("anomaly", ports=Ports(), data=tmp_path, settings=settings), listener:
        listener.settimeout(60)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(60)
            hello = connection.recv(3)

    # A TLS record of type handshake, version 3.x (RFC 8446, 5.1).
    assert hello[:2] == b"\x16\x03"


@pytest.fixture
def bare(tmp_path: Path) -> Broker:
    """A broker without topics, to be started."""
    return Broker(tmp_path / "kafka", ensure_jars())


@pytest.mark.kafka
def test_missing_topics_and_wrong_partitions_are_said_and_nothing_goes_on(
    bare: Broker, site: Path, tmp_path: Path
) -> None:
    with bare:
        settings = {"CANAIRY_SITE_FILE": str(site), "CANAIRY_KAFKA_BOOTSTRAP": bare.bootstrap}
        missing = ends(settings, tmp_path / "missing")
        wrong = [dataclasses.replace(it, partitions=it.partitions + 1) for it in topics.ALL_TOPICS]
        here = KafkaSettings(kafka_bootstrap=bare.bootstrap)
        with open_admin(here) as admin:
            prepare_topics(admin, wrong, TOPIC_SHARE)
            with pytest.raises(ConfigurationError) as refused:
                prepare_topics(admin, topics.ALL_TOPICS, TOPIC_SHARE)
        other = ends(settings, tmp_path / "wrong")

    needed = {
        "ingest": topics.FRAMES,
        "detection": topics.FRAMES,
        "anomaly": topics.DETECTIONS,
        "alerting": topics.READINGS,
    }
    for service, topic in needed.items():
        count = topics.BY_NAME[topic].partitions
        assert f"topic {topic} is missing: make the topics" in missing[service]
        assert f"topic {topic} has {count + 1} partitions where {count} belong" in other[service]
    assert len(str(refused.value).splitlines()) == len(topics.ALL_TOPICS)
    assert "thermal.frames: has 5 partitions and must have 4" in str(refused.value)


def ends(settings: dict[str, str], data: Path) -> dict[str, str]:
    """What the services say before they end with the exit code for a wrong configuration."""
    with services(*SERVICES, ports=Ports(), data=data, settings=settings) as running:
        for name, process in running.items():
            until(lambda it=process: not it.running, f"the end of {name}")  # type: ignore[misc]
        assert {process.outcome for process in running.values()} == {f"exit {MISCONFIGURED}"}
        words = {name: logged(process, "cannot go on") for name, process in running.items()}
        return {name: str(word and word["reason"]) for name, word in words.items()}


@pytest.mark.kafka
def test_a_broker_that_is_away_at_the_start_is_waited_for(site: Path, tmp_path: Path) -> None:
    port = free_port()
    with Broker(tmp_path / "kafka", ensure_jars(), port) as broker:
        here = KafkaSettings(kafka_bootstrap=broker.bootstrap)
        with open_admin(here) as admin:
            prepare_topics(admin, topics.ALL_TOPICS, TOPIC_SHARE)
    ports = Ports()
    settings = {"CANAIRY_SITE_FILE": str(site), "CANAIRY_KAFKA_BOOTSTRAP": broker.bootstrap}

    with services(*SERVICES, ports=ports, data=tmp_path, settings=settings) as running:
        for name in READERS:
            until(lambda it=name: logged(running[it], "unavailable"), f"{name} says what it waits for")  # type: ignore[misc]
        until(lambda: logged(running["ingest"], "broker away, spooling"), "ingest says that it spools")
        probes = {name: (probe(ports, name, "live"), probe(ports, name, "ready")) for name in SERVICES}
        pushed(ports)
        with Broker(tmp_path / "kafka", ensure_jars(), port):
            alert = until(lambda: alerts(here), "the alarm of a frame that was pushed while the broker was away")
            alive = {name: process.outcome for name, process in running.items()}
            until(lambda: probe(ports, "alerting", "ready"), "alerting has read its alarms")
            ended = {name: ends_well(process) for name, process in running.items()}

    # A judge that has never read the alarms has no answer to give: it waits for them, and says so.
    assert probes == dict.fromkeys(SERVICES, (True, True)) | {"alerting": (True, False)}
    assert "Kafka does not answer" in str(logged(running["detection"], "unavailable"))
    assert alert["subject"] == "limits-a"
    assert alive == dict.fromkeys(SERVICES, "running")
    assert ended == dict.fromkeys(SERVICES, "exit 0")


def probe(ports: Ports, service: str, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports.http[service]}/{path}", timeout=30) as answer:
            return bool(json.load(answer)["ok"])
    except urllib.error.HTTPError as no:
        with no:
            return bool(json.load(no)["ok"])


def pushed(ports: Ports) -> None:
    """A frame that is over its limit, taken in and kept by ingest."""
    with grpc.insecure_channel(f"127.0.0.1:{ports.grpc['ingest']}") as channel:
        push_all(IngestServiceStub(channel), [request("limits", joint(90.0), just_now(5))])


def alerts(here: KafkaSettings) -> dict[str, str]:
    """The first alarm of a limit on the topic, empty when there is none."""
    reader = KafkaReader(here, [topics.ALERTS])
    try:
        events = [json.loads(record.value or b"{}") for record in reader.poll(2.0, 500)]
    finally:
        reader.close()
    return next((event for event in events if event["subject"] == "limits-a"), {})


def ends_well(process: Process) -> str:
    """How it ends on SIGTERM."""
    assert process.stop(30), f"{process.name} had to be killed"
    return process.outcome
