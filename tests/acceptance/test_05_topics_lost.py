"""Topics that lose what they held: deleted, overtaken by retention, a state that cannot be read, or is gone.

The rules. A service says which topic it misses and goes on by itself when the topic is there again. An offset that is
out of range is counted, logged with what is missing, told by the site's heartbeat, and an alarm of the site. A point
whose newest state cannot be read begins afresh, and so does a judge without any state: that errs to the safe side,
for what stands over its limit is raised anew by the next reading and waits for an acknowledgement, and nothing counts
as acknowledged that nobody acknowledged. Both are an alarm of the site. What was told before is still on
thermal.alerts; of such an older alarm no return will come.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import pytest
from kafka.structs import TopicPartition

from canairy import alerts, topics
from canairy.stream import schema
from canairy.stream.broker import Outgoing
from deploy.local.topics import open_admin, prepare_topics
from protos.canairy.v1 import alarm_service_pb2 as pb
from tests.acceptance.helpers.alarms import shown
from tests.acceptance.helpers.log import kinds
from tests.acceptance.helpers.push import joint, just_now, push_all, request
from tests.acceptance.helpers.site import LIMITS, SITE, asset, pushed
from tests.acceptance.helpers.spoken import spoken
from tests.acceptance.helpers.stack import SHARE, RunningStack, running
from tests.acceptance.helpers.waiting import nothing, until
from tests.contract.record import recorded

SECOND: Final = timedelta(seconds=1)
CAMERAS: Final = ("damaged", "neighbour", "older", "overtaken", "deleted", "forgotten")
OUT_OF_RANGE: Final = "canairy_offset_out_of_range_total"
INVALID: Final = "canairy_messages_invalid_total"


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose topics may be hurt."""
    place = tmp_path_factory.mktemp("lossy")
    site = {"site": {"id": SITE}, "cameras": [pushed(name, [asset(f"{name}-a", LIMITS)]) for name in CAMERAS]}
    (place / "site.yaml").write_text(json.dumps(site), encoding="utf-8")
    with running(place / "site.yaml", place / "data") as up:
        yield up
    shutil.rmtree(place, ignore_errors=True)


def show(stack: RunningStack, camera: str, at: datetime, celsius: float, events: int) -> list[str]:
    """Push one frame, wait for so many events of the camera's asset in all, and return what they were."""
    push_all(stack.ingest(), [request(camera, joint(celsius), at)])
    stack.until(lambda: len(stack.log.events(f"{camera}-a")) >= events, f"event {events} of {camera}")
    return kinds(stack.log.events(f"{camera}-a"))


def acknowledge(stack: RunningStack, camera: str, events: int) -> str:
    """Acknowledge the newest alarm of the camera's asset, and wait for so many events of it in all."""
    alarm: str = stack.log.events(f"{camera}-a")[-1]["data"]["alarm"]
    stack.until(lambda: shown(stack, alarm, 1), "the alarm on the list")
    answer = stack.alarms().Acknowledge(pb.AcknowledgeRequest(id=alarm, user="night shift"), timeout=60)
    assert answer.outcome == pb.OUTCOME_ACCEPTED
    stack.until(lambda: len(stack.log.events(f"{camera}-a")) >= events, "the acknowledgement")
    return alarm


def kill(stack: RunningStack, service: str) -> None:
    """Let it die and start again, and wait until it is at work."""
    begun = len(spoken(stack.data, service, "partitions taken over"))
    os.kill(stack.file.pids[service], signal.SIGKILL)
    stack.until(lambda: len(spoken(stack.data, service, "partitions taken over")) > begun, f"{service} at work again")


def told(stack: RunningStack, flag: str) -> bool:
    """Whether a heartbeat of this stack has this in its status, and the site an alarm of it."""
    events = [json.loads(record.value or b"{}") for record in stack.log.records(topics.ALERTS)]
    beaten = any(flag in it["data"].get("status", []) for it in events if it["type"] == alerts.HEARTBEAT)
    return beaten and f"{flag} raised" in kinds(stack.log.events(SITE, flag))


def test_a_state_that_cannot_be_read_begins_afresh_and_its_neighbours_are_unharmed(lossy: RunningStack) -> None:
    start = just_now()
    for camera in ("damaged", "neighbour"):
        show(lossy, camera, start, 90.0, 1)
    before = {camera: acknowledge(lossy, camera, 2) for camera in ("damaged", "neighbour")}

    lossy.write(Outgoing(topics.STATE, "damaged-a", b"\xff no state", schema.header("PointState"), partition=0))
    kill(lossy, "alerting")
    damaged = show(lossy, "damaged", start + SECOND, 90.0, 3)
    neighbour = show(lossy, "neighbour", start + SECOND, 20.0, 3)

    assert damaged == ["high raised", "high acknowledged", "high raised"]
    assert lossy.log.events("damaged-a")[-1]["data"]["alarm"] != before["damaged"]
    assert lossy.log.events("damaged-a")[-1]["data"]["state"] == "unacknowledged"
    # The other one stood acknowledged all the time and has returned.
    assert neighbour == ["high raised", "high acknowledged", "high returned"]
    assert lossy.log.events("neighbour-a")[-1]["data"]["alarm"] == before["neighbour"]
    assert lossy.metric("alerting", INVALID, topic=topics.STATE) == 1
    assert [line["key"] for line in spoken(lossy.data, "alerting", "state record skipped")] == ["damaged-a"]
    lossy.until(lambda: told(lossy, "state_lost"), "a heartbeat and an alarm that say so")


def test_an_alarm_of_the_release_before_is_known_and_returns(lossy: RunningStack) -> None:
    state = recorded("0.1", "PointState")

    lossy.write(Outgoing(topics.STATE, "older-a", state, schema.header("PointState"), partition=0))
    kill(lossy, "alerting")
    known = lossy.until(lambda: shown(lossy, "0f1e2d3c4b5a", 1), "the alarm of the older release on the list")
    events = show(lossy, "older", just_now(), 20.0, 1)

    assert (known.asset, known.condition, known.acknowledged_by) == ("older-a", "high", "night shift")
    assert events == ["high returned"]
    assert lossy.log.events("older-a")[0]["data"]["alarm"] == known.id
    assert lossy.log.events("older-a")[0]["data"]["version"] == known.version + 1


def test_frames_that_retention_took_first_are_counted_and_told_and_the_next_are_judged(lossy: RunningStack) -> None:
    start = just_now()
    push_all(lossy.ingest(), [request("overtaken", joint(20.0), start)])
    lossy.until(lambda: lossy.log.records(topics.READINGS, "overtaken-a"), "a reading")
    partition = lossy.log.records(topics.FRAMES, "overtaken")[0].partition

    os.kill(lossy.file.pids["detection"], signal.SIGKILL)
    # Nobody starts it again meanwhile: the supervisor is not turned.
    push_all(
        lossy.ingest(),
        [request("overtaken", joint(c), start + n * SECOND) for n, c in enumerate((30.0, 40.0, 90.0), 1)],
    )
    last = until(lambda: written(lossy, "overtaken", 4), "the frames on the topic")[-1]
    with open_admin(lossy.kafka) as admin:
        admin.delete_records({TopicPartition(topics.FRAMES, partition): last})
    lossy.until(lambda: lossy.log.events("overtaken-a"), "the alarm of the frame that was left")

    assert kinds(lossy.log.events("overtaken-a")) == ["high raised"]
    assert lossy.metric("detection", OUT_OF_RANGE, topic=topics.FRAMES) >= 1
    (trouble,) = spoken(lossy.data, "detection", "trouble")
    assert trouble["level"] == "error"
    assert "messages were deleted before they were read" in trouble["reason"]
    assert trouble["reason"].startswith(f"{topics.FRAMES}/{partition}: ")
    lossy.until(lambda: told(lossy, "offset_out_of_range"), "a heartbeat and an alarm that say so")


def written(stack: RunningStack, camera: str, count: int) -> list[int]:
    offsets = [record.offset for record in stack.log.records(topics.FRAMES, camera)]
    return offsets if len(offsets) >= count else []


def test_a_judge_whose_state_is_gone_says_so_and_raises_anew_what_stands(lossy: RunningStack) -> None:
    start = just_now()
    show(lossy, "forgotten", start, 90.0, 1)
    before = acknowledge(lossy, "forgotten", 2)

    os.kill(lossy.file.pids["alerting"], signal.SIGKILL)
    make_anew(lossy, topics.STATE)
    events = show(lossy, "forgotten", start + SECOND, 91.0, 3)

    assert events == ["high raised", "high acknowledged", "high raised"]
    assert lossy.log.events("forgotten-a")[-1]["data"]["alarm"] != before
    (trouble,) = [it for it in spoken(lossy.data, "alerting", "trouble") if "is empty" in it["reason"]]
    assert trouble["reason"].startswith(f"{topics.STATE} is empty, and readings before ")
    assert trouble["trouble"] == "state_lost"


def make_anew(stack: RunningStack, topic: str, meanwhile: Callable[[], object] = nothing) -> None:
    """Delete a topic and make it again, as the operator's step does; `meanwhile` happens while it is missing."""
    with open_admin(stack.kafka) as admin:
        admin.delete_topics([topic])
        until(lambda: topic not in admin.list_topics(), "the end of the topic")
        meanwhile()
        prepare_topics(admin, topics.ALL_TOPICS, SHARE)


# The topic, and who writes to it and is held up.
HELD_UP: Final = {
    topics.FRAMES: "ingest",
    topics.DETECTIONS: "detection",
    topics.READINGS: "anomaly",
    topics.ALERTS: "alerting",
    topics.STATE: "alerting",
}


@pytest.mark.parametrize("topic", list(HELD_UP))
def test_whoever_writes_to_a_topic_that_was_deleted_says_so_and_goes_on_when_it_is_there_again(
    lossy: RunningStack, topic: str
) -> None:
    service = HELD_UP[topic]
    before, start = len(alarm_events(lossy)), just_now(60 - 4 * list(HELD_UP).index(topic))
    pids, said = dict(lossy.file.pids), len(spoken(lossy.data, service))

    def hold_up() -> None:
        push_all(lossy.ingest(), [request("deleted", joint(90.0), start)])
        lossy.until(
            lambda: [it for it in spoken(lossy.data, service)[said:] if topic in str(it.get("reason"))],
            f"{service} saying that it is held up, and by which topic",
        )

    make_anew(lossy, topic, hold_up)
    push_all(lossy.ingest(), [request("deleted", joint(20.0), start + SECOND)])
    lossy.until(lambda: len(alarm_events(lossy)) >= before + 2, "the alarm of the frame that was held up, and its end")

    assert alarm_events(lossy)[before:] == [("high raised", start), ("high returned", start + SECOND)]
    assert lossy.file.pids == pids


def alarm_events(stack: RunningStack) -> list[tuple[str, datetime]]:
    """What happened to the alarms of the camera whose topics are deleted: each once, as a reader knows repeats."""
    events = {event["id"]: event for event in stack.log.events("deleted-a")}.values()
    return [(kinds([it])[0], datetime.fromisoformat(it["data"]["captured_at"])) for it in events]
