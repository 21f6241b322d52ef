"""Ingest: folders, simulated cameras and pushed frames; what it says of each camera, and the canary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np

from canairy import topics
from canairy.messages.camera import CameraState, CameraStatus
from canairy.messages.frame import Frame
from canairy.messages.header import TIME_ASSIGNED, FrameHeader
from tests.acceptance.helpers.push import backdrop, just_now, push_all, request
from tests.acceptance.helpers.stack import RunningStack

SECOND = timedelta(seconds=1)
RECORDED_FROM = datetime(2026, 3, 1, 3, tzinfo=UTC)


def statuses(stack: RunningStack, camera: str) -> list[CameraStatus]:
    return [CameraStatus.decode(record.value or b"") for record in stack.log.records(topics.CAMERAS, camera)]


def in_state(stack: RunningStack, camera: str, state: CameraState) -> CameraStatus:
    """The first word of a camera in this state."""
    found = stack.until(
        lambda: [status for status in statuses(stack, camera) if status.state is state], f"{camera} {state.name}"
    )
    return found[0]


def headers(stack: RunningStack, camera: str) -> list[FrameHeader]:
    return [Frame.decode(record.value or b"").header for record in stack.log.records(topics.FRAMES, camera)]


def test_each_file_of_a_folder_is_a_frame_of_its_own_view_with_its_time_by_the_rule(stack: RunningStack) -> None:
    in_state(stack, "recordings", CameraState.FINISHED)
    stack.until(lambda: len(headers(stack, "recordings")) == 4, "the good files")

    found = headers(stack, "recordings")
    assert [it.view for it in found] == ["rec_1", "rec_2", "rec_4", "rec_8"]
    # The start that the site file gives, plus the file's place in the folder over the rate; said to be counted.
    assert [it.captured_at for it in found] == [RECORDED_FROM + n * SECOND for n in (0, 1, 3, 7)]
    assert {it.flags for it in found} == {(TIME_ASSIGNED,)}
    assert not any(it.live for it in found)


def test_bad_files_are_dead_letters_by_name_and_their_neighbours_are_unharmed(stack: RunningStack) -> None:
    in_state(stack, "recordings", CameraState.FINISHED)
    stack.until(lambda: len(stack.log.records(topics.dead_letters(topics.FRAMES), "recordings")) == 4, "the letters")

    letters = stack.log.records(topics.dead_letters(topics.FRAMES), "recordings")
    reasons = {it.headers["dlq-file"].decode(): it.headers["dlq-reason"].decode() for it in letters}
    assert reasons.keys() == {"rec_3_broken.png", "rec_5_cut.png", "rec_6_wide.png", "rec_7_huge.png"}
    assert "damaged: the checksum" in reasons["rec_3_broken.png"]
    assert "truncated" in reasons["rec_5_cut.png"]
    assert "5000x1 pixels: sides must be 1 to 4096" in reasons["rec_6_wide.png"]
    assert "2400x2400 pixels pack to" in reasons["rec_7_huge.png"]
    assert {it.headers["dlq-service"] for it in letters} == {b"ingest"}
    assert all(it.headers["traceparent"] for it in letters)
    detected = stack.until(lambda: stack.log.records(topics.DETECTIONS, "recordings")[3:], "all detections")
    assert len(detected) == 1


def test_a_hot_spot_in_a_file_is_an_alarm_at_the_time_of_its_picture(stack: RunningStack) -> None:
    event = stack.until(lambda: stack.log.events("rec_2/find-1"), "the alarm")[0]

    assert datetime.fromisoformat(event["time"]) == RECORDED_FROM + SECOND
    assert event["data"]["flags"] == [TIME_ASSIGNED]


def test_a_camera_that_repeats_its_picture_to_the_bit_is_frozen(stack: RunningStack) -> None:
    start = just_now()

    push_all(stack.ingest(), [request("frozen", backdrop(), start + number * SECOND) for number in range(5)])

    status = in_state(stack, "frozen", CameraState.FROZEN)
    assert status.reason == "frozen: the last 5 frames are the same to the bit. Restart it"
    event = stack.until(lambda: stack.log.events("frozen", "coverage"), "the coverage alarm")[-1]
    assert event["data"]["camera"] == "frozen"


def test_a_pushed_camera_that_shows_nothing_is_black(stack: RunningStack) -> None:
    start = just_now()
    flat = [np.full((128, 160), 20.0 + number, np.float32) for number in range(3)]

    push_all(stack.ingest(), [request("black", picture, start + n * SECOND) for n, picture in enumerate(flat)])

    assert "shows nothing: pixels within 0.00 K in 3 frames" in in_state(stack, "black", CameraState.BLACK).reason


def test_a_recording_that_shows_nothing_is_black_and_never_silent(stack: RunningStack) -> None:
    in_state(stack, "shutter", CameraState.BLACK)
    in_state(stack, "shutter", CameraState.FINISHED)

    assert CameraState.SILENT not in {status.state for status in statuses(stack, "shutter")}


def test_each_camera_says_every_few_seconds_how_it_is(stack: RunningStack) -> None:
    stack.until(lambda: len(statuses(stack, "sim-01")) >= 4, "four words of a camera")

    told = statuses(stack, "sim-01")
    assert 4.5 < median((after.at - before.at).total_seconds() for before, after in pairwise(told)) < 10
    assert {status.state for status in told[1:]} == {CameraState.LIVE}
    assert [status.frames for status in told] == sorted(status.frames for status in told)
    assert told[-1].last_frame_at is not None
    assert {record.key for record in stack.log.records(topics.CAMERAS)} >= {"sim-03", "recordings", "limits"}


def test_the_canary_walks_the_whole_way_and_tail_hides_it(stack: RunningStack) -> None:
    event = stack.until(lambda: stack.log.events("_canary"), "a heartbeat")[0]

    frame = event["data"]["frame"]
    ways = (topics.FRAMES, topics.DETECTIONS, topics.READINGS)
    stack.until(lambda: all(stack.log.records(topic, "_canary") for topic in ways), "the canary on its way")
    sent = [Frame.decode(record.value or b"").header.frame for record in stack.log.records(topics.FRAMES, "_canary")]
    assert frame in sent
    # Hidden: `test_an_operator_reads_one_line_an_event` reads the operator's lines and finds no heartbeat.
    assert event["type"] == "io.canairy.alarm.heartbeat.v1"
