"""A site file changed beside a running stack: thresholds hold without a restart, and nothing that is known is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from canairy import topics
from protos.canairy.v1 import alarm_service_pb2 as pb
from tests.acceptance.helpers.log import Event, kinds
from tests.acceptance.helpers.push import joint, push_all, request
from tests.acceptance.helpers.site import asset, pushed
from tests.acceptance.helpers.stack import RunningStack, running

pytestmark = pytest.mark.timeout(300)
SITE: Final = "reload-ss"
CAMERAS: Final = ("stands", "delayed", "lowered")


def site(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - limits by camera, or a whole camera's keys
    limits = {name: {"high_c": 80, "dead_band_k": 3} for name in CAMERAS} | {
        "delayed": {"high_c": 80, "on_delay": "60s"}
    }
    limits |= {name: it for name, it in changes.items() if name in CAMERAS}
    cameras = [
        pushed(name, [asset(f"{name}-a", limits[name])], rate_hz=changes.get("rate_hz", 2.0)) for name in CAMERAS
    ]
    return {"site": {"id": SITE}, "cameras": cameras}


@pytest.fixture
def reloaded(tmp_path: Path) -> Iterator[RunningStack]:
    """A stack whose site file a test may change."""
    write(tmp_path, site())
    with running(tmp_path / "site.yaml", tmp_path / "data") as up:
        yield up
    shutil.rmtree(tmp_path, ignore_errors=True)


def write(folder: Path, content: dict[str, Any] | str) -> None:
    """Replace the site file in one step, as editors do."""
    new = folder / "new.yaml"
    new.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    new.replace(folder / "site.yaml")


def push(up: RunningStack, camera: str, celsius: float) -> None:
    push_all(up.ingest(), [request(camera, joint(celsius), datetime.now(UTC))])


def decisions(up: RunningStack) -> list[dict[str, Any]]:
    """What was decided about site files, in order."""
    entries = [json.loads(record.value or b"{}") for record in up.log.records(topics.AUDIT)]
    return [it for it in entries if it["action"] == "reload_site"]


def told(up: RunningStack, camera: str, word: str) -> Event | None:
    events = up.log.events(f"{camera}-a", "high")
    return next((it for it in events if it["type"].split(".")[-2] == word), None)


def test_thresholds_hold_without_a_restart_and_alarms_delays_and_acknowledgements_stay(
    reloaded: RunningStack, tmp_path: Path
) -> None:
    up = reloaded
    processes = up.file.pids
    for camera, celsius in (("stands", 85.0), ("delayed", 85.0), ("lowered", 75.0)):
        push(up, camera, celsius)
    alarm = up.until(lambda: told(up, "stands", "raised"), "the alarm of the old limit")["data"]["alarm"]
    up.alarms().Acknowledge(pb.AcknowledgeRequest(id=alarm, user="night shift"))

    write(tmp_path, site(lowered={"high_c": 70}, delayed={"high_c": 80, "on_delay": "8s"}))
    decision = up.until(lambda: next(iter(decisions(up)), None), "the judge's decision")
    assert (decision["outcome"], decision["user"]) == ("accepted", "site file")

    def warm() -> Event | None:
        for camera, celsius in (("stands", 85.0), ("delayed", 85.0), ("lowered", 75.0)):
            push(up, camera, celsius)
        both = told(up, "lowered", "raised"), told(up, "delayed", "raised")
        return both[0] if None not in both else None

    lowered = up.until(warm, "the alarms of the new limit and the new delay")
    issued_at = datetime.fromisoformat(decision["issued_at"])
    assert lowered["data"]["limit"] == 70
    assert datetime.fromisoformat(lowered["time"]) >= issued_at + timedelta(seconds=5)
    delayed = told(up, "delayed", "raised")
    assert delayed is not None
    assert datetime.fromisoformat(delayed["data"]["since"]) < issued_at
    # The alarm that stood: the same, acknowledged as it was, and told once.
    assert kinds(up.log.events("stands-a", "high")) == ["high raised", "high acknowledged"]
    listed = {it.asset: it for it in up.alarms().List(pb.ListRequest()).alarms}
    assert (listed["stands-a"].id, listed["stands-a"].acknowledged_by) == (alarm, "night shift")
    assert up.file.pids == processes


def test_what_needs_a_restart_is_a_clear_no_with_its_line_and_an_alarm_of_the_site(
    reloaded: RunningStack, tmp_path: Path
) -> None:
    up = reloaded

    write(tmp_path, json.dumps(site(rate_hz=1.0), indent=1))

    decision = up.until(lambda: next(iter(decisions(up)), None), "the judge's decision")
    assert decision["outcome"] == "rejected"
    assert "site file changed, not applied: line " in decision["reason"]
    assert "cameras[0].rate_hz needs a restart of ingest and alerting" in decision["reason"]
    event = up.until(lambda: next(iter(up.log.events(SITE, "site_file_not_applied")), None), "the site's alarm")
    assert event["data"]["reason"].startswith("site file changed, not applied")

    write(tmp_path, site())
    up.until(lambda: len(up.log.events(SITE, "site_file_not_applied")) > 1, "its end, the file being as before")
    assert kinds(up.log.events(SITE, "site_file_not_applied")) == [
        "site_file_not_applied raised",
        "site_file_not_applied returned",
    ]


def test_a_file_with_mistakes_is_refused_with_its_lines_and_the_one_before_goes_on_judging(
    reloaded: RunningStack, tmp_path: Path
) -> None:
    up = reloaded

    write(tmp_path, "site: {id: reload-ss}\ncameras: 3\n")

    up.until(lambda: up.log.events(SITE, "site_file_invalid"), "the site's alarm")
    assert decisions(up) == []
    push(up, "stands", 85.0)
    up.until(lambda: told(up, "stands", "raised"), "an alarm by the file before")


def test_a_judge_that_dies_is_followed_by_one_that_goes_on_with_the_new_limits(
    reloaded: RunningStack, tmp_path: Path
) -> None:
    up = reloaded
    write(tmp_path, site(lowered={"high_c": 70}))
    up.until(lambda: decisions(up), "the judge's decision")

    os.kill(up.file.pids["alerting"], signal.SIGKILL)

    def warm() -> Event | None:
        push(up, "lowered", 75.0)
        return told(up, "lowered", "raised")

    assert up.until(warm, "the alarm of the new limit")["data"]["limit"] == 70
