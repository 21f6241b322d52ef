"""Full disks: of the broker, and of ingest, where the spool and the memory of folders are. Real volumes, really full.

The rules they prove:

- An alarm or acknowledgement that a reader saw as committed stays, whatever the broker's disk does.
- A broker whose disk is full ends; its supervisor says so and starts it again, and with room all goes on by itself.
- What ingest accepted is kept. What it cannot keep is not accepted, and what is lost is said for each camera, counted,
  and carried by the heartbeat.
- Ingest says that its disk is full while there is time: in the heartbeat's status, and as an alarm of the site.
- Nothing else dies of it, and nothing is alarmed twice.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from canairy.messages.frame import Frame
from canairy.topics import ALERTS, FRAMES
from protos.canairy.v1 import alarm_service_pb2 as pb
from services.ingest.folder_memory import FILE_NAME
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import joint, just_now, push_all, request, submit
from tests.acceptance.helpers.site import LIMITS, SITE, asset, folder, pushed, simulated, tenths, write_png
from tests.acceptance.helpers.small_volume import SmallVolume, small_volume
from tests.acceptance.helpers.stack import RunningStack, read_json_lines, running
from tests.acceptance.helpers.waiting import until
from tests.helpers.frames import heated, scene

MIB = 1024 * 1024
SERVICES = ("ingest", "detection", "anomaly", "alerting")
STEADY = "sim-02"
PUSHED = ("told", "late", "kept", "refused", "through")


@dataclass
class Tight:
    """A stack whose broker and whose ingest have volumes of their own."""

    stack: RunningStack
    broker: SmallVolume
    ingest: SmallVolume
    inbox: Path

    def log(self, service: str) -> list[dict[str, Any]]:
        """What a service logged."""
        lines = read_json_lines(self.stack.data / "logs" / f"{service}.jsonl")
        return [json.loads(line) for line in lines if line.startswith("{")]

    def heartbeats(self) -> list[list[str]]:
        """The status of each heartbeat, in order."""
        events = [json.loads(record.value or b"{}") for record in self.stack.log.records(ALERTS)]
        return [event["data"]["status"] for event in events if event["type"].endswith("heartbeat.v1")]

    def dropped(self, camera: str, reason: str) -> float:
        """Messages of a camera that ingest lost."""
        return self.stack.metric("ingest", "canairy_ingest_dropped_total", camera=camera, reason=reason)

    def pids(self) -> dict[str, int]:
        """The four services as they run."""
        return {name: pid for name, pid in self.stack.file.pids.items() if name in SERVICES}


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tight]:
    place = tmp_path_factory.mktemp("tight")
    cameras = [
        simulated(STEADY, "cam-02", "ct-302", {"high_c": 90}),
        *(pushed(name, [asset(f"{name}-a", LIMITS)]) for name in PUSHED),
        folder("inbox", starts_at="2026-03-01T03:00:00Z"),
    ]
    site = {"site": {"id": SITE, "timezone": "Asia/Seoul"}, "cameras": cameras}
    (place / "inbox").mkdir()
    (place / "site.yaml").write_text(json.dumps(site), encoding="utf-8")
    with ExitStack() as open_now:
        broker = open_now.enter_context(small_volume(place / "data/kafka/data", 4096 * MIB))
        ingest = open_now.enter_context(small_volume(place / "spool", 96 * MIB))
        stack = open_now.enter_context(
            running(place / "site.yaml", place / "data", {STEADY}, CANAIRY_SPOOL_DIR=str(ingest.path))
        )
        yield Tight(stack, broker, ingest, place / "inbox")
    shutil.rmtree(place, ignore_errors=True)


def hot_file(inbox: Path, name: str) -> None:
    """A picture with something hot, as a camera's own software would leave it: whole at once."""
    even = scene(96, 128) + np.linspace(0.0, 4.0, 96, dtype=np.float32)[:, None]
    hidden = write_png(inbox / f".{name}.png", tenths(heated(even, 60, 40, 6, 65.0)))
    hidden.rename(inbox / f"{name}.png")


def raised(stack: RunningStack, camera: str) -> dict[str, Any]:
    """Push one frame over the limit, and wait for its alarm."""
    push_all(stack.ingest(), [request(camera, joint(90.0), just_now())])
    events = stack.until(lambda: stack.log.events(f"{camera}-a"), f"the alarm of {camera}")
    return events[0]


def test_a_broker_whose_disk_is_full_loses_no_alarm_and_goes_on_when_there_is_room(tight: Tight) -> None:
    stack = tight.stack
    alarm = raised(stack, "told")["data"]["alarm"]
    accepted = stack.alarms().Acknowledge(pb.AcknowledgeRequest(id=alarm, user="night shift"), timeout=30)
    assert accepted.outcome == pb.OUTCOME_ACCEPTED, accepted.reason
    stack.until(lambda: len(stack.log.events("told-a")) == 2, "the acknowledgement")
    before = tight.pids()

    tight.broker.fill()
    stack.until(lambda: "kafka died" in " ".join(stack.said), "the broker ending for want of room")
    # Taken in while there is no broker: it waits in the spool.
    push_all(stack.ingest(), [request("late", joint(90.0), just_now())])
    until(lambda: stack.metric("ingest", "canairy_ingest_broker_away") == 1, "ingest seeing it")
    deaths = len([line for line in stack.said if line.startswith("kafka died")])
    tight.broker.top_up()
    stack.until(
        lambda: len([line for line in stack.said if line.startswith("kafka died")]) > deaths,
        "its next start failing as well",
    )
    listed = stack.alarms().List(pb.ListRequest(), timeout=30)
    tight.broker.free()
    stack.until(lambda: stack.log.events("late-a"), "the alarm that waited in the spool")

    assert alarm in {it.id for it in listed.alarms}
    assert kinds(stack.log.events("told-a")) == ["high raised", "high acknowledged"]
    assert kinds(stack.log.events("late-a")) == ["high raised"]
    assert tight.pids() == before
    assert "No space left on device" in (stack.data / "kafka/kafka.log").read_text(errors="replace")
    assert not [line for line in stack.said if "died" in line and not line.startswith("kafka died")]
    stack.until(lambda: stack.metric("ingest", "canairy_ingest_spool_bytes") == 0, "an empty spool")
    assert tight.dropped("", "spool_full") == 0
    stack.until(lambda: tight.heartbeats()[-1:] == [[]], "a heartbeat of a site that is well")


def test_ingest_says_that_its_disk_is_full_and_works_on_while_the_broker_is_there(tight: Tight) -> None:
    stack = tight.stack
    before = tight.pids()

    tight.ingest.fill()
    (first,) = stack.until(lambda: site_events(stack), "the site's alarm")
    through = raised(stack, "through")
    tight.ingest.free()
    stack.until(lambda: len(site_events(stack)) == 2, "its return")

    assert kinds(site_events(stack)) == ["disk raised", "disk returned"]
    assert "disk of ingest full" in first["data"]["reason"]
    assert "free space" in first["data"]["response"]
    assert ["disk_full"] in tight.heartbeats()
    assert through["data"]["condition"] == "high"
    assert tight.pids() == before


def site_events(stack: RunningStack) -> list[dict[str, Any]]:
    return stack.log.events(SITE, "disk")


def test_what_the_spool_cannot_keep_is_not_accepted_and_said_for_each_camera(tight: Tight) -> None:
    stack = tight.stack
    kept = raised(stack, "kept")["data"]["alarm"]
    before = tight.pids()
    tight.ingest.fill()
    os.kill(stack.file.pids["kafka"], signal.SIGKILL)

    # Nobody starts the broker again meanwhile: the supervisor is not turned.
    until(lambda: tight.dropped(STEADY, "spool_failed") > 0, "frames that are lost")
    refused = refusal(stack)
    until(
        lambda: [line for line in tight.log("ingest") if "messages lost" in line["event"]], "ingest saying what it lost"
    )
    # A file can wait where it lies: none is lost, though nobody can take it.
    hot_file(tight.inbox, "waiting_1")
    stack.until(lambda: "kafka started again" in " ".join(stack.said), "the broker")
    stack.until(lambda: stack.log.events("waiting_1/find-1"), "the alarm of the file that waited")
    told = stack.until(
        lambda: [it for it in tight.heartbeats() if {"disk_full", "spool_dropped"} <= set(it)],
        "a heartbeat that says so",
    )
    # Whoever was refused sends again, and is heard.
    push_all(stack.ingest(), [request("refused", joint(90.0), just_now(10.0))])
    stack.until(lambda: stack.log.events("refused-a"), "the alarm of the frame that was sent again")
    tight.ingest.free()
    stack.until(lambda: tight.heartbeats()[-1:] == [[]], "a heartbeat of a site that is well")

    assert told
    assert refused.code() is grpc.StatusCode.UNAVAILABLE
    assert "send it again" in str(refused.details())
    lost = [line["lost"] for line in tight.log("ingest") if "messages lost" in line["event"]]
    assert all(any(camera in it for it in lost) for camera in (STEADY, "refused")), lost
    assert kinds(stack.log.events("kept-a")) == ["high raised"]
    assert kinds(stack.log.events("refused-a")) == ["high raised"]
    assert kept in {it.id for it in stack.alarms().List(pb.ListRequest(), timeout=30).alarms}
    assert tight.pids() == before


def refusal(stack: RunningStack) -> grpc.RpcError:
    """Push until a frame is refused: what fits into pages that the spool has already is rightly taken."""
    start = just_now()
    for number in range(500):
        try:
            submit(stack.ingest(), [request("refused", joint(90.0), start + number * timedelta(milliseconds=10))])
        except grpc.RpcError as error:
            return error
    raise AssertionError("a spool on a full disk took 500 frames")


def test_a_folder_that_cannot_be_remembered_is_read_again_and_judged_once(tight: Tight) -> None:
    stack = tight.stack
    hot_file(tight.inbox, "first_1")
    stack.until(lambda: stack.log.events("first_1/find-1"), "the alarm of a file")
    until(lambda: b"first_1.png" in remembered(tight), "the file being remembered")
    tight.ingest.fill()

    hot_file(tight.inbox, "second_2")
    stack.until(lambda: stack.log.events("second_2/find-1"), "the alarm of a file that cannot be remembered")
    until(lambda: [it for it in tight.log("ingest") if it["event"] == "file not remembered yet"], "ingest saying so")
    # It cannot start without room either, and says why.
    os.kill(stack.file.pids["ingest"], signal.SIGKILL)
    stack.until(
        lambda: [it for it in tight.log("ingest") if "its disk full?" in str(it.get("reason"))], "ingest saying why not"
    )
    tight.ingest.free()
    stack.until(lambda: "ingest started again" in stack.said[-1], "ingest, when there is room")
    stack.until(lambda: len(frames(stack, "second_2")) == 2, "the file that is read once more")
    hot_file(tight.inbox, "third_3")
    stack.until(lambda: stack.log.events("third_3/find-1"), "the alarm of the next file")

    first, again = frames(stack, "second_2")
    assert first == again
    assert len(frames(stack, "first_1")) == 1
    for name in ("first_1", "second_2", "third_3"):
        assert kinds(stack.log.events(f"{name}/find-1")) == ["hot_spot raised"]


def remembered(tight: Tight) -> set[bytes]:
    """The names of the files that ingest will not read again."""
    with closing(sqlite3.connect(f"file:{tight.ingest.path / FILE_NAME}?mode=ro", uri=True)) as database:
        return {name for (name,) in database.execute("SELECT name FROM done")}


def frames(stack: RunningStack, view: str) -> list[str]:
    """The identifiers of a view's frames."""
    headers = [Frame.decode(record.value or b"").header for record in stack.log.records(FRAMES, "inbox")]
    return [header.frame for header in headers if header.view == view]
