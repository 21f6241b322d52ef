"""Two sites on one broker by mistake: the second is refused at its start, and what it writes harms nobody.

Topics are called the same at every site, so one broker serves one site. A service that finds another site's group on
its broker does not start, and says whose broker it is. Where messages of another site come in all the same (a camera
gateway with the wrong address, two sites started at the same moment on an empty broker), each is put aside by name,
counts against none of our cameras, and it is an alarm of the site. A judge does not begin with another site's state: it
would end that site's alarms.

Not covered: a command carries no site, so an acknowledgement sent through the wrong site's service is answered by the
judge that knows the alarm.
"""

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

from canairy import alerts, topics
from canairy.messages.alarm import Alarm, AlarmState, Priority
from canairy.messages.state import Condition, PointState
from canairy.stream import schema
from canairy.stream.broker import Outgoing
from deploy.local.services import SERVICES, Ports
from tests.acceptance.helpers.log import Event, kinds
from tests.acceptance.helpers.processes import MISCONFIGURED, logged, services
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import LIMITS, SITE, asset, pushed
from tests.acceptance.helpers.spoken import spoken
from tests.acceptance.helpers.stack import RunningStack, running
from tests.acceptance.helpers.waiting import until
from tests.acceptance.helpers.written import frame, record

SECOND: Final = timedelta(seconds=1)
OTHER: Final = "other-ss"
CAMERAS: Final = ("ours", "same")


def site_of(name: str) -> dict[str, Any]:
    return {"site": {"id": name}, "cameras": [pushed(it, [asset(f"{it}-a", LIMITS)]) for it in CAMERAS]}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Our site at work; and beside it the site file of another one, whose cameras are called the same."""
    place = tmp_path_factory.mktemp("shared")
    for name in (SITE, OTHER):
        (place / f"{name}.yaml").write_text(json.dumps(site_of(name)), encoding="utf-8")
    with running(place / f"{SITE}.yaml", place / "data") as up:
        yield up
    shutil.rmtree(place, ignore_errors=True)


def test_the_services_of_a_second_site_do_not_start_and_say_whose_broker_it_is(
    shared: RunningStack, tmp_path: Path
) -> None:
    settings = {
        "CANAIRY_SITE_FILE": str(shared.data.parent / f"{OTHER}.yaml"),
        "CANAIRY_KAFKA_BOOTSTRAP": shared.stack.bootstrap,
    }

    with services(*SERVICES, ports=Ports(), data=tmp_path, settings=settings) as second:
        for name, process in second.items():
            until(lambda it=process: not it.running, f"the end of {name} of the second site")  # type: ignore[misc]
        outcomes = {name: process.outcome for name, process in second.items()}
        reasons = {name: str((logged(process, "cannot go on") or {}).get("reason")) for name, process in second.items()}

    assert outcomes == dict.fromkeys(SERVICES, f"exit {MISCONFIGURED}")
    for reason in reasons.values():
        assert f"serves site '{SITE}'" in reason
        assert f"this is '{OTHER}'" in reason
        assert "Set CANAIRY_KAFKA_BOOTSTRAP to the broker of other-ss" in reason
    # Ours never noticed.
    push_all(shared.ingest(), [request("ours", joint(20.0), just_now())])
    shared.until(lambda: shared.log.records(topics.READINGS, "ours-a"), "a reading of ours")


def test_frames_of_another_site_are_put_aside_by_name_and_harm_no_camera_of_ours(shared: RunningStack) -> None:
    start = just_now()
    # More than would quarantine a camera, or stop a service, if they were ours.
    foreign = [
        record(camera, frame(camera, start + n * SECOND / 10, site=OTHER).encode())
        for n in range(120)
        for camera in CAMERAS
    ]

    shared.write(*foreign)
    push_all(shared.ingest(), [request("same", joint(c), start + n * SECOND) for n, c in enumerate((90.0, 20.0))])
    letters = topics.dead_letters(topics.FRAMES)
    shared.until(lambda: len(shared.log.records(letters)) >= len(foreign), "every frame of the other site put aside")
    shared.until(lambda: len(shared.log.events("same-a")) >= 2, "our own camera's alarm and its return")

    assert kinds(shared.log.events("same-a")) == ["high raised", "high returned"]
    found = shared.log.records(letters)
    assert {record.headers["dlq-kind"] for record in found} == {b"other_site"}
    assert {record.headers["dlq-reason"] for record in found} == {
        f"a frame of site '{OTHER}', and this is '{SITE}': two sites use one broker".encode()
    }
    assert shared.metric("detection", "canairy_quarantined_keys") == 0
    told = spoken(shared.data, "detection", "trouble")
    assert 1 <= len(told) <= 2
    assert OTHER in told[0]["reason"]


def test_a_heartbeat_and_an_alarm_say_that_two_sites_use_one_broker(shared: RunningStack) -> None:
    def status() -> set[str]:
        found = [json.loads(it.value or b"{}") for it in shared.log.records(topics.ALERTS)]
        beats: list[Event] = [event for event in found if event["type"] == alerts.HEARTBEAT]
        return set(beats[-1]["data"].get("status", [])) if beats else set()

    shared.until(lambda: "other_site" in status(), "a heartbeat that says so")
    shared.until(lambda: shared.log.events(SITE, "other_site"), "an alarm of the site")
    assert kinds(shared.log.events(SITE, "other_site")) == ["other_site raised"]


def test_a_judge_does_not_begin_with_the_state_of_another_site(shared: RunningStack) -> None:
    push_all(shared.ingest(), [request("ours", joint(90.0), just_now(30))])
    shared.until(lambda: shared.log.events("ours-a"), "an alarm of ours")
    shared.write(state("foreign-a", foreign_alarm()))

    os.kill(shared.file.pids["alerting"], signal.SIGKILL)
    refused = shared.until(lambda: spoken(shared.data, "alerting", "cannot go on"), "the judge refusing to begin")
    shared.write(state("foreign-a", None))
    push_all(shared.ingest(), [request("ours", joint(20.0), just_now(20))])
    shared.until(lambda: len(shared.log.events("ours-a")) >= 2, "the judge at work again")

    assert f"alarms.state holds foreign-a of site '{OTHER}', and this is '{SITE}'" in refused[0]["reason"]
    assert kinds(shared.log.events("ours-a")) == ["high raised", "high returned"]
    assert shared.log.events("foreign-a") == []


def foreign_alarm() -> PointState:
    now = datetime.now(UTC)
    alarm = Alarm(
        id="0123456789ab",
        version=1,
        site=OTHER,
        asset="foreign-a",
        condition="high",
        state=AlarmState.UNACKNOWLEDGED,
        priority=Priority.HIGH,
        raised_at=now,
        since=now,
        reason="90.0 °C (limit 80)",
    )
    return PointState("foreign-a", (Condition("high", now, alarm),))


def state(point: str, value: PointState | None) -> Outgoing:
    return Outgoing(topics.STATE, point, None if value is None else value.encode(), schema.header("PointState"), 0)
