"""A camera whose messages are bad again and again is quarantined and alarmed; no other camera is harmed."""

from __future__ import annotations

from datetime import datetime, timedelta

from canairy import topics
from canairy.messages.camera import CameraState, CameraStatus
from canairy.stream.broker import Received
from tests.acceptance.helpers.log import Event, kinds
from tests.acceptance.helpers.push import backdrop, joint, just_now, push_all, request
from tests.acceptance.helpers.stack import RunningStack
from tests.acceptance.helpers.written import frame, record, written

SECOND = timedelta(seconds=1)


def test_many_bad_frames_of_one_camera_quarantine_it_and_nobody_else(stack: RunningStack) -> None:
    # It is well before: the alarm for its silence since the start, if there was one, is over.
    push_all(stack.ingest(), [request("quarantined", backdrop(), just_now(0.1))])
    stack.until(lambda: not standing(stack), "the camera back")
    start = just_now()
    cut = frame("quarantined", start).encode()[:-100]
    bad = [record("quarantined", cut) for _ in range(12)]
    good = [written("bystander", start + n * SECOND, joint(c)) for n, c in enumerate((90.0, 20.0))]

    stack.write(good[0], *bad, written("quarantined", start), good[1])
    letters = stack.until(lambda: of_camera(stack, 13), "the dead letters")
    quarantined = stack.until(lambda: said(stack), "the camera's status")[0]
    event = stack.until(lambda: alarmed(stack), "the alarm")

    # Ten within a minute are too many; what comes after is put aside unseen, good or bad.
    assert [letter.headers["dlq-kind"] for letter in letters] == [b"invalid"] * 10 + [b"quarantined"] * 3
    assert quarantined.reason.startswith("quarantined: quarantined by detection, too many bad messages (last: ")
    assert stack.metric("detection", "canairy_quarantined_keys") == 1
    assert event["data"]["reason"].startswith("camera quarantined: quarantined by detection, too many bad messages")
    assert datetime.fromisoformat(event["time"]) == quarantined.since
    stack.until(lambda: len(stack.log.events("bystander-a")) >= 2, "the neighbour's alarm and its return")
    assert kinds(stack.log.events("bystander-a")) == ["high raised", "high returned"]
    assert stack.log.records(topics.dead_letters(topics.FRAMES), "bystander") == []


def standing(stack: RunningStack) -> bool:
    events = kinds(stack.log.events("quarantined", "coverage"))
    return bool(events) and events[-1] == "coverage raised"


def of_camera(stack: RunningStack, count: int) -> list[Received]:
    letters = stack.log.records(topics.dead_letters(topics.FRAMES), "quarantined")
    return letters if len(letters) >= count else []


def said(stack: RunningStack) -> list[CameraStatus]:
    told = [CameraStatus.decode(it.value or b"") for it in stack.log.records(topics.CAMERAS, "quarantined")]
    return [status for status in told if status.state is CameraState.QUARANTINED]


def alarmed(stack: RunningStack) -> Event:
    events = stack.log.events("quarantined", "coverage")
    return next((event for event in events if "quarantined by" in event["data"]["reason"]), {})
