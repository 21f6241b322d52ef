"""`canairy alarms`, `canairy tail` and `canairy detect` as an operator runs them."""

from __future__ import annotations

import re
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import numpy as np

from canairy import topics
from tests.acceptance.helpers.command import CANAIRY, canairy, environment, json_lines
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import RESPONSE, tenths, write_png
from tests.acceptance.helpers.stack import RunningStack
from tests.helpers.frames import heated, scene

# 03:12:07 KST  HIGH  RAISED  ds-301-a  94.2 °C, +41 K over B/C (limit 15), since 02:58, data good 1 s  | DO: reduce...
LINE = (
    r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d KST  HIGH  RAISED  worked-a  "
    r"90\.0 °C \(limit 80\), since (\d{4}-\d\d-\d\d )?\d\d:\d\d, data good \d+ s  \| DO: " + RESPONSE
)


def test_an_operator_lists_looks_at_and_acknowledges_an_alarm(stack: RunningStack) -> None:
    data = ("--data", str(stack.data))
    push_all(stack.ingest(), [request("worked", joint(90.0), just_now())])
    stack.until(lambda: stack.log.events("worked-a"), "the alarm")
    alarm = stack.log.events("worked-a")[0]["data"]["alarm"]

    rows = stack.until(lambda: listed(stack, alarm), "the alarm on the list")
    as_text = canairy("alarms", "list", *data)
    looked = canairy("alarms", "show", alarm, "--json", *data)
    done = canairy("alarms", "ack", alarm, "--user", "night shift", "--json", *data)
    again = canairy("alarms", "ack", alarm, "--user", "day shift", *data)

    assert {"id", "asset", "condition", "state", "priority", "reason", "response", "version", "as_of"} <= rows[0].keys()
    assert (rows[0]["asset"], rows[0]["state"], rows[0]["priority"]) == ("worked-a", "unacknowledged", "high")
    assert f"{alarm}  worked-a" in as_text.stdout
    assert json_lines(looked.stdout)[0]["reason"] == "90.0 °C (limit 80)"
    assert (done.returncode, json_lines(done.stdout)[0]["outcome"]) == (0, "accepted")
    assert again.returncode == 1
    assert "already acknowledged by night shift" in again.stderr
    stack.until(lambda: kinds(stack.log.events("worked-a")) == ["high raised", "high acknowledged"], "the events")


def listed(stack: RunningStack, alarm: str) -> list[dict[str, object]]:
    rows = json_lines(canairy("alarms", "list", "--json", "--data", str(stack.data)).stdout)
    return [row for row in rows if row["id"] == alarm]


def test_an_operator_reads_one_line_an_event(stack: RunningStack) -> None:
    stack.until(lambda: stack.log.events("worked-a"), "an alarm")

    lines = tail(stack, "--from-start", until=lambda line: "worked-a" in line)

    (line,) = [line for line in lines if "RAISED  worked-a" in line]
    assert re.fullmatch(LINE, line), line
    assert not [line for line in lines if "heartbeat" in line.lower()]


def test_tail_json_is_the_cloud_event_as_it_stands_on_the_topic(stack: RunningStack) -> None:
    stand = [(record.value or b"").decode() for record in stack.log.records(topics.ALERTS)]

    lines = tail(stack, "--from-start", "--json", until=lambda line: line == stand[-1])

    assert lines == stand


def tail(stack: RunningStack, *options: str, until: object) -> list[str]:
    """What `canairy tail` prints up to a line, and that Ctrl-C ends it quietly."""
    assert callable(until)
    command = [str(CANAIRY), "tail", "--data", str(stack.data), *options]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True, encoding="utf-8")
    with process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if until(lines[-1]):
                    break
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    return lines


def test_detect_prints_the_hot_spots_of_each_file(tmp_path: Path) -> None:
    even = scene(96, 128) + np.linspace(0.0, 4.0, 96, dtype=np.float32)[:, None]
    write_png(tmp_path / "a_even.png", tenths(np.full((96, 128), 20.0, np.float32)))
    write_png(tmp_path / "b_hot.png", tenths(heated(heated(even, 20, 30, 8, 30.0), 90, 60, 6, 55.0)))
    (tmp_path / "c_no_picture.png").write_bytes(b"no picture")

    done = canairy("detect", str(tmp_path), "--hotspots", "--scale", "0.1", "--offset", "-100", "--json")

    even_one, hot, broken = json_lines(done.stdout)
    assert (even_one["score"], even_one["hotspots"]) == (0, [])
    assert [Path(it["file"]).name for it in (even_one, hot, broken)] == ["a_even.png", "b_hot.png", "c_no_picture.png"]
    assert all(spot.keys() == {"x", "y", "width", "height", "score", "max_c"} for spot in hot["hotspots"])
    strongest, second = hot["hotspots"][:2]
    assert hot["score"] == strongest["score"] > second["score"]
    assert (strongest["x"], strongest["y"], strongest["width"], strongest["height"]) == (90, 60, 6, 6)
    assert (second["x"], second["y"], second["width"], second["height"]) == (20, 30, 8, 8)
    assert abs(strongest["max_c"] - (20.0 + 4 * 65 / 95 + 55.0)) < 0.5
    assert done.returncode == 1
    assert "not a PNG file" in broken["error"]


def test_a_returned_alarm_reads_as_such(stack: RunningStack) -> None:
    at = just_now(40)
    push_all(stack.ingest(), [request("read", joint(c), at + timedelta(seconds=s)) for s, c in ((0, 90.0), (1, 20.0))])
    stack.until(lambda: len(stack.log.events("read-a", "high")) == 2, "the return")

    lines = tail(stack, "--from-start", until=lambda line: "RETURNED  read-a" in line)

    # 22 degrees is the backdrop's; nobody is told what to do about what is over.
    assert "KST  HIGH  RETURNED  read-a  22.0 °C, under 77 (limit 80, dead-band 3), since " in lines[-1]
    assert "DO:" not in lines[-1]
