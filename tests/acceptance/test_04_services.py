"""What each of the four services has in common on a running stack: logs, metrics, probes, loopback."""

from __future__ import annotations

import json
from datetime import datetime

import psutil
import pytest

from deploy.local.services import SERVICES
from tests.acceptance.helpers.stack import RunningStack

each_service = pytest.mark.parametrize("service", SERVICES)


@each_service
def test_its_log_is_one_json_object_a_line(stack: RunningStack, service: str) -> None:
    lines = (stack.data / "logs" / f"{service}.jsonl").read_text(encoding="utf-8").splitlines()[:-1]

    assert lines
    for line in lines:
        entry = json.loads(line)
        assert {"event", "level", "timestamp"} <= entry.keys()
        assert entry["service"] == service
        assert datetime.fromisoformat(entry["timestamp"]).tzinfo is not None


@each_service
def test_it_answers_probes_and_shows_metrics(stack: RunningStack, service: str) -> None:
    live, ready = json.loads(stack.get(service, "/live")), json.loads(stack.get(service, "/ready"))
    exposition = stack.get(service, "/metrics")

    assert live["ok"] is True
    assert live["reason"].startswith("last turn ")
    assert ready == {"ok": True, "reason": "ready"}
    assert "# TYPE canairy_" in exposition


@pytest.mark.parametrize(
    ("service", "metric"),
    [
        ("ingest", "canairy_ingest_frames_total"),
        ("detection", "canairy_messages_handled_total"),
        ("anomaly", "canairy_messages_handled_total"),
        ("alerting", "canairy_readings_judged_total"),
        ("alerting", "canairy_alerts_told_total"),
    ],
)
def test_its_work_is_counted(stack: RunningStack, service: str, metric: str) -> None:
    before = stack.metric(service, metric)

    stack.until(lambda: stack.metric(service, metric) > before, f"{metric} of {service} rising")


@pytest.mark.parametrize("process", ["kafka", *SERVICES])
def test_it_listens_on_loopback_only(stack: RunningStack, process: str) -> None:
    connections = psutil.Process(stack.file.pids[process]).net_connections("inet")

    listening = {it.laddr.ip.removeprefix("::ffff:") for it in connections if it.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
