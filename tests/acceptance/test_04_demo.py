"""`canairy up` on the demo site as an operator runs it: to its end, with too little patience, and until Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from datetime import datetime, timedelta

import psutil

from canairy import topics
from canairy.messages.frame import Frame
from canairy.settings import KafkaSettings
from canairy.simulator.demo import DEMO
from canairy.stream.kafka import KafkaReader
from deploy.local.jars import ROOT
from deploy.local.stack_file import read_stack
from tests.acceptance.helpers.command import canairy, environment, json_lines
from tests.acceptance.helpers.demo import SITE, SMALL, Run, command, up

# 03:12:07 KST  HIGH  RAISED  ds-301-a  94.2 °C, +41 K over B/C (limit 15), since 02:58, data good 1 s  | DO: reduce...
CLOCK = r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d KST"
DELTA_LINE = (
    CLOCK + r"  HIGH  RAISED  ds-301-a  8\d\.\d °C, \+1\d\.\d K over B/C \(limit 15\), "
    r"since (\d{4}-\d\d-\d\d )?\d\d:\d\d, data good \d+ s  \| DO: Reduce load on bay 1, inspect the joint of this phase"
)


def test_make_demo_runs_this_site_and_can_end_by_itself() -> None:
    asked = subprocess.run(
        ["make", "--dry-run", "demo", "DEMO_EXIT=1"], check=True, capture_output=True, text=True, cwd=ROOT
    )

    (line,) = [line for line in asked.stdout.replace("\\\n", " ").splitlines() if "canairy up" in line]
    assert "--site deploy/local/demo-site.yaml" in line
    assert "--exit-when-done" in line


def test_the_demo_site_is_what_the_issue_asks_for() -> None:
    checked = canairy("site", "check", str(SITE))

    scripted = {(alarm.condition, alarm.type) for alarm in DEMO.expected}
    assert checked.returncode == 0, checked.stderr
    assert len(DEMO.cameras) == 4
    assert SITE.read_text(encoding="utf-8").count("equipment:") >= 10
    assert {("high", "raised"), ("hot_spot", "raised"), ("coverage", "raised"), ("coverage", "returned")} <= scripted


def test_the_demo_ends_by_itself_when_every_scripted_alarm_was_seen(demo_run: Run) -> None:
    assert demo_run.code == 0, demo_run.said
    assert "every scripted alarm was seen" in demo_run.said
    assert demo_run.said.splitlines()[-2:] == ["canairy: stopped", "canairy: every scripted alarm was seen"]
    assert "had to be killed" not in demo_run.said
    assert "died" not in demo_run.said


def test_the_operator_reads_one_line_an_event_in_the_form_of_the_issue(demo_run: Run) -> None:
    assert any(re.fullmatch(DELTA_LINE, line) for line in demo_run.lines), demo_run.lines
    for event in ("HIGH  RAISED  ds-301-a", "RAISED  bay-3/find-1", "LOW  RAISED  cam-04", "LOW  RETURNED  cam-04"):
        assert [line for line in demo_run.lines if re.match(f"{CLOCK}  .*{event}", line)], demo_run.lines
    assert all(re.match(CLOCK, line) for line in demo_run.lines)


def test_the_alarms_of_the_demo_are_those_of_its_script_and_no_others(demo_run: Run) -> None:
    raised = {tuple(line.split("  ")[3:4]) for line in demo_run.lines if "  RAISED  " in line}

    assert raised == {("ds-301-a",), ("bay-3/find-1",), ("cam-04",), ("tr-301-radiator",)}


def test_with_too_little_patience_it_fails_and_names_what_was_not_seen(demo_run: Run) -> None:
    done = up(demo_run.data, "--exit-when-done", "--no-tail", "--patience-s", "0.1")

    assert done.returncode == 1
    _, _, missing = done.stderr.partition("not seen, though the site's script makes them happen:")
    for alarm in ("ds-301-a: high raised", "bay-3/find-*: hot_spot raised", "cam-04: coverage returned"):
        assert alarm in missing
    assert "Traceback" not in done.stderr


def test_a_second_start_knows_the_alarms_shows_new_ones_and_ctrl_c_leaves_no_process(demo_run: Run) -> None:
    process = subprocess.Popen(
        command(demo_run.data), env=environment(**SMALL), stdout=subprocess.PIPE, text=True, encoding="utf-8",
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            # Every camera plays its script from the beginning, so the spot appears once more.
            shown = next((line for line in process.stdout if "RAISED  bay-3/find-" in line), None)
            listed = json_lines(canairy("alarms", "list", "--json", "--data", str(demo_run.data)).stdout)
            first_alarm = first_alarm_after(read_stack(demo_run.data).kafka_bootstrap)
            pids = dict(read_stack(demo_run.data).pids)
            # As a terminal does: to the whole group.
            os.killpg(process.pid, signal.SIGINT)
            process.stdout.read()
            code = process.wait(timeout=30)
        finally:
            process.kill()

    assert shown is not None
    assert {("ds-301-a", "high")} <= {(row["asset"], row["condition"]) for row in listed}
    assert first_alarm < timedelta(seconds=60)
    assert code == 0
    assert pids.keys() >= {"kafka", "triton", "ingest", "detection", "anomaly", "alerting"}
    assert not [name for name, pid in pids.items() if psutil.pid_exists(pid)]
    assert not (demo_run.data / "stack.json").exists()


def first_alarm_after(bootstrap: str) -> timedelta:
    """From the first frame of the first start to its first alarm, both in event time: no matter how busy this is."""
    reader = KafkaReader(KafkaSettings(kafka_bootstrap=bootstrap), [topics.FRAMES, topics.ALERTS])
    times: dict[str, list[datetime]] = {topics.FRAMES: [], topics.ALERTS: []}
    try:
        while not (reader.at_end() and all(times.values())):
            for record in reader.poll(1.0, 500):
                if record.topic == topics.FRAMES and record.key != "_canary":
                    times[topics.FRAMES].append(Frame.decode(record.value or b"").header.captured_at)
                elif record.topic == topics.ALERTS and b"alarm.raised" in (record.value or b""):
                    times[topics.ALERTS].append(datetime.fromisoformat(json.loads(record.value or b"")["time"]))
    finally:
        reader.close()
    return min(times[topics.ALERTS]) - min(times[topics.FRAMES])
